import { type TokenizerName, tokenizerNames } from '../data/index.js'
import { LETTERS } from '../data/letter-tokenizer.js'
import type { Family } from '../families/index.js'
import { ticketTokenizers } from '../ticket/searched.js'

/** Most tokens that a model has more than its tokenizer: padding to a multiple of 1,024, or tokens added behind it. */
export const MOST_PADDING = 1023

/**
 * Those of our tokenizers that a model of so many tokens was probably made for: GPT-2's, of whose models some are padded by up to
 * {@link MOST_PADDING}, and bytes, to which a model adds one token at most.
 */
export const fittingTokenizers = (vocabulary: number): TokenizerName[] =>
  tokenizerNames.filter((name) => {
    const more = vocabulary - ticketTokenizers[name]
    return more >= 0 && more <= (name === 'bytes' ? 1 : MOST_PADDING)
  })

/**
 * Why no text can be read for a model that names no tokenizer, and what helps: the end of a line that begins with its path.
 * @param vocabulary V of the model
 * @param task of its family: an encoder does not run on tokens alone
 */
export const missingTokenizer = (vocabulary: number, task?: Family['task']): string =>
  `names no tokenizer; ${tokenizerAdvice(vocabulary, task)}; --tokenizer <folder> takes a folder's tokenizer.json, for a pruned ticket its target's`

/** Which `--tokenizer` has a model's tokens, or what runs it where none has. */
export function tokenizerAdvice(vocabulary: number, task: Family['task'] = 'causal'): string {
  const [name] = fittingTokenizers(vocabulary)
  const tokens = `the model's ${vocabulary.toLocaleString('en-US')} tokens`
  if (name === undefined) {
    if (task === 'encoder') return `neither ${tokenizerNames.join(' nor ')} has ${tokens}`
    const last = LETTERS[vocabulary - 1]
    const taken = last === undefined ? 'token numbers' : `letters from A to ${last}, or token numbers`
    return `neither ${tokenizerNames.join(' nor ')} has ${tokens} (slt run --tokens takes ${taken})`
  }
  const own = ticketTokenizers[name]
  return own === vocabulary
    ? `--tokenizer ${name} has ${tokens}`
    : `--tokenizer ${name} has ${own.toLocaleString('en-US')} of ${tokens}`
}
