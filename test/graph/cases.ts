import fc from 'fast-check'
import * as g from '../../src/graph/index.js'
import type { NdArray } from './reference-arrays.js'
import { tabulate } from './reference-arrays.js'

/** An input of a case: its numbers and the element type that it stands for. */
export interface Input extends NdArray {
  readonly dtype: g.DType
}

/** An operator applied to random inputs. */
export interface Example {
  readonly inputs: Readonly<Record<string, Input>>
  /** Applies the operator; values by the names of `inputs`. */
  readonly build: (values: Readonly<Record<string, g.Value>>) => g.Value | readonly g.Value[]
}

type Draw = fc.GeneratorValue

const integer = (draw: Draw, min: number, max: number) => draw(fc.integer, { min, max })

const flag = (draw: Draw) => draw(fc.boolean)

const pick = <T>(draw: Draw, ...choices: T[]): T => choices[integer(draw, 0, choices.length - 1)]

const someShape = (draw: Draw, minRank = 1, maxRank = 3): number[] =>
  Array.from({ length: integer(draw, minRank, maxRank) }, () => integer(draw, 1, 4))

/** A shape that broadcasts to (at most) this one: lengths become 1, leading axes go. */
const stretchable = (draw: Draw, shape: g.Shape): number[] =>
  shape.map((length) => (flag(draw) ? length : 1)).slice(flag(draw) ? 0 : integer(draw, 0, shape.length))

/** An axis from the front or from the back. */
function someAxis(draw: Draw, shape: g.Shape): number {
  const axis = integer(draw, 0, shape.length - 1)
  return flag(draw) ? axis : axis - shape.length
}

/** Irregular numbers, the same in float32 and in float64. */
function numbers(draw: Draw, shape: g.Shape, low = -2, high = 2): Input {
  let state = integer(draw, 1, 2 ** 31 - 2)
  const next = () => {
    state = (state * 48271) % (2 ** 31 - 1) // Park and Miller's generator
    return Math.fround(low + ((high - low) * state) / 2 ** 31)
  }
  return { dtype: 'float32', ...tabulate(shape, next) }
}

/** Integers, 0 <= i < bound. */
const indices = (draw: Draw, shape: g.Shape, bound: number): Input => ({
  dtype: pick(draw, 'int32', 'int64'),
  ...tabulate(shape, () => integer(draw, 0, bound - 1)),
})

/** An operator of one value, on numbers in (low, high). */
const unary =
  (apply: (x: g.Value) => g.Value, low = -2, high = 2) =>
  (draw: Draw): Example => ({
    inputs: { x: numbers(draw, someShape(draw, 0), low, high) },
    build: ({ x }) => apply(x),
  })

/** An operator of two values that broadcast against each other, the second one in (low, high). */
const binary =
  (apply: (a: g.Value, b: g.Value) => g.Value, low = -2, high = 2) =>
  (draw: Draw): Example => {
    const shape = someShape(draw)
    const [whole, part] = [shape, stretchable(draw, shape)]
    const [a, b] = flag(draw) ? [whole, part] : [part, whole]
    return { inputs: { a: numbers(draw, a), b: numbers(draw, b, low, high) }, build: ({ a, b }) => apply(a, b) }
  }

const reduction =
  (apply: typeof g.reduceSum) =>
  (draw: Draw): Example => {
    const shape = someShape(draw)
    const axes = draw(fc.subarray, [...shape.keys()], { minLength: 1 }).map((axis) =>
      flag(draw) ? axis : axis - shape.length,
    )
    const keepDims = flag(draw)
    return { inputs: { x: numbers(draw, shape) }, build: ({ x }) => apply(x, axes, keepDims) }
  }

const oriented = (rows: number, columns: number, transposed: boolean) =>
  transposed ? [columns, rows] : [rows, columns]

