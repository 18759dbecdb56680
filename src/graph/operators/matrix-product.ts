import type { OpAttributes } from '../attributes.js'
import { fusedMatMul, gemm, matMul, type ProductOptions } from '../functions/matrix-product.js'
import { reshape, transpose } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { elementsOf, formatShape, type SymbolicShape } from '../tensor.js'
import type { Value } from '../value.js'
import { summedTo } from './broadcasting.js'
import { broadcast, expectDType } from './shape-rules.js'

export const MatMul: Operator<'MatMul'> = {
  attributes: {},
  infer: ([a, b]) => [{ dtype: 'float32', shape: productShape('MatMul', a, b, false, false) }],
  gradient({ inputs: [a, b] }, [dy], wanted) {
    const flags: OpAttributes['Gemm'] = { alpha: 1, transA: 0, transB: 0 }
    if (b.shape.length === 2) return flatGradients(a, b, dy, flags, wanted)
    return productGradients(a.graph.fused ? fusedMatMul : transposedMatMul, a, b, dy, flags, wanted)
  },
}

/** ONNX's Gemm without its third operand. */
export const Gemm: Operator<'Gemm'> = {
  attributes: { alpha: 'float', transA: 'int', transB: 'int' },
  infer([a, b], { transA, transB }) {
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      throw new RangeError(`Gemm: expected two axes, ${formatShape(a.shape)} x ${formatShape(b.shape)}`)
    }
    return [{ dtype: 'float32', shape: productShape('Gemm', a, b, transA === 1, transB === 1) }]
  },
  gradient: ({ inputs: [a, b], attributes }, [dy], wanted) => productGradients(gemm, a, b, dy, attributes, wanted),
}

export const FusedMatMul: Operator<'FusedMatMul'> = {
  domain: 'com.microsoft',
  attributes: { alpha: 'float', transA: 'int', transB: 'int' },
  infer: ([a, b], { transA, transB }) => [
    { dtype: 'float32', shape: productShape('FusedMatMul', a, b, transA === 1, transB === 1) },
  ],
  gradient({ inputs: [a, b], attributes }, [dy], wanted) {
    if (b.shape.length === 2 && attributes.transA === 0) return flatGradients(a, b, dy, attributes, wanted)
    return productGradients(fusedMatMul, a, b, dy, attributes, wanted)
  },
}

function productShape(op: string, a: Value, b: Value, transA: boolean, transB: boolean): SymbolicShape {
  for (const value of [a, b]) expectDType(op, value, 'float32')
  const shapes = `${formatShape(a.shape)} x ${formatShape(b.shape)}`
  if (a.shape.length < 2 || b.shape.length < 2) throw new RangeError(`${op}: expected matrices, ${shapes}`)
  const [rows, inner] = matrixShape(a, transA)
  const [innerToo, columns] = matrixShape(b, transB)
  if (inner !== innerToo) throw new RangeError(`${op}: inner dimensions differ, ${shapes}`)
  return [...broadcast(op, a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
}

function matrixShape({ shape }: Value, transposed: boolean): SymbolicShape {
  const matrix = shape.slice(-2)
  return transposed ? matrix.reverse() : matrix
}

/** With P = alpha A' B' (A', B' the operands as they are read): dA' = alpha dP B'^T and dB' = alpha A'^T dP. */
function productGradients(
  product: (a: Value, b: Value, options: ProductOptions) => Value,
  a: Value,
  b: Value,
  dy: Value,
  { alpha, transA, transB }: OpAttributes['Gemm'],
  [wantsA, wantsB]: readonly boolean[],
): (Value | undefined)[] {
  const [readA, readB] = [transA === 1, transB === 1]
  const leftGradient = () =>
    readA
      ? product(b, dy, { alpha, transA: readB, transB: true })
      : product(dy, b, { alpha, transA: false, transB: !readB })
  const rightGradient = () =>
    readB
      ? product(dy, a, { alpha, transA: true, transB: readA })
      : product(a, dy, { alpha, transA: !readA, transB: false })
  return [
    wantsA ? summedTo(leftGradient(), a.shape) : undefined,
    wantsB ? summedTo(rightGradient(), b.shape) : undefined,
  ]
}

/** A right operand of two axes: the rows of every batch are one tall matrix, and each gradient is one Gemm. */
function flatGradients(
  a: Value,
  b: Value,
  dy: Value,
  flags: OpAttributes['Gemm'],
  wanted: readonly boolean[],
): (Value | undefined)[] {
  const [da, db] = productGradients(gemm, flattened(a), b, flattened(dy), flags, wanted)
  return [da && reshape(da, a.shape), db]
}

function flattened(x: Value): Value {
  return reshape(x, [elementsOf(x.shape.slice(0, -1)), ...x.shape.slice(-1)])
}

/** What FusedMatMul does, for providers that lack it. */
function transposedMatMul(a: Value, b: Value, { transA = false, transB = false }: ProductOptions): Value {
  return matMul(transA ? swapped(a) : a, transB ? swapped(b) : b)
}

function swapped(x: Value): Value {
  const axes = [...x.shape.keys()]
  return transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()])
}
