import { float32, type GraphRunner, int32, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { keysOf, prefillGraph, valuesOf } from './dense-graph.js'
import { checkConfig, familyOf } from './family.js'
import { createFedSessions } from './fed-sessions.js'
import { type Decoder, firstContext, nextContext, paddedLength } from './generate.js'
import { joinedWeights } from './joined-weights.js'
import { tokenTensor } from './language-model.js'
import { cachedKeysOf, cachedValuesOf, stepGraph } from './step-graph.js'
import type { ModelWeights } from './weights.js'

/**
 * A decoder of a dense causal model that keeps the keys and values of the tokens it has read: one graph run a token, whose cost
 * does not depend on how many there were (attention runs over the whole cache, masked). The text is read in one run, its
 * length padded to a power of two so that few graphs are built. The cache takes 8 P K D bytes a block (K key heads of width D); beside it the last
 * token's logits are all that a run gives back.
 * @param options.holdWeights writes the weights into the graph of a further token, so that no run is sent them: for runners that
 *   copy what they are sent (the web's). It takes their bytes once more, and a few times while the graph is loaded; default false
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createCachedDecoder(
  runner: GraphRunner,
  config: BaseConfig,
  weights: ModelWeights,
  { holdWeights = false }: { readonly holdWeights?: boolean } = {},
): Decoder {
  checkConfig(config)
  if (familyOf(config).task !== 'causal')
    throw new RangeError(`"config" expected a causal model, got ${familyOf(config).title}`)
  const joined = joinedWeights(config, weights)
  const sessions = createFedSessions(runner, joined)
  const cache = createCache(config)
  const { positions } = config
  let text: number[] = []

  const read = async (tokens: readonly number[]): Promise<Float32Array> => {
    if (tokens.length === 0) throw new RangeError('"tokens" expected at least one token')
    const kept = firstContext(tokens, positions)
    const length = paddedLength(kept.length, positions)
    const padded = new Int32Array(length)
    padded.set(kept)
    const results = await sessions.run(`read ${length}`, () => prefillGraph(config, joined, length), {
      tokens: tokenTensor(config, padded, 1, length),
      last: int32([1], Int32Array.of(kept.length - 1)),
    })
    cache.fill(results, kept.length, length)
    text = kept
    return results.logits.data as Float32Array
  }
  const append = async (token: number): Promise<Float32Array> => {
    if (text.length === 0) throw new RangeError('"append" expected a text that was read first')
    if (text.length === positions) return read(nextContext(text, token, positions))
    const position = text.length
    tokenTensor(config, Int32Array.of(token), 1, 1) // checks the token
    const declared = holdWeights ? joined : new Map([...joined].map(([name, { shape }]) => [name, { shape }]))
    const results = await sessions.run('append', () => stepGraph(config, declared), {
      ...cache.feeds,
      token: int32([1], Int32Array.of(token)),
      position: int32([1], Int32Array.of(position)),
    })
    cache.put(results, position)
    text.push(token)
    return results.logits.data as Float32Array
  }
  return { config, read, append, release: () => sessions.release() }
}

/** Keys and values of the tokens read so far. */
interface Cache {
  /** Inputs of the step graph. */
  readonly feeds: Readonly<Record<string, Tensor>>
  /** Takes the first `count` tokens of a prefill of `length`, and forgets all others. */
  fill(results: Readonly<Record<string, Tensor>>, count: number, length: number): void
  /** Takes the token of a step. */
  put(results: Readonly<Record<string, Tensor>>, position: number): void
}

function createCache(config: BaseConfig): Cache {
  const { positions: P } = config
  const { layers, keyHeads: H, headWidth: D } = familyOf(config).cache(config)
  const mask = new Float32Array(P)
  const feeds: Record<string, Tensor> = { mask: float32([P], mask) }
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const keys = new Float32Array(H * D * P) // [H, D, P]: as the product with a query wants them
    const values = new Float32Array(H * P * D) // [H, P, D]
    feeds[cachedKeysOf(layer)] = float32([H, D, P], keys)
    feeds[cachedValuesOf(layer)] = float32([H, P, D], values)
    return { keys, values }
  })
  /** Tokens 0..count-1 of results of `length` tokens go to `position` and on. */
  const copy = (results: Readonly<Record<string, Tensor>>, count: number, length: number, position: number): void => {
    for (const [layer, { keys, values }] of blocks.entries()) {
      const k = results[keysOf(layer)].data as Float32Array // [H, length, D]
      const v = results[valuesOf(layer)].data as Float32Array
      for (let head = 0; head < H; head++) {
        const from = head * length * D
        values.set(v.subarray(from, from + count * D), (head * P + position) * D)
        for (let i = 0; i < D; i++) {
          const row = (head * D + i) * P + position
          for (let t = 0; t < count; t++) keys[row + t] = k[from + t * D + i]
        }
      }
    }
  }
  return {
    feeds,
    fill(results, count, length) {
      copy(results, count, length, 0)
      mask.fill(0, 0, count).fill(Number.NEGATIVE_INFINITY, count)
    },
    put(results, position) {
      copy(results, 1, 1, position)
      mask[position] = 0
    },
  }
}
