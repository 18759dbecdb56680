import { type TokenizerName, tokenizerNames } from '../data/index.js'
import { ticketTokenizers } from '../ticket/searched.js'
import type { ModelSource } from './model-source.js'

/** What is known of a model's tokenizer where it is none of ours. */
export type Nameless = Pick<ModelSource, 'hasOtherTokenizer'> & { readonly vocabulary: number }

/** Those of our tokenizers that have as many tokens as a model. */
export const fittingTokenizers = (vocabulary: number): TokenizerName[] =>
  tokenizerNames.filter((name) => ticketTokenizers[name] === vocabulary)

/** Why no text can be read for a model, and what helps: the end of a line that begins with its path. */
export function missingTokenizer({ hasOtherTokenizer, vocabulary }: Nameless): string {
  const why = hasOtherTokenizer
    ? "its tokenizer.json is neither bytes nor GPT-2's, which are the ones read"
    : 'names no tokenizer'
  return `${why}; ${tokenizerAdvice(vocabulary)}`
}

/** Which `--tokenizer` has a model's tokens, or what runs it where none has. */
export function tokenizerAdvice(vocabulary: number): string {
  const [name] = fittingTokenizers(vocabulary)
  const tokens = `the model's ${vocabulary.toLocaleString('en-US')} tokens`
  return name === undefined
    ? `neither ${tokenizerNames.join(' nor ')} has ${tokens} (slt run --tokens takes token numbers)`
    : `--tokenizer ${name} has ${tokens}`
}
