/** How far a model predicts from what its target predicts, on text that the target writes or on any other. */

import type { BaseConfig } from '../families/config.js'
import { paddedLength } from '../families/generate.js'
import type { LanguageModel } from '../families/language-model.js'
import { largestIndex, sampleToken } from '../families/sampling.js'
import { fillWords, type Seed } from '../random/index.js'
import { type Quantiles, quantilesOf } from './quantiles.js'

/** The stream of a target's samples: above those of weights, beside that of random inputs (2^51). */
const SAMPLE_STREAM = 2 ** 51 + 1

/** Token sequences of one length. */
export interface Sequences {
  /** [B, T] */
  readonly tokens: Int32Array
  /** B */
  readonly batch: number
  /** T */
  readonly length: number
}

/** What was found at the B T positions of some sequences. */
export interface PredictionDifference {
  /** Mean KL(target || model) in nats a token: by so much the model's loss exceeds the target's on text of the target's. */
  readonly divergence: number
  /** The divergences of single positions. */
  readonly quantiles: Quantiles
  /** Share of the positions, 0 to 1, at which both take the same token for the most likely one. */
  readonly sameGreedy: number
  /** Largest |difference| of two logits. */
  readonly largest: number
  /** Standard deviation of the target's logits about the mean of their position. */
  readonly spread: number
}

/**
 * How many sequences a model is compared on, and how long: up to 2,048 tokens for a narrow one, 256 for a wide one, whose literal
 * ticket takes seconds a layer.
 */
export const sequenceShape = ({ width, positions }: BaseConfig): { batch: number; length: number } => ({
  batch: width <= 128 ? 64 : 8,
  length: Math.min(positions, 32),
})

/** Random texts for an encoder, which writes none: token t of text b is word b T + t of stream 2^51 + 1, modulo the vocabulary. */
export function randomSequences(config: BaseConfig, seed: Seed): Sequences {
  const { batch, length } = sequenceShape(config)
  const words = new Uint32Array(batch * length)
  fillWords(seed, SAMPLE_STREAM, 0, words)
  return { tokens: Int32Array.from(words, (word) => word % config.vocabulary), batch, length }
}

/**
 * Sequences that a model writes at temperature 1. Sequence b goes on from 1 + (b mod ceil(T / 2)) tokens that are drawn uniformly: a
 * model that is sure of its tokens would write the same text again and again. Token t of sequence b reads word b T + t of
 * stream 2^51 + 1.
 */
export async function sampleSequences(model: LanguageModel, seed: Seed): Promise<Sequences> {
  const { vocabulary: V, positions } = model.config
  const { batch: B, length: T } = sequenceShape(model.config)
  const words = new Uint32Array(B * T)
  fillWords(seed, SAMPLE_STREAM, 0, words)
  const tokens = new Int32Array(B * T)
  const given = (b: number) => 1 + (b % Math.ceil(T / 2))
  for (let b = 0; b < B; b++) for (let t = 0; t < given(b); t++) tokens[b * T + t] = words[b * T + t] % V
  for (let t = 1; t < T; t++) {
    const read = Math.min(paddedLength(t, positions), T) // few lengths, so few graphs; what is not written yet is unseen
    const context = new Int32Array(B * read)
    for (let b = 0; b < B; b++) context.set(tokens.subarray(b * T, b * T + read), b * read)
    const logits = await model.logits(context, B, read) // [B, read, V]
    for (let b = 0; b < B; b++) {
      if (t < given(b)) continue
      const start = (b * read + t - 1) * V
      tokens[b * T + t] = sampleToken(logits.subarray(start, start + V), { temperature: 1 }, words[b * T + t])
    }
  }
  return { tokens, batch: B, length: T }
}

/** Runs both models over the sequences. Where logits are not finite the numbers are not either. */
export async function comparePredictions(
  target: LanguageModel,
  model: LanguageModel,
  { tokens, batch, length }: Sequences,
): Promise<PredictionDifference> {
  const { vocabulary: V } = target.config
  const wanted = await target.logits(tokens, batch, length) // [B, T, V]
  const found = await model.logits(tokens, batch, length)
  const positions = batch * length
  const divergences = new Float64Array(positions)
  let [same, largest, squares] = [0, 0, 0]
  for (let position = 0; position < positions; position++) {
    const p = wanted.subarray(position * V, (position + 1) * V)
    const q = found.subarray(position * V, (position + 1) * V)
    divergences[position] = Math.max(0, klDivergence(p, q)) // rounding may leave less than 0
    if (largestIndex(p) === largestIndex(q)) same++
    const mean = p.reduce((sum, logit) => sum + logit, 0) / V
    for (let i = 0; i < V; i++) {
      largest = Math.max(largest, Math.abs(p[i] - q[i]))
      squares += (p[i] - mean) ** 2
    }
  }
  return {
    divergence: divergences.reduce((sum, one) => sum + one, 0) / positions,
    quantiles: quantilesOf(divergences),
    sameGreedy: same / positions,
    largest,
    spread: Math.sqrt(squares / (positions * V)),
  }
}

/** KL(softmax(p) || softmax(q)) = sum_i softmax(p)_i (p_i - q_i) - log sum_i exp p_i + log sum_i exp q_i, in float64 nats. */
function klDivergence(p: Float32Array, q: Float32Array): number {
  const [ofP, ofQ] = [logSumExp(p), logSumExp(q)]
  let mean = 0
  for (let i = 0; i < p.length; i++) mean += Math.exp(p[i] - ofP) * (p[i] - q[i])
  return mean - ofP + ofQ
}

function logSumExp(logits: Float32Array): number {
  const most = logits[largestIndex(logits)]
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - most)
  return most + Math.log(sum)
}
