/**
 * What a forward pass is written on. A family says once what its network computes; what a value is, the port decides: a part of a graph
 * of a whole text, of one token with a cache, or a step of the tape that pruned networks are planned and run by.
 */
import type { Activation } from './config.js'

/** A normalisation over the last dimension. Its vectors are `NAME.weight` (gain) and, of LayerNorm, `NAME.bias` (shift). */
export interface NormSpec {
  readonly name: string
  /**
   * - `layer`: (x - mean) / sqrt(variance + epsilon), times the gain, plus the shift (Ba et al. 2016).
   * - `rms`: x / sqrt(mean(x^2) + epsilon), times the gain (Zhang and Sennrich 2019).
   */
  readonly kind: 'layer' | 'rms'
  /** > 0 */
  readonly epsilon: number
}

/** Multi-head attention: softmax(q k' / sqrt(D)) v for H heads of width D, then the output map. */
export interface AttentionSpec {
  /** Of the block's attention, for example `h.0.attn`: pruned heads are named by it. */
  readonly name: string
  /** Number of the block, from 0. */
  readonly layer: number
  /** Names of the linear maps: query [d, H D], key and value [d, K D], output [H D, d]. */
  readonly query: string
  readonly key: string
  readonly value: string
  readonly output: string
  /** H */
  readonly heads: number
  /** K, a divisor of H: consecutive H / K query heads share a key and value head (grouped-query attention, Ainslie et al. 2023). */
  readonly keyHeads: number
  /** D; even where positions are rotated. */
  readonly headWidth: number
  /** Rotary positions (Su et al. 2021) by halves: coordinate i turns with i + D/2 by the angle position * theta^(-2i/D). */
  readonly rotary?: { readonly theta: number } | undefined
  /** Whether a query sees itself and what is before it alone. Otherwise it sees all tokens that are no padding. */
  readonly causal: boolean
}

/** Which row of a table a position looks up. */
export type TableIndex = 'tokens' | 'positions' | 'types'

/** A table of an embedding. */
export interface EmbeddingPart {
  readonly table: string
  readonly index: TableIndex
  /** Name of the looked-up rows in a trace. */
  readonly seen?: string
}

/** The operations of a forward pass. `N` rows are tokens, the last dimension of a value is its width. */
export interface Port<V> {
  /** The sum of one row of each table. */
  embed(parts: readonly EmbeddingPart[]): V
  norm(spec: NormSpec, x: V): V
  /** x W, plus the bias `NAME.bias` where the model has one. */
  linear(name: string, x: V): V
  attention(spec: AttentionSpec, x: V): V
  activate(activation: Activation, x: V): V
  add(a: V, b: V): V
  multiply(a: V, b: V): V
  /** x W' for a table or head W [V, d]. */
  unembed(name: string, x: V): V
  /** Names an intermediate value for a trace; returns it. */
  see(name: string, value: V): V
}
