import { Option } from 'commander'

/**
 * The option `--raw`, of every command that reads a text.
 * @param condition when the command reads a text as bytes, which the option needs
 */
export function rawOption(condition = 'with --tokenizer bytes: '): Option {
  return new Option(
    '--raw',
    `${condition}read the bytes of any file as they are (else gzip is unpacked, UTF-16 read by its mark, and what is no text refused)`,
  )
}
