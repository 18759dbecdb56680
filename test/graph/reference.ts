/**
 * What each operator computes, in float64 and as plainly as it can be said: the reference that ONNX Runtime's results are
 * held against, and the function whose finite differences the gradient rules are held against.
 */
import type { Graph, Node, OpAttributes, OpName, Value } from '../../src/graph/index.js'
import {
  broadcastShape,
  elementwise,
  flatIndex,
  mean,
  type NdArray,
  read,
  reduce,
  sum,
  tabulate,
} from './reference-arrays.js'

type Reference<Op extends OpName> = (inputs: readonly NdArray[], attributes: OpAttributes[Op]) => NdArray[]

const reference: { readonly [Op in OpName]: Reference<Op> } = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Where: elementwise((condition, a, b) => (condition ? a : b)),
  Equal: elementwise((a, b) => Number(a === b)),
  Greater: elementwise((a, b) => Number(a > b)),
  GreaterOrEqual: elementwise((a, b) => Number(a >= b)),
  Less: elementwise((a, b) => Number(a < b)),
  LessOrEqual: elementwise((a, b) => Number(a <= b)),
  And: elementwise((a, b) => Number(a !== 0 && b !== 0)),
  Cast: ([x], { to }) =>
    elementwise(to === 'bool' ? (a) => Number(a !== 0) : to === 'float32' ? (a) => a : Math.trunc)([x]),
  Identity: ([x]) => [x],
  Exp: elementwise(Math.exp),
  Log: elementwise(Math.log),
  Sqrt: elementwise(Math.sqrt),
  Reciprocal: elementwise((x) => 1 / x),
  Neg: elementwise((x) => -x),
  Abs: elementwise(Math.abs),
  Tanh: elementwise(Math.tanh),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  Erf: elementwise(erf),
  Sin: elementwise(Math.sin),
  Cos: elementwise(Math.cos),
  Relu: elementwise((x) => Math.max(x, 0)),
  HardSigmoid: ([x], { alpha, beta }) =>
    elementwise((a) => Math.max(0, Math.min(1, Math.fround(alpha) * a + Math.fround(beta))))([x]),
  Gelu: ([x], { approximate }) => elementwise(approximate === 'tanh' ? tanhGelu : erfGelu)([x]),
  MatMul: ([a, b]) => [product(a, b, {})],
  Gemm: ([a, b], attributes) => [product(a, b, attributes)],
  FusedMatMul: ([a, b], attributes) => [product(a, b, attributes)],
  QuantizeLinear([x, scale, zero], { axis }) {
    const at = (axis + x.shape.length) % x.shape.length
    const isPerPlace = scale.shape.length > 0
    const [low, high] = zero.data[0] >= 100 ? [0, 255] : [-128, 127] // the cases' zero points are 128 of uint8 and 0 of int8
    return [
      tabulate(x.shape, (index) => {
        const place = isPerPlace ? [index[at]] : []
        const rounded = nearestEven(read(x, index) / read(scale, place)) + read(zero, place)
        return Math.max(low, Math.min(high, rounded))
      }),
    ]
  },
  MatMulIntegerToFloat([a, b, aScale, bScale, aZero]) {
    const [whole] = elementwise((code, zero) => code - zero)([a, aZero])
    return elementwise((sum, x, y) => sum * x * y)([product(whole, b, {}), aScale, bScale])
  },
  MatMulNBits: ([x, codes, scales], attributes) => [product(x, unpacked(codes, scales, attributes), { transB: 1 })],
  Softmax([x], { axis }) {
    const largest = reduce(x, [axis], (line) => Math.max(...line))
    const [powers] = elementwise((a, b) => Math.exp(a - b))([x, largest])
    return elementwise((a, b) => a / b)([powers, reduce(powers, [axis], sum)])
  },
  LayerNormalization([x, scale, bias], { epsilon }) {
    const axes = scale.shape.map((_, i) => i - scale.shape.length)
    const center = reduce(x, axes, mean)
    const inverse = reduce(x, axes, (line) => {
      const middle = mean(line)
      return 1 / Math.sqrt(mean(line.map((a) => (a - middle) ** 2)) + Math.fround(epsilon))
    })
    const [standard] = elementwise((a, m, r) => (a - m) * r)([x, center, inverse])
    const [scaled] = elementwise((a, b) => a * b)([standard, scale])
    return [bias ? elementwise((a, b) => a + b)([scaled, bias])[0] : scaled, center, inverse]
  },
  ReduceSum: ([x, axes], { keepdims }) => [reduced(x, axes, keepdims, sum)],
  ReduceMean: ([x, axes], { keepdims }) => [reduced(x, axes, keepdims, mean)],
  ReduceMax: ([x, axes], { keepdims }) => [reduced(x, axes, keepdims, (line) => Math.max(...line))],
  Expand: ([x, target]) => [
    tabulate(broadcastShape(x, { shape: [...target.data], data: x.data }), (index) => read(x, index)),
  ],
  Gather([data, indices], { axis }) {
    const at = (axis + data.shape.length) % data.shape.length
    const after = at + indices.shape.length
    return [
      tabulate([...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)], (index) => {
        const place = read(indices, index.slice(at, after))
        return read(data, [...index.slice(0, at), place, ...index.slice(after)])
      }),
    ]
  },
  GatherElements([data, indices], { axis }) {
    const at = (axis + data.shape.length) % data.shape.length
    return [tabulate(indices.shape, (index) => read(data, index.with(at, read(indices, index))))]
  },
  ScatterElements([data, indices, updates], { axis, reduction }) {
    const at = (axis + data.shape.length) % data.shape.length
    const result = { shape: data.shape, data: data.data.slice() }
    tabulate(indices.shape, (index) => {
      const place = flatIndex(data.shape, index.with(at, read(indices, index)))
      result.data[place] = read(updates, index) + (reduction === 'add' ? result.data[place] : 0)
      return 0
    })
    return [result]
  },
  Slice([data, starts, ends, axes]) {
    const from = data.shape.map(() => 0)
    const shape = [...data.shape]
    for (const [i, axis] of axes.data.entries()) {
      const at = (axis + from.length) % from.length
      from[at] = starts.data[i]
      shape[at] = ends.data[i] - starts.data[i]
    }
    return [
      tabulate(shape, (index) =>
        read(
          data,
          index.map((i, axis) => i + from[axis]),
        ),
      ),
    ]
  },
  Split([data, lengths], { axis }) {
    const at = (axis + data.shape.length) % data.shape.length
    return Array.from(lengths.data, (length, part) => {
      const start = sum([...lengths.data.subarray(0, part)])
      return tabulate(data.shape.with(at, length), (index) => read(data, index.with(at, index[at] + start)))
    })
  },
  Concat(inputs, { axis }) {
    const at = (axis + inputs[0].shape.length) % inputs[0].shape.length
    const owners = inputs.flatMap((input) => Array.from({ length: input.shape[at] }, (_, i) => [input, i] as const))
    return [
      tabulate(inputs[0].shape.with(at, owners.length), (index) => {
        const [input, i] = owners[index[at]]
        return read(input, index.with(at, i))
      }),
    ]
  },
  Transpose: ([x], { perm }) => [
    tabulate(
      perm.map((axis) => x.shape[axis]),
      (index) =>
        read(
          x,
          perm.map((_, axis) => index[perm.indexOf(axis)]),
        ),
    ),
  ],
  Reshape([x, target]) {
    const shape = Array.from(target.data, (length, axis) => (length === 0 ? x.shape[axis] : length))
    const others = shape.reduce((size, length) => (length === -1 ? size : size * length), 1)
    return [{ shape: shape.map((length) => (length === -1 ? x.data.length / others : length)), data: x.data }]
  },
  Shape: ([x]) => [{ shape: [x.shape.length], data: Float64Array.from(x.shape) }],
  Range: ([start, limit, step]) => [
    tabulate([Math.ceil((limit.data[0] - start.data[0]) / step.data[0])], ([i]) => start.data[0] + i * step.data[0]),
  ],
}