/** Matrices, read transposed or not, with batch axes that broadcast. */
function product(draw: Draw, apply: typeof g.gemm, batched: boolean, transposable: boolean): Example {
  const [M, K, N] = [1, 2, 3].map(() => integer(draw, 1, 4))
  const options = {
    transA: transposable && flag(draw),
    transB: transposable && flag(draw),
    alpha: transposable ? pick(draw, 1, 0.25, -1.5) : 1,
  }
  const batch = batched ? someShape(draw, 0, 2) : []
  const [left, right] = pick(draw, [batch, batch], [batch, []], [batch, stretchable(draw, batch)], [[], batch])
  return {
    inputs: {
      a: numbers(draw, [...left, ...oriented(M, K, options.transA)]),
      b: numbers(draw, [...right, ...oriented(K, N, options.transB)]),
    },
    build: ({ a, b }) => apply(a, b, options),
  }
}

/** Some numbers beyond the range of the codes. */
function quantizeLinear(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const places = flag(draw) ? [shape.at(axis) as number] : []
  const [dtype, zero] = pick<['uint8' | 'int8', number]>(draw, ['uint8', 128], ['int8', 0])
  return {
    inputs: {
      x: numbers(draw, shape),
      scale: numbers(draw, places, 0.01, 0.05),
      zero: { dtype, ...tabulate(places, () => zero) },
    },
    build: ({ x, scale, zero }) => g.quantizeLinear(x, scale, zero, axis),
  }
}

function integerProduct(draw: Draw): Example {
  const [M, K, N] = [1, 2, 3].map(() => integer(draw, 1, 40))
  const codes = (dtype: 'uint8' | 'int8', shape: g.Shape, low: number, high: number): Input => ({
    dtype,
    ...tabulate(shape, () => integer(draw, low, high)),
  })
  return {
    inputs: {
      a: codes('uint8', [M, K], 0, 255),
      b: codes('int8', [K, N], -2, 1), // what pairs of products sum to fits into 16 bits, which is all that some CPUs have
      x: numbers(draw, [], 0.1, 1),
      y: numbers(draw, [], 0.1, 1),
      zero: codes('uint8', [], 0, 255),
    },
    build: ({ a, b, x, y, zero }) => g.matMulIntegerToFloat(a, b, x, y, zero),
  }
}

function layerNormalization(draw: Draw): Example {
  const shape = [...someShape(draw, 0, 2), integer(draw, 2, 5)]
  const width = shape.slice(-1)
  const [ones, biased] = [flag(draw), flag(draw)]
  const bias: Record<string, Input> = biased ? { bias: numbers(draw, width) } : {}
  const used = integer(draw, ones && !biased ? 0 : 1, 3)
  return {
    inputs: { x: numbers(draw, shape), ...(ones ? {} : { scale: numbers(draw, width) }), ...bias },
    build({ x, scale, bias }) {
      const one = () => x.graph.constant(g.float32(width, new Float32Array(width[0]).fill(1)))
      const { normalised, mean, inverse } = g.layerNormalizationWithStatistics(x, scale ?? one(), bias, 0.1)
      return [[inverse], [normalised], [normalised, mean], [normalised, mean, inverse]][used]
    },
  }
}

function gather(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const picks = indices(draw, someShape(draw, 0, 2), shape.at(axis) as number)
  return { inputs: { x: numbers(draw, shape), picks }, build: ({ x, picks }) => g.gather(x, picks, axis) }
}

/** Indices for GatherElements and ScatterElements: no longer than the data off the axis. */
function elementIndices(draw: Draw, shape: g.Shape, axis: number): Input {
  const own = shape.map((length) => integer(draw, 1, length)).with(axis, integer(draw, 1, 4))
  return indices(draw, own, shape.at(axis) as number)
}

function gatherElements(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  return {
    inputs: { x: numbers(draw, shape), picks: elementIndices(draw, shape, axis) },
    build: ({ x, picks }) => g.gatherElements(x, picks, axis),
  }
}

