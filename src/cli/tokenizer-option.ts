import { Option } from 'commander'

/**
 * The option `--tokenizer <t>` of commands that read a text for a model: `bytes`, `gpt2`, a folder with a `tokenizer.json`, or a GGUF file.
 * @param condition for which models, or what is taken without it
 */
export const tokenizerOption = (condition = "(default: the ticket's or the folder's)"): Option =>
  new Option('--tokenizer <t>', `bytes, gpt2, a folder with a tokenizer.json or a GGUF file ${condition}`)