function reduced(x: NdArray, { data }: NdArray, keepdims: 0 | 1, combine: (line: number[]) => number): NdArray {
  const result = reduce(x, [...data], combine)
  const axes = Array.from(data, (axis) => (axis + x.shape.length) % x.shape.length)
  return keepdims ? result : { ...result, shape: result.shape.filter((_, axis) => !axes.includes(axis)) }
}

function product(a: NdArray, b: NdArray, { transA = 0, transB = 0, alpha = 1 }): NdArray {
  const [rows, inner] = transA ? a.shape.slice(-2).reverse() : a.shape.slice(-2)
  const columns = b.shape.at(transB ? -2 : -1) as number
  const batch = broadcastShape(...[a, b].map(({ shape, data }) => ({ shape: shape.slice(0, -2), data })))
  return tabulate([...batch, rows, columns], (index) => {
    const [outer, i, j] = [index.slice(0, -2), ...index.slice(-2)] as [number[], number, number]
    const terms = Array.from({ length: inner }, (_, k) => {
      const left = read(a, [...outer, ...(transA ? [k, i] : [i, k])])
      return left * read(b, [...outer, ...(transB ? [j, k] : [k, j])])
    })
    return Math.fround(alpha) * sum(terms)
  })
}

/** Few-bit weights [N, K]: the codes of a byte from its lowest bits on, less the one that is 0, times the scale of their block. */
function unpacked(codes: NdArray, scales: NdArray, { K, N, bits, block_size }: OpAttributes['MatMulNBits']): NdArray {
  const blocks = Math.ceil(K / block_size)
  return tabulate([N, K], ([n, k]) => {
    const place = (n * blocks * block_size + k) * bits
    const code = Math.floor(codes.data[Math.floor(place / 8)] / 2 ** (place % 8)) % 2 ** bits
    return (code - 2 ** (bits - 1)) * scales.data[n * blocks + Math.floor(k / block_size)]
  })
}

/** 2/sqrt(pi) e^(-x^2) times the sum of 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let total = x
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    total += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total
}

const erfGelu = (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2))

const tanhGelu = (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

function computeNode<Op extends OpName>({ op, attributes }: Node<Op>, inputs: readonly NdArray[]): NdArray[] {
  return reference[op](inputs, attributes)
}

/** Every value of a graph, for these inputs by name. */
export function interpret(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Map<Value, NdArray> {
  const values = new Map<Value, NdArray>()
  for (const value of graph.inputs) values.set(value, feeds[value.name])
  for (const value of graph.constants) {
    const { dims, data } = value.constant!
    values.set(value, { shape: dims, data: Float64Array.from(data as Iterable<number>, Number) })
  }
  for (const node of graph.nodes) {
    const results = computeNode(
      node,
      node.inputs.map((value) => values.get(value)!),
    )
    for (const [i, value] of node.outputs.entries()) values.set(value, results[i])
  }
  return values
}

/** The nearest integer, of two the even one. */
function nearestEven(x: number): number {
  const below = Math.floor(x)
  const over = x - below
  return over > 0.5 || (over === 0.5 && below % 2 !== 0) ? below + 1 : below
}
