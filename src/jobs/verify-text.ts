import { type Tokenizer, validationStarts } from '../data/index.js'
import type { BaseConfig } from '../families/config.js'
import { openCorpus } from '../files/corpus-files.js'
import { type Sequences, sequenceShape } from '../prune/compare-predictions.js'
import { InputError } from '../safetensors/index.js'
import { namedOnly } from './own-tokenizer.js'
import { partOf } from './searched-eval.js'
import { loadModelTokenizer } from './searched-text.js'

/**
 * Sequences of a text, spread evenly over all of it, to compare a ticket with its target on.
 * @param request.tokenizer the model's own, or the name of one whose tokens the model has
 * @throws InputError when the text cannot be read or has fewer than two tokens; RangeError for a tokenizer that does not fit
 */
export async function textSequences(request: {
  data: string
  tokenizer?: string | Tokenizer | undefined
  config: BaseConfig
  signal?: AbortSignal | undefined
}): Promise<{ sequences: Sequences; warnings: readonly string[] }> {
  const { data, config, tokenizer: given, signal } = request
  const model = { path: data, ...namedOnly(null), config }
  const tokenizer = typeof given === 'object' ? given : await loadModelTokenizer(model, given)
  const corpus = await openCorpus({ data, tokenizer, signal })
  const text = partOf(corpus, 'all')
  const shape = sequenceShape(config)
  const length = Math.min(shape.length, text.length - 1)
  if (length < 1) throw new InputError(`${data}: fewer than two tokens, which are needed to compare predictions`)
  const starts = validationStarts(text.length, length, shape.batch)
  const tokens = new Int32Array(starts.length * length)
  for (const [i, start] of starts.entries()) tokens.set(text.subarray(start, start + length), i * length)
  return { sequences: { tokens, batch: starts.length, length }, warnings: corpus.warnings }
}
