/** Keys and values of the tokens that a decoder has read, and the decoder around its two passes. */
import { float32, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { keysOf, valuesOf } from './dense-graph.js'
import { familyOf } from './family.js'
import { type Decoder, firstContext, nextContext } from './generate.js'
import { tokenTensor } from './language-model.js'
import { cachedKeysOf, cachedValuesOf } from './step-graph.js'

type Results = Readonly<Record<string, Tensor>>

/** How a model reads. Results are `logits` [1, V] of the token that follows and, for each block, keys and values of the tokens read. */
export interface DecoderPasses {
  /** Reads a text of 1 to `positions` tokens. @returns results, and for how many tokens they have keys and values: those of the text come first */
  read(text: readonly number[]): Promise<{ readonly results: Results; readonly length: number }>
  /** Reads one more token; the cache holds those before it. */
  append(token: number, position: number, cache: Cache): Promise<Results>
  release(): Promise<void>
}

/** A decoder that keeps keys and values. @param room tokens that the cache has room for at first; it is doubled when a text is longer */
export function createDecoder(config: BaseConfig, room: number, passes: DecoderPasses): Decoder {
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
    const { results, length } = await passes.read(kept)
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
    const results = await passes.append(token, position, cache)
    cache.put(results, position)
    text.push(token)
    return results.logits.data as Float32Array
  }
  return { config, read, append, release: passes.release }
}

/** Keys and values of the tokens read so far. */
export interface Cache {
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

export function createCache(config: BaseConfig, P: number): Cache {
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