function scatterElements(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const reduction = pick(draw, 'add', 'none')
  const places =
    reduction === 'add'
      ? elementIndices(draw, shape, axis)
      : indices(draw, shape.with(axis, 1), shape.at(axis) as number) // one a line: no place occurs twice
  return {
    inputs: { x: numbers(draw, shape), places, updates: numbers(draw, places.shape) },
    build: ({ x, places, updates }) => g.scatterElements(x, places, updates, axis, reduction),
  }
}

function slice(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const start = integer(draw, 0, (shape.at(axis) as number) - 1)
  const end = integer(draw, start + 1, shape.at(axis) as number)
  return { inputs: { x: numbers(draw, shape) }, build: ({ x }) => g.slice(x, axis, start, end) }
}

/** Parts of a whole, of which the loss may use one only. */
function split(draw: Draw): Example {
  const lengths = someShape(draw, 1, 3)
  const total = lengths.reduce((sum, length) => sum + length)
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const used = flag(draw) ? undefined : integer(draw, 0, lengths.length - 1)
  return {
    inputs: { x: numbers(draw, shape.with(axis, total)) },
    build({ x }) {
      const parts = g.split(x, axis, lengths)
      return used === undefined ? parts : parts[used]
    },
  }
}

/** Two or three values, one of them possibly an integer constant's cast, which wants no gradient. */
function concat(draw: Draw): Example {
  const shape = someShape(draw)
  const axis = someAxis(draw, shape)
  const part = () => numbers(draw, shape.with(axis, integer(draw, 1, 3)))
  const constant = flag(draw)
  return {
    inputs: { a: part(), b: constant ? indices(draw, shape, 4) : part(), c: part() },
    build: ({ a, b, c }) => (constant ? g.concat([g.cast(b, 'float32'), a], axis) : g.concat([a, b, c], axis)),
  }
}

function where(draw: Draw): Example {
  const shape = someShape(draw)
  const condition: Input = { dtype: 'bool', ...tabulate(stretchable(draw, shape), () => integer(draw, 0, 1)) }
  return {
    inputs: { condition, a: numbers(draw, shape), b: numbers(draw, stretchable(draw, shape)) },
    build: ({ condition, a, b }) => g.where(condition, a, b),
  }
}

/** Integers, so that some pairs are equal. */
function comparison(apply: (a: g.Value, b: g.Value) => g.Value) {
  return (draw: Draw): Example => {
    const shape = someShape(draw)
    const a = indices(draw, shape, 3)
    const b = { ...indices(draw, stretchable(draw, shape), 3), dtype: a.dtype }
    return { inputs: { a, b }, build: ({ a, b }) => apply(a, b) }
  }
}

function both(draw: Draw): Example {
  const shape = someShape(draw)
  const bools = (shape: g.Shape): Input => ({ dtype: 'bool', ...tabulate(shape, () => integer(draw, 0, 1)) })
  return { inputs: { a: bools(shape), b: bools(stretchable(draw, shape)) }, build: ({ a, b }) => g.and(a, b) }
}

