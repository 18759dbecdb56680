import type { OpAttributes } from '../attributes.js'
import type { Value } from '../value.js'

/** How a product reads its operands: whether the last two axes of each are swapped, and a factor on the result. */
export interface ProductOptions {
  readonly transA?: boolean
  readonly transB?: boolean
  readonly alpha?: number
}

const flagsOf = ({ transA = false, transB = false, alpha = 1 }: ProductOptions): OpAttributes['Gemm'] => ({
  alpha,
  transA: transA ? 1 : 0,
  transB: transB ? 1 : 0,
})

/** The matrix product [..., M, K] x [..., K, N] -> [..., M, N]; leading dimensions broadcast. */
export const matMul = (a: Value, b: Value): Value => a.graph.apply('MatMul', [a, b], {})[0]

/** alpha A B for matrices [M, K] and [K, N], either read transposed: A is [K, M] with transA, B is [N, K] with transB. */
export const gemm = (a: Value, b: Value, options: ProductOptions = {}): Value =>
  a.graph.apply('Gemm', [a, b], flagsOf(options))[0]

/** alpha A B as {@link matMul}, either operand read with its last two axes swapped. For ONNX Runtime's CPU provider. */
export const fusedMatMul = (a: Value, b: Value, options: ProductOptions = {}): Value =>
  a.graph.apply('FusedMatMul', [a, b], flagsOf(options))[0]
