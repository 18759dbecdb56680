import type { OpAttributes } from '../attributes.js'
import type { Value } from '../value.js'

/** A matrix of a few bits a weight, as com.microsoft's MatMulNBits reads it. K inputs, N outputs, `blocks` = ceil(K / block). */
export interface QuantisedWeights {
  /** uint8 [N, blocks, block * bits / 8]: weight k of an output is (code - 2^(bits - 1)) * scale, lowest bits of a byte first. */
  readonly codes: Value
  /** float32 [N * blocks] */
  readonly scales: Value
  /** K */
  readonly inputs: number
  readonly bits: OpAttributes['MatMulNBits']['bits']
  /** Inputs that share a scale: a power of two, at least 16. */
  readonly block: number
}

/**
 * The product x W' [..., N] of x [..., K] and few-bit weights W [N, K].
 * @param accuracy `int8` lets the provider round each block of x to 127 steps of its largest magnitude (accuracy_level 4); `float32` does not (level 1)
 */
export function matMulNBits(x: Value, weights: QuantisedWeights, accuracy: 'float32' | 'int8'): Value {
  const { codes, scales, inputs: K, bits, block: block_size } = weights
  const N = codes.shape[0] as number
  const attributes = { K, N, bits, block_size, accuracy_level: accuracy === 'int8' ? 4 : 1 }
  return x.graph.apply('MatMulNBits', [x, codes, scales], attributes)[0]
}
