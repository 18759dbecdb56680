/**
 * Linear maps whose three products (y, dx and dW) are of 8-bit integers: activations and gradients are rounded when they are used, weights are
 * small integers already. Everything else of a step stays float32.
 *
 * With x = diag(s) X and dy = diag(r) G, where s and r are a 127th of the largest magnitude of each row (token; a 255th of what a Relu made),
 * and W = c C:
 *   y  = diag(s c) X C,
 *   dx = diag(r c) G C',
 *   dW = X' diag(s) dy, where diag(s) dy is rounded by one scale of the whole, so that the sum over tokens is one of integers.
 * No magnitude is above what its codes reach, so nothing is ever clipped. Rows cost little more than one scale a tensor does, and lose less.
 */
import {
  abs,
  add,
  div,
  matMulIntegerToFloat,
  mul,
  numericShape,
  quantizeLinear,
  reduceMax,
  reduceSum,
  reshape,
  scalar,
  transpose,
  type Value,
} from '../graph/index.js'

/** A weight as integers, in both layouts: products want their right operand as [inputs, outputs] of that product. */
export interface IntegerWeight {
  /** float32 [d, m]: what gradients are asked for. Its values are not read. */
  readonly weight: Value
  /** int8 [d, m] */
  readonly codes: Value
  /** int8 [m, d] */
  readonly transposed: Value
  /** float32 []: the weight of code 1, > 0 */
  readonly scale: Value
}

/** Rows of float32 [N, d] as integers. */
interface IntegerRows {
  /** uint8 [N, d] */
  readonly codes: Value
  /** uint8 []: the code of 0 */
  readonly zero: Value
  /** [N, 1] and [N]: of each row */
  readonly column: Value
  readonly scales: Value
}

/** Terms of a sum at most: as many of the largest products, 255 x 127, fit in 32 bits. */
export const MOST_TERMS = Math.floor((2 ** 31 - 1) / (255 * 127))

/** Keeps the scale of a row of zeros above 0. Rows of numbers below it lose digits. */
const LEAST = 1e-20

/** The same for the scale of a whole tensor, a product of two scales of rows. */
const LEAST_PRODUCT = 1e-30

/**
 * y = x W for one graph.
 * @returns a function of x [N, d] (float32) and the weight, to [N, m] (float32), with its gradients; rows that several maps read are rounded once.
 *   It throws RangeError for N, d or m above {@link MOST_TERMS}
 */
export function createIntegerLinear(): (x: Value, weight: IntegerWeight) => Value {
  const known = new Map<Value, IntegerRows>()
  return (x, weight) => {
    expectSums(x, weight)
    const rows = known.get(x) ?? integerRows(x)
    known.set(x, rows)
    const y = product(rows, weight.codes, weight.scale)
    return x.graph.differentiate(y, {
      inputs: [x, weight.weight],
      rule(dy, [wantsX, wantsW]) {
        const gradient = integerRows(dy)
        return [
          wantsX ? product(gradient, weight.transposed, weight.scale) : undefined,
          wantsW ? weightGradient(dy, gradient, rows) : undefined,
        ]
      },
    })
  }
}

/** N, d and m are the lengths of the sums of dW, y and dx. */
function expectSums(x: Value, { weight }: IntegerWeight): void {
  const [[N], [d, m]] = [numericShape('"x":', x.shape), numericShape('"weight":', weight.shape)]
  const longest = Math.max(N, d, m)
  if (longest > MOST_TERMS) {
    throw new RangeError(`"${weight.name}" expected sums of at most ${MOST_TERMS} products in int8, got ${longest}`)
  }
}

/**
 * Rows that a Relu made have no sign: they get all 255 steps. A row with a NaN in it gets the scale NaN, for rounding alone would make it a number.
 * Gradients need it too: those of huge activations can be NaN where the loss is finite.
 */
function integerRows(x: Value): IntegerRows {
  const [N] = numericShape('"x":', x.shape)
  const isSigned = x.graph.producer(x)?.op !== 'Relu'
  const [middle, levels] = isSigned ? [128, 127] : [0, 255]
  const largest = reduceMax(isSigned ? abs(x) : x, [1], true)
  const positive = mul(add(largest, scalar(x, LEAST)), scalar(x, 1 / levels)) // [N, 1]
  const column = add(positive, nothingOf(x, [1], true))
  const scales = reshape(column, [N])
  const codes = quantizeLinear(x, scales, bytes(x, 'uint8', [N], middle), 0)
  return { codes, zero: bytes(x, 'uint8', [], middle), column, scales }
}

/** Rows times int8 [d, m] times its scale. */
function product({ codes, zero, column }: IntegerRows, right: Value, scale: Value): Value {
  return mul(matMulIntegerToFloat(codes, right, scale, scalar(codes, 1), zero), column)
}

/** 0 of the shape of a sum; NaN where a term is NaN or infinite, which ReduceMax and rounding would lose. */
const nothingOf = (x: Value, axes: readonly number[], keepsDims: boolean): Value =>
  mul(reduceSum(x, axes, keepsDims), scalar(x, 0))

/** x' dy */
function weightGradient(dy: Value, { scales }: IntegerRows, x: IntegerRows): Value {
  const [N] = numericShape('"dy":', dy.shape)
  const products = mul(scales, x.scales) // [N]
  const largest = add(reduceMax(products, [0], false), scalar(dy, LEAST_PRODUCT))
  const scale = add(largest, nothingOf(products, [0], false)) // []
  const codes = quantizeLinear(dy, div(scale, x.scales), bytes(dy, 'int8', [N], 0), 0)
  return matMulIntegerToFloat(transpose(x.codes, [1, 0]), codes, scale, scalar(dy, 1), x.zero)
}

/** A constant of equal bytes. */
function bytes(like: Value, dtype: 'uint8' | 'int8', dims: readonly number[], value: number): Value {
  const size = dims.reduce((count, length) => count * length, 1)
  return like.graph.constant(
    dtype === 'uint8'
      ? { dtype, dims, data: new Uint8Array(size).fill(value) }
      : { dtype, dims, data: new Int8Array(size).fill(value) },
  )
}
