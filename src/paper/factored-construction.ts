/**
 * The other way to rotary attention (docs/rotary.md): two random layers for W_Q of each query head, two for each W_K, by Lemma 4, and
 * the target's own rotation. One random layer more than the target has, but as many subset sums as W_Q and W_K have weights.
 */
import { uniform } from '../random/index.js'
import { mergeRotary } from './merged-rotary.js'
import { maskedMatrices, type PairJob } from './prune-pair.js'
import { checkWidths, type RotaryConstruction } from './prune-rotary.js'
import type { Projection } from './rotary-attention.js'

/**
 * All weights ~ U(-1, 1). Each group reads W_K's two layers and W_V, then W_Q's two layers and W_O of each query head, a stream a matrix.
 */
export const factoredConstruction: RotaryConstruction = {
  name: 'factored',
  streams: (groups) => groups.reduce((sum, heads) => sum + 3 + 3 * heads, 0),

  createSource(options) {
    checkWidths(options)
    const { seed, inputs, outputs, frequencies, groups, hidden, valueWidth } = options
    const keyWidth = 2 * frequencies.length
    let stream = options.stream
    const draw = (...counts: number[]): Projection => counts.map((count) => uniform(seed, stream++, count))
    return {
      inputs,
      outputs,
      frequencies,
      groups: groups.map((count) => ({
        key: draw(inputs * hidden, hidden * keyWidth),
        value: draw(inputs * valueWidth),
        heads: Array.from({ length: count }, () => ({
          query: draw(inputs * hidden, hidden * keyWidth),
          output: draw(valueWidth * outputs),
        })),
      })),
    }
  },

  scoreJobs(target, source, group) {
    const { inputs, frequencies } = target
    const job = ([first, second]: Projection, [wanted]: Projection): PairJob => ({
      source: {
        inputs,
        hidden: first.length / inputs,
        outputs: 2 * frequencies.length,
        activation: 'linear',
        divisor: 1,
        first,
        second,
      },
      target: wanted,
    })
    const [wanted, random] = [target.groups[group], source.groups[group]]
    return [job(random.key, wanted.key), ...random.heads.map(({ query }, h) => job(query, wanted.heads[h].query))]
  },

  mergeScores(target, [key, ...queries]) {
    const none = [new Float64Array(0)]
    const heads = queries.map((query) => ({ query: [query], output: none }))
    return mergeRotary({ ...target, outputs: 0, groups: [{ key: [key], value: none, heads }] }).heads
  },

  maskScores(_, [key, ...queries]) {
    const both = (pair: typeof key): Projection => {
      const { first, second } = maskedMatrices(pair)
      return [first, second]
    }
    return { key: both(key), queries: queries.map(both) }
  },
}
