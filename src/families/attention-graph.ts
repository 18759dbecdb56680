/**
 * Softmax attention of whole texts as a graph. Dimensions: B sequences of T tokens, H query heads and K key heads of width D, G = H / K.
 */
import {
  add,
  concat,
  fusedMatMul,
  matMul,
  mul,
  numericShape,
  reshape,
  scalar,
  softmax,
  split,
  transpose,
  type Value,
} from '../graph/index.js'

/** How attention is computed. */
export interface AttentionOptions {
  /** T */
  readonly length: number
  /** Whether FusedMatMul may be used; it saves transposes. */
  readonly fused: boolean
  /** Whether queries see what is before them alone. */
  readonly causal: boolean
  /** Whether all queries are taken together, so that there is one matrix of probabilities. */
  readonly whole?: boolean | undefined
  /** Added to the logits: [B, 1, 1, T], very low where a key is padding. */
  readonly padding?: Value | undefined
}

/** Mixes values [B, K, T, D] for queries [B, H, T, D] by keys [B, K, T, D]: [B, H, T, D]. `see` is told of masked logits and probabilities. */
export type Attend = (q: Value, k: Value, v: Value, see?: (name: 'att' | 'attSm', value: Value) => Value) => Value

/**
 * softmax(q k' / sqrt D under the mask) v. Causal queries are taken in blocks that meet only the keys up to their own block's end, so that
 * of the T x T products little more than the half that counts is computed. Grouped heads are not repeated: the G query heads of a key head
 * stand under each other as G T queries.
 * @param like any value of the graph
 */
export function createAttend(
  like: Value,
  { length: T, fused, causal, whole = false, padding }: AttentionOptions,
): Attend {
  const blocks = causal && !whole ? queryBlocks(T) : 1
  const size = T / blocks
  const full = causal ? causalMask(like, size) : undefined // [T / blocks, T / blocks]: of a block's queries for its own keys
  const masks = Array.from({ length: blocks }, (_, i) => {
    if (i === 0 || full === undefined) return full
    const data = new Float32Array(size * i * size)
    return concat([like.graph.constant({ dtype: 'float32', dims: [size, i * size], data }), full], 1)
  })
  const parts = (x: Value) => (blocks === 1 ? [x] : split(x, 2, Array(blocks).fill(size)))
  const joined = (values: readonly Value[]) => (values.length === 1 ? values[0] : concat(values, 2))
  return (q, k, v, see = (_, value) => value) => {
    const [queries, keys, values] = [q, k, v].map(parts)
    const [B, H, , D] = numericShape('attention', q.shape)
    const [, K] = numericShape('attention', k.shape)
    const last = (x: Value) => numericShape('attention', x.shape).slice(2)
    const scale = 1 / Math.sqrt(D)
    const stacked = (x: Value) => {
      const [rows, columns] = last(x)
      return H === K ? x : reshape(x, [B, K, (H / K) * rows, columns])
    }
    const unstacked = (x: Value, rows: number) => (H === K ? x : reshape(x, [B, H, rows, last(x)[1]]))
    const mixed = queries.map((query, i) => {
      const [seen, mixing] = [keys, values].map((all) => joined(all.slice(0, i + 1)))
      const [rows] = last(query)
      const logits = fused
        ? fusedMatMul(stacked(query), seen, { transB: true, alpha: scale })
        : mul(matMul(stacked(query), transpose(seen, [0, 1, 3, 2])), scalar(q, scale))
      let masked = unstacked(logits, rows) // [B, H, T / blocks, keys]
      const mask = masks[i]
      if (mask) masked = add(masked, mask)
      if (padding) masked = add(masked, padding)
      const probabilities = see('attSm', softmax(see('att', masked)))
      return unstacked(matMul(stacked(probabilities), mixing), rows) // [B, H, T / blocks, D]
    })
    return joined(mixed)
  }
}

/** 0 where a query may look (itself and before), -Infinity elsewhere: [T, T], rows are queries. */
export function causalMask(like: Value, length: number): Value {
  const data = new Float32Array(length * length).fill(Number.NEGATIVE_INFINITY)
  for (let query = 0; query < length; query++) data.fill(0, query * length, query * length + query + 1)
  return like.graph.constant({ dtype: 'float32', dims: [length, length], data })
}

/** Blocks of at least this many queries: smaller ones cost more in copies than they save in products. */
const LEAST_BLOCK = 128

/** Into how many equal blocks T queries are divided: the most that leaves LEAST_BLOCK in each. */
function queryBlocks(T: number): number {
  let blocks = Math.max(1, Math.floor(T / LEAST_BLOCK))
  while (T % blocks !== 0) blocks--
  return blocks
}
