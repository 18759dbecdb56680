/**
 * Floating-point operations of the matrix products in one step, loss and gradients, a multiplication and an addition
 * counted as two. A linear map takes 2 in out a token; the head 2 d V; attention 2 d for each key that a query meets, and
 * as much for the mixing. Each product has two more in the backward pass, one for either operand:
 *
 *     3 B T (2 (layers (4 d^2 + 2 d F) + d V) + layers 4 keys d)
 *
 * @param keys that a query meets on average: (T + 1) / 2 under the causal mask, T where the future is computed too
 */
export function flopsOfStep({ layers, width: d, inner: F, vocabulary: V }, batch, length, keys) {
  const linear = 2 * (layers * (4 * d * d + 2 * d * F) + d * V)
  return 3 * batch * length * (linear + layers * 4 * keys * d)
}

/** Operators of a graph that multiply matrices, in floats or in integers. */
const PRODUCTS = ['MatMul', 'Gemm', 'FusedMatMul', 'MatMulInteger', 'MatMulIntegerToFloat']

/** The same of a graph, counted from its nodes: what is really computed. */
export function flopsOfGraph({ nodes }) {
  let flops = 0
  for (const { op, inputs, outputs, attributes } of nodes) {
    if (!PRODUCTS.includes(op)) continue
    const inner = inputs[0].shape.at(attributes.transA ? -2 : -1)
    flops += 2 * inner * outputs[0].shape.reduce((product, length) => product * length, 1)
  }
  return flops
}
