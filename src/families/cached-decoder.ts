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
 * Tokens that a cache has room for at first. A file may claim a context of any length, and takes memory for the text that is read alone: room is
 * doubled when a text is longer.
 */
export const CACHE_ROOM = 4096

/**
 * A decoder of a dense causal model that keeps the keys and values of the tokens it has read: one graph run a token, whose cost
 * does not depend on how many there were (attention runs over the whole cache, masked). The text is read in one run, its
 * length padded to a power of two so that few graphs are built. The cache takes 8 P K D bytes a block (K key heads of width D, room for P
 * tokens); beside it the last token's logits are all that a run gives back.
 * @param options.holdWeights writes the weights into the graph of a further token, so that no run is sent them: for runners that
 *   copy what they are sent (the web's). It takes their bytes once more, and a few times while the graph is loaded; default false
 * @param options.room tokens that the cache has room for at first, an integer >= 1; never more than the model's positions. Default {@link CACHE_ROOM}
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createCachedDecoder(
  runner: GraphRunner,
  config: BaseConfig,
  weights: ModelWeights,
  { holdWeights = false, room = CACHE_ROOM }: { readonly holdWeights?: boolean; readonly room?: number } = {},
): Decoder {
  checkConfig(config)
  if (familyOf(config).task !== 'causal')
    throw new RangeError(`"config" expected a causal model, got ${familyOf(config).title}`)
  const joined = joinedWeights(config, weights)
  const sessions = createFedSessions(runner, joined)
  const { positions } = config
  let cache = createCache(config, Math.min(positions, room))
  /** Makes room for so many tokens. */
  const expectRoom = (count: number): void => {
    let wider = cache.room
    while (wider < count) wider = Math.min(positions, 2 * wider)
    if (wider > cache.room) cache = cache.widened(wider)
  }
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
    expectRoom(kept.length)
    cache.fill(results, kept.length, length)
    text = kept
    return results.logits.data as Float32Array
  }
  const append = async (token: number): Promise<Float32Array> => {
    if (text.length === 0) throw new RangeError('"append" expected a text that was read first')
    if (text.length === positions) return read(nextContext(text, token, positions))
    const position = text.length
    expectRoom(position + 1)
    tokenTensor(config, Int32Array.of(token), 1, 1) // checks the token
    const declared = holdWeights ? joined : new Map([...joined].map(([name, { shape }]) => [name, { shape }]))
    const results = await sessions.run(`append ${cache.room}`, () => stepGraph(config, declared, cache.room), {
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
  /** Tokens that there is room for, P. */
  readonly room: number
  /** Inputs of the step graph. */
  readonly feeds: Readonly<Record<string, Tensor>>
  /** Takes the first `count` tokens of a prefill of `length`, and forgets all others. */
  fill(results: Readonly<Record<string, Tensor>>, count: number, length: number): void
  /** Takes the token of a step. */
  put(results: Readonly<Record<string, Tensor>>, position: number): void
  /** A cache of the same tokens with room for more. */
  widened(room: number): Cache
}

function createCache(config: BaseConfig, P: number): Cache {
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
    room: P,
    feeds,
    widened(room) {
      const wider = createCache(config, room)
      const others = wider.feeds as Readonly<Record<string, Tensor & { readonly data: Float32Array }>>
      for (const [layer, { keys, values }] of blocks.entries()) {
        copyRows(keys, others[cachedKeysOf(layer)].data, H * D)
        copyRows(values, others[cachedValuesOf(layer)].data, H)
      }
      others.mask.data.fill(Number.NEGATIVE_INFINITY).set(mask)
      return wider
    },
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

/** Copies rows to the starts of longer ones. */
function copyRows(from: Float32Array, to: Float32Array, rows: number): void {
  const [length, longer] = [from.length / rows, to.length / rows]
  for (let row = 0; row < rows; row++) to.set(from.subarray(row * length, (row + 1) * length), row * longer)
}