/** Random examples of every operator. */
export const cases: { readonly [Op in g.OpName]: (draw: Draw) => Example } = {
  Add: binary(g.add),
  Sub: binary(g.sub),
  Mul: binary(g.mul),
  Div: binary(g.div, 0.5, 2),
  Where: where,
  Equal: comparison(g.equal),
  Greater: comparison(g.greater),
  GreaterOrEqual: comparison(g.greaterOrEqual),
  Less: comparison(g.less),
  LessOrEqual: comparison(g.lessOrEqual),
  And: both,
  Cast: unary((x) => g.cast(x, 'float32')),
  Identity: unary(g.stopGradient),
  Exp: unary(g.exp),
  Log: unary(g.log, 0.5, 2),
  Sqrt: unary(g.sqrt, 0.5, 2),
  Reciprocal: unary(g.reciprocal, 0.5, 2),
  Neg: unary(g.neg),
  Abs: unary(g.abs),
  Tanh: unary(g.tanh),
  Sigmoid: unary(g.sigmoid),
  Erf: unary(g.erf),
  Sin: unary(g.sin, -9, 9),
  Cos: unary(g.cos, -9, 9),
  Relu: unary(g.relu),
  HardSigmoid: unary((x) => g.hardSigmoid(x, 0.4, 0.3)),
  Gelu: (draw) => {
    const approximate = pick(draw, 'none', 'tanh')
    return unary((x) => g.gelu(x, approximate), -4, 4)(draw)
  },
  MatMul: (draw) => product(draw, g.matMul, true, false),
  Gemm: (draw) => product(draw, g.gemm, false, true),
  FusedMatMul: (draw) => product(draw, g.fusedMatMul, true, true),
  QuantizeLinear: quantizeLinear,
  MatMulIntegerToFloat: integerProduct,
  MatMulNBits: (draw) => {
    const bits = pick(draw, 2, 4, 8)
    const block = pick(draw, 16, 32)
    const inputs = flag(draw) ? 1 : integer(draw, 2, 70)
    const N = integer(draw, 1, 9)
    const blocks = Math.ceil(inputs / block)
    const bytes = numbers(draw, [N, blocks, (block * bits) / 8], 0, 256)
    const scales = Float32Array.from(numbers(draw, [N * blocks], 0.1, 1).data)
    return {
      inputs: { x: numbers(draw, [...someShape(draw, 1, 2), inputs]) },
      build: ({ x }) => {
        const codes = g.tensor('uint8', bytes.shape, Uint8Array.from(bytes.data))
        const held = { codes: x.graph.constant(codes), scales: x.graph.constant(g.float32([N * blocks], scales)) }
        return g.matMulNBits(x, { ...held, inputs, bits, block }, 'float32')
      },
    }
  },
  Softmax: (draw) => {
    const shape = someShape(draw)
    const axis = someAxis(draw, shape)
    return { inputs: { x: numbers(draw, shape) }, build: ({ x }) => g.softmax(x, axis) }
  },
  LayerNormalization: layerNormalization,
  ReduceSum: reduction(g.reduceSum),
  ReduceMean: reduction(g.reduceMean),
  ReduceMax: reduction(g.reduceMax),
  Expand: (draw) => {
    const shape = [...someShape(draw), 2] // never the shape itself
    const own = flag(draw) ? [] : [...stretchable(draw, shape.slice(0, -1)), 1]
    return { inputs: { x: numbers(draw, own) }, build: ({ x }) => g.expand(x, shape) }
  },
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  Slice: slice,
  Split: split,
  Concat: concat,
  Transpose: (draw) => {
    const shape = someShape(draw)
    const perm = draw(fc.shuffledSubarray, [...shape.keys()], { minLength: shape.length })
    return { inputs: { x: numbers(draw, shape) }, build: ({ x }) => g.transpose(x, perm) }
  },
  Reshape: (draw) => {
    const shape = [...someShape(draw), 2]
    const targets: ((x: g.Value) => g.SymbolicShape)[] = [
      (x) => [g.elementsOf(x.shape)],
      (x) => [1, ...x.shape],
      (x) => [...x.shape.slice(0, -1), 1, ...x.shape.slice(-1)],
      () => [0, 1, -1],
    ]
    const target = pick(draw, ...targets)
    return { inputs: { x: numbers(draw, shape) }, build: ({ x }) => g.reshape(x, target(x)) }
  },
  Shape: (draw) => ({ inputs: { x: numbers(draw, someShape(draw, 0)) }, build: ({ x }) => g.shapeOf(x) }),
  Range: (draw) => {
    const start = integer(draw, 0, 4)
    const limit = start + integer(draw, 0, 5)
    return { inputs: { x: numbers(draw, [1]) }, build: ({ x }) => g.range(x, start, limit) }
  },
}
