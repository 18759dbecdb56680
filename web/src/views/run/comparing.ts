/** An encoder that compares two texts, in a worker. */
import type { Tokenizer } from '../../../../src/data/index.js'
import type { FolderTokenizer } from '../../../../src/interop/folder-tokenizer.js'
import type { RunningModel } from './running-model.js'
import { type SeenAttention, seenAttention } from './writing.js'

/** Two texts, as an encoder sees them. */
export interface Compared {
  /** Cosine of the means of the texts' last hidden states, -1 to 1. */
  readonly similarity: number
  /** Of each text, how many tokens were read and how many were left out at its end. */
  readonly read: readonly { readonly tokens: number; readonly left: number }[]
  /** Attention in the first text. */
  readonly attention: SeenAttention
}

/**
 * The tokens that an encoder reads of a text: the first that there is room for, with those that the tokenizer puts around it.
 * @param positions at least one, and as many as those around it
 */
export function encoderTokens(
  tokenizer: Tokenizer,
  text: string,
  positions: number,
): { tokens: number[]; left: number } {
  const { before = [], after = [] } = tokenizer as Partial<FolderTokenizer>
  const own = tokenizer.encode(text)
  const room = Math.max(0, positions - before.length - after.length)
  const tokens = [...before, ...own.subarray(0, room), ...after]
  return { tokens: tokens.length > 0 ? tokens : [tokenizer.documentEnd], left: Math.max(0, own.length - room) }
}

/** Compares two texts by the means of their tokens' hidden states. */
export async function compareTexts(
  running: RunningModel,
  tokenizer: Tokenizer,
  texts: readonly [string, string],
): Promise<Compared> {
  const { model } = running
  const { positions, width } = model.config
  const means: Float64Array[] = []
  const read: { tokens: number; left: number }[] = []
  let first: number[] = []
  for (const text of texts) {
    const { tokens, left } = encoderTokens(tokenizer, text, positions)
    const hidden = await model.hidden(Int32Array.from(tokens), 1, tokens.length) // [1, T, d]
    means.push(meanOfRows(hidden, width))
    read.push({ tokens: tokens.length, left })
    if (means.length === 1) first = tokens
  }
  return {
    similarity: cosine(means[0], means[1]),
    read,
    attention: await seenAttention(running, tokenizer, first),
  }
}

function meanOfRows(values: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width)
  const rows = values.length / width
  for (let i = 0; i < values.length; i++) mean[i % width] += values[i] / rows
  return mean
}

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i], 0)
  const length = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))
  return dot / (length(a) * length(b))
}
