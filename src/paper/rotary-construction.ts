/**
 * The theorem of docs/rotary.md: one random rotary layer that has every frequency of the target many times. Of each key the second half is
 * pruned whole, so a hidden pair of frequency p leaves `cos(D) q_a k_a - sin(D) q_b k_a`. The pairs of a frequency are split into one group
 * per input coordinate, and the key of a pair sees the coordinate of its group alone. So entry (j, i) of A_p and of B_p are
 * subset sums over the same first weights, k_a of group i; the masks of q_a choose the one, those of q_b the other. This is Lemma 4 with
 * W = [A_p' | -B_p']. The masks chosen are the queries', so query heads that share a key head choose each for itself.
 */
import { uniform } from '../random/index.js'
import { putColumns, sideBySide, takeColumns, transpose } from './matrix.js'
import { type MergedRotaryAttention, mergeRotary } from './merged-rotary.js'
import { maskedMatrices } from './prune-pair.js'
import { checkWidths, type RotaryConstruction } from './prune-rotary.js'
import type { RotaryAttention } from './rotary-attention.js'

/** Key width n_K, and hidden pairs of each target frequency. */
function widthsOf(source: RotaryAttention, frequencies: number): { keyWidth: number; pairs: number } {
  const keyWidth = 2 * source.frequencies.length
  return { keyWidth, pairs: keyWidth / (2 * frequencies) }
}

/** [A_p' | -B_p'] of every head side by side, for each frequency, [d1, 2 heads x d1]: what the pairs stand for. */
export function scoreMatrices({ inputs, frequencies, heads }: MergedRotaryAttention): Float64Array[] {
  const size = inputs * inputs
  return Array.from(frequencies, (_, p) =>
    sideBySide(
      heads.flatMap(({ cosine, sine }) => [
        transpose(cosine.slice(p * size, (p + 1) * size), inputs, inputs),
        transpose(
          sine.slice(p * size, (p + 1) * size).map((value) => -value),
          inputs,
          inputs,
        ),
      ]),
      inputs,
      inputs,
    ),
  )
}

/**
 * W_Q, W_K ~ U(-n_K^(1/4), n_K^(1/4)) and W_V, W_O ~ U(-1, 1), so that after the layer's own 1 / sqrt(n_K) every item is a product of two
 * U(-1, 1), as in the paper. Column p n + k of a half has frequency p, k = 0..n - 1. Each group reads W_K and W_V, then W_Q and W_O of each
 * query head, a stream each.
 */
export const rotaryConstruction: RotaryConstruction = {
  name: 'rotary',
  streams: (groups) => groups.reduce((sum, heads) => sum + 2 + 2 * heads, 0),

  createSource(options) {
    checkWidths(options)
    const { seed, inputs, outputs, frequencies, groups, hidden, valueWidth } = options
    const keyWidth = 2 * frequencies.length * hidden
    const range = keyWidth ** 0.25
    let stream = options.stream
    const draw = (count: number, scale: number): Float64Array[] => [
      uniform(seed, stream++, count).map((value) => value * scale),
    ]
    return {
      inputs,
      outputs,
      frequencies: Float64Array.from({ length: keyWidth / 2 }, (_, c) => frequencies[Math.floor(c / hidden)]),
      groups: groups.map((count) => ({
        key: draw(inputs * keyWidth, range),
        value: draw(inputs * valueWidth, 1),
        heads: Array.from({ length: count }, () => ({
          query: draw(inputs * keyWidth, range),
          output: draw(valueWidth * outputs, 1),
        })),
      })),
    }
  },

  scoreJobs(target, source, group) {
    const { inputs, frequencies } = target
    const { keyWidth, pairs } = widthsOf(source, frequencies.length)
    source.frequencies.forEach((frequency, c) => {
      if (frequency !== frequencies[Math.floor(c / pairs)])
        throw new RangeError(
          `"source.frequencies" expected every frequency of the target ${pairs} times, got ${frequency} at ${c}`,
        )
    })
    const { key, heads } = source.groups[group]
    const matrices = scoreMatrices(mergeRotary({ ...target, groups: [target.groups[group]] }))
    return Array.from(frequencies, (_, p) => {
      const half = (matrix: Float64Array, second: number): Float64Array =>
        takeColumns(matrix, inputs, (second * keyWidth) / 2 + p * pairs, pairs)
      return {
        source: {
          inputs,
          hidden: pairs,
          outputs: 2 * heads.length * inputs,
          activation: 'linear',
          divisor: Math.sqrt(keyWidth) || 1,
          first: half(key[0], 0),
          second: sideBySide(
            heads.flatMap(({ query }) => [0, 1].map((second) => transpose(half(query[0], second), inputs, pairs))),
            pairs,
            inputs,
          ),
        },
        target: matrices[p],
      }
    })
  },

  mergeScores({ inputs }, weights) {
    const heads = weights[0].length / (2 * inputs * inputs)
    return Array.from({ length: heads }, (_, h) => {
      const merged = {
        cosine: new Float64Array(weights.length * inputs ** 2),
        sine: new Float64Array(weights.length * inputs ** 2),
      }
      weights.forEach((matrix, p) => {
        const part = (second: number): Float64Array =>
          transpose(takeColumns(matrix, inputs, (2 * h + second) * inputs, inputs), inputs, inputs)
        merged.cosine.set(part(0), p * inputs ** 2)
        merged.sine.set(
          part(1).map((value) => -value),
          p * inputs ** 2,
        )
      })
      return merged
    })
  },

  maskScores(source, pairs, group) {
    const { inputs } = source
    const { keyWidth, pairs: count } = widthsOf(source, pairs.length)
    const key = new Float64Array(inputs * keyWidth)
    const queries = source.groups[group].heads.map(() => new Float64Array(inputs * keyWidth))
    pairs.forEach((pair, p) => {
      const { first, second } = maskedMatrices(pair)
      putColumns(key, inputs, p * count, first) // the second half stays 0
      queries.forEach((query, h) => {
        for (const half of [0, 1]) {
          const block = takeColumns(second, count, (2 * h + half) * inputs, inputs)
          putColumns(query, inputs, (half * keyWidth) / 2 + p * count, transpose(block, count, inputs))
        }
      })
    })
    return { key: [key], queries: queries.map((query) => [query]) }
  },
}
