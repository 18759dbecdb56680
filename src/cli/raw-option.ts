import { Option } from 'commander'

/** The option `--raw`, of every command that reads a text. */
export function rawOption(): Option {
  return new Option(
    '--raw',
    'with --tokenizer bytes: read the bytes of any file as they are (else gzip is unpacked, UTF-16 read by its mark, and what is no text refused)',
  )
}
