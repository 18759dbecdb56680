/** Attention of a pruned causal model that keeps what its heads have read, so that a further token costs one pass of that token. */
import { float32, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { type Decoder, firstContext, nextContext, paddedLength } from './generate.js'
import type { AttentionPass, PairAttention } from './pair-attention.js'
import { linearPiece } from './pair-pieces.js'
import type { PairPlan } from './pair-plan.js'
import type { AttentionSpec } from './port.js'
import { type Rotation, rotationOf } from './rotary.js'

/** What the attentions of a model have read of one text. */
export interface PairCache {
  /** Tokens read, from position 0; a pass reads those that follow. */
  length: number
  /** Attention of the tokens that follow, of one text. They are kept, and counted when `length` is raised. */
  attention(pass: AttentionPass): PairAttention
}

/** What one attention keeps: rows of positions, with room for P of them, which grows with the text. */
interface Kept {
  /** What it reads, [P, d]. */
  x: Float32Array
  /** Keys of its key heads, turned by their positions, [P, K D]: of a factored attention. */
  keys: Float32Array
}

/**
 * A decoder of a pruned causal model that keeps what its heads have read; see {@link createPairCache}. A text is read in one pass, its length
 * padded to a power of two so that few graphs are built.
 * @param extend reads tokens that follow those of a cache; gives the logits of the token after number `last` of them
 */
export function createPairDecoder(
  config: BaseConfig,
  extend: (tokens: Int32Array, cache: PairCache, last: number) => Promise<Float32Array>,
): Decoder {
  const { positions } = config
  const cache = createPairCache()
  let text: number[] = []
  const read = async (tokens: readonly number[]): Promise<Float32Array> => {
    if (tokens.length === 0) throw new RangeError('"tokens" expected at least one token')
    const kept = firstContext(tokens, positions)
    const padded = new Int32Array(paddedLength(kept.length, positions))
    padded.set(kept)
    cache.length = 0
    text = []
    const logits = await extend(padded, cache, kept.length - 1)
    cache.length = kept.length
    text = kept
    return logits
  }
  return {
    config,
    read,
    async append(token) {
      if (text.length === 0) throw new RangeError('"append" expected a text that was read first')
      if (text.length === positions) return read(nextContext(text, token, positions))
      const logits = await extend(Int32Array.of(token), cache, 0)
      text.push(token)
      cache.length = text.length
      return logits
    },
    release: async () => {},
  }
}

/**
 * A cache of a causal model. The masked matrices are applied one after the other, as without it, but to one row a token and head:
 * P (x W) = (P x) W, and x W x' for queries and keys is (x W) x'. With room for P tokens it takes 4 P d bytes an attention, of a factored one
 * 4 P K D more.
 */
function createPairCache(): PairCache {
  const all = new Map<string, Kept>()
  const cache: PairCache = { length: 0, attention }

  /** What an attention keeps, with room for so many tokens. */
  function keptOf(
    { name, keyHeads, headWidth }: AttentionSpec,
    width: number,
    isFactored: boolean,
    count: number,
  ): Kept {
    const kept = all.get(name) ?? { x: new Float32Array(0), keys: new Float32Array(0) }
    all.set(name, kept)
    kept.x = withRoom(kept.x, count * width)
    if (isFactored) kept.keys = withRoom(kept.keys, count * keyHeads * headWidth)
    return kept
  }

  function attention({ length: T, choice, runPair, width }: AttentionPass): PairAttention {
    const first = cache.length
    const project = async (plan: PairPlan, x: Tensor): Promise<Float32Array> =>
      (await runPair('linear', linearPiece, plan, x)).data as Float32Array

    return async (spec, own, x) => {
      const d = x.dims[2]
      const kept = keptOf(spec, d, choice.attention === 'factored', first + T)
      kept.x.set(x.data as Float32Array, first * d)
      const scoresOf = await headScores(spec, own, x, kept)
      const outputs = width(spec.output)
      const sum = new Float32Array(T * outputs)
      for (const plan of own) {
        if (plan.part !== 'value-output') continue
        const scores = await scoresOf(plan.head)
        const mixed = new Float32Array(T * d)
        for (let t = 0; t < T; t++) {
          const row = new Float64Array(first + t + 1)
          for (let s = 0; s < row.length; s++) row[s] = scores(t, s)
          mixRow(row, kept.x, mixed.subarray(t * d, (t + 1) * d))
        }
        const out = await project(plan, float32([1, T, d], mixed))
        for (let i = 0; i < out.length; i++) sum[i] += out[i]
      }
      return float32([1, T, outputs], sum)
    }

    /** The score of row t of the pass and position s, by heads. */
    async function headScores(
      spec: AttentionSpec,
      own: readonly PairPlan[],
      x: Tensor,
      { x: seen, keys }: Kept,
    ): Promise<(head: number) => Promise<(t: number, s: number) => number>> {
      const { heads, keyHeads, headWidth: D, rotary } = spec
      const d = x.dims[2]
      const turns = rotary && rotationOf(0, first + T, D, rotary.theta)
      if (choice.attention === 'factored') {
        const queries = await project(own[0], x)
        const fresh = await project(own[1], x)
        if (turns) for (const rows of [queries, fresh]) turnRows(rows, T, D, first, turns)
        keys.set(fresh, first * keyHeads * D)
        return async (head) => {
          const ofKey = Math.floor((head * keyHeads) / heads) * D
          return (t, s) => dot(queries, (t * heads + head) * D, keys, s * keyHeads * D + ofKey, D) / Math.sqrt(D)
        }
      }
      return async (head) => {
        const parts: { readonly rows: Float32Array; readonly plan: PairPlan & { readonly head: number } }[] = []
        for (const plan of own) {
          if ((plan.part !== 'query-key' && plan.part !== 'rotary') || plan.head !== head) continue
          parts.push({ plan, rows: await project(plan, x) })
        }
        /** Row t through a matrix of a pair, times what position s reads, its constant coordinate included. */
        const product = (rows: Float32Array, from: number, constant: boolean, s: number): number =>
          dot(rows, from, seen, s * d, d) + (constant ? rows[from + d] : 0)
        return (t, s) => {
          let score = 0
          for (const { rows, plan } of parts) {
            const { constant, outputs, inputs } = plan
            const from = t * outputs
            if (plan.part !== 'rotary') {
              score += product(rows, from, constant, s)
              continue
            }
            const { cos, sin } = turns!
            const [n, m] = [first + t, s].map((position) => (position * D) / 2 + plan.frequency)
            score += (cos[n] * cos[m] + sin[n] * sin[m]) * product(rows, from, constant, s)
            score += (sin[n] * cos[m] - cos[n] * sin[m]) * product(rows, from + inputs, constant, s)
          }
          return score
        }
      }
    }
  }
  return cache
}

/** The same numbers with room for `size`: twice as much where there was less, so that a text that grows is copied few times. */
function withRoom(numbers: Float32Array, size: number): Float32Array {
  if (numbers.length >= size) return numbers
  const wider = new Float32Array(Math.max(size, 2 * numbers.length))
  wider.set(numbers)
  return wider
}

/** Turns heads of width D, side by side in each of T rows, by the positions from `first` on. */
function turnRows(rows: Float32Array, T: number, D: number, first: number, { cos, sin }: Rotation): void {
  const half = D / 2
  const width = rows.length / T
  for (let t = 0; t < T; t++) {
    for (let head = t * width; head < (t + 1) * width; head += D) {
      for (let i = 0; i < half; i++) {
        const at = (first + t) * half + i
        const [a, b] = [rows[head + i], rows[head + half + i]]
        rows[head + i] = a * cos[at] - b * sin[at]
        rows[head + half + i] = b * cos[at] + a * sin[at]
      }
    }
  }
}

function dot(a: Float32Array, fromA: number, b: Float32Array, fromB: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += a[fromA + i] * b[fromB + i]
  return sum
}

/** The rows of x mixed by the softmax of scores; writes over the scores. */
function mixRow(scores: Float64Array, x: Float32Array, out: Float32Array): void {
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  let total = 0
  for (let s = 0; s < scores.length; s++) {
    scores[s] = Math.exp(scores[s] - largest)
    total += scores[s]
  }
  for (let s = 0; s < scores.length; s++) {
    const part = scores[s] / total
    for (let i = 0; i < out.length; i++) out[i] += part * x[s * out.length + i]
  }
}
