/** Ternary matrices in a graph: rows of them looked up, and products with them. Their weights are never held as float32. */
import {
  add,
  cast,
  concat,
  div,
  elementsOf,
  type Graph,
  gather,
  matMulNBits,
  mul,
  productOf,
  type QuantisedWeights,
  reduceMax,
  reduceSum,
  reshape,
  scalar,
  slice,
  sqrt,
  sub,
  type Value,
  zeros,
} from '../graph/index.js'
import { blockOf, blocksOf, scalesOf, type TernaryMatrix } from './ternary-matrix.js'

/**
 * How x enters a product: `float32` with all its digits, in the rounding of sums; `int8` rounded to 127 steps of the largest magnitude among
 * 128 inputs.
 */
export const activationKinds = ['float32', 'int8'] as const
export type Activations = (typeof activationKinds)[number]

/** A ternary matrix in a graph. */
export interface TernaryValue extends QuantisedWeights {
  readonly matrix: TernaryMatrix
}

/** Writes a matrix into a graph as constants. */
export function ternaryValue(graph: Graph, matrix: TernaryMatrix): TernaryValue {
  const { inputs, outputs, codes } = matrix
  const [block, blocks] = [blockOf(inputs), blocksOf(inputs)]
  return {
    matrix,
    inputs: blocks * block,
    bits: 2,
    block,
    codes: graph.constant({ dtype: 'uint8', dims: [outputs, blocks, block / 4], data: codes }),
    scales: graph.constant({ dtype: 'float32', dims: [outputs * blocks], data: scalesOf(matrix) }),
  }
}

/**
 * Rows of a table as float32 [..., K], the very numbers that they stand for.
 * @param codes rows of the table's codes, uint8 [..., blocks, block / 4]
 */
export function unpackRows(codes: Value, { matrix }: TernaryValue): Value {
  const { inputs: K, magnitudes } = matrix
  const width = blocksOf(K) * blockOf(K)
  const four = codes.graph.constant({ dtype: 'float32', dims: [256, 4], data: valuesOfBytes(magnitudes[0]) })
  const lead = codes.shape.slice(0, -2)
  const rows = reshape(gather(four, cast(codes, 'int32')), [...lead, width])
  return width === K ? rows : slice(rows, lead.length, 0, K)
}

/** The four weights that each byte of codes stands for: [256, 4]. */
const valuesOfBytes = (magnitude: number): Float32Array =>
  Float32Array.from({ length: 1024 }, (_, i) => (((i >> 2) >> (2 * (i & 3))) & 3) * magnitude - 2 * magnitude)

/** The product x W' [..., N] of x [..., K] and a ternary matrix W [N, K]. */
export function ternaryProduct(x: Value, weights: TernaryValue, activations: Activations): Value {
  const { inputs: K, outputs: N } = weights.matrix
  const lead = x.shape.slice(0, -1)
  const rows = elementsOf(lead)
  const { block, inputs: padded } = weights
  const flat = reshape(x, [rows, K])
  const wide = padded === K ? flat : concat([flat, zeros(x, [rows, padded - K])], 1)
  if (activations === 'int8') return reshape(matMulNBits(wide, weights, 'int8'), [...lead, N])
  const parts = inThreeParts(reshape(wide, [rows, padded / block, block]))
  const tall = reshape(concat(parts, 0), [productOf(3, rows), padded])
  const products = reshape(matMulNBits(tall, weights, 'int8'), [3, rows, N])
  return reshape(reduceSum(products, [0], false), [...lead, N])
}

/** 1.5 * 2^23: a float32 number of magnitude below 2^22 has no fraction left once this is added to it, rounded to even. */
const NO_FRACTION = 12582912

/** Added to scales, so that a block of zeros is not divided by 0. */
const LEAST_SCALE = 1e-30

/**
 * x as the sum of three parts that MatMulNBits rounds to 8 bits without loss: of each block, the first is the multiple of s = max |x| / 127 that
 * is nearest to x, the second the same of what is left, the third what is left then, at most 2^-16 of max |x|, of which rounding takes 2^-8. So
 * a product by integers is as exact as a float32 one. (The splitting of Ozaki et al., Numerical Algorithms 59, 2012, by largest magnitudes.)
 * @param x [rows, blocks, block]
 */
function inThreeParts(x: Value): Value[] {
  const parts: Value[] = []
  let rest = x
  for (let part = 0; part < 2; part++) {
    const largest = sqrt(reduceMax(mul(rest, rest), [2], true))
    const scale = add(mul(largest, scalar(x, 1 / 127)), scalar(x, LEAST_SCALE))
    const shift = scalar(x, NO_FRACTION)
    const steps = sub(add(div(rest, scale), shift), shift)
    const multiple = mul(steps, scale)
    parts.push(multiple)
    rest = sub(rest, multiple)
  }
  return [...parts, rest]
}
