import type { DType } from './tensor.js'

type NoAttributes = Record<never, never>

/** The operators that graphs are made of, under their ONNX names, each with its ONNX attributes. */
export interface OpAttributes {
  Add: NoAttributes
  Sub: NoAttributes
  Mul: NoAttributes
  Div: NoAttributes
  Where: NoAttributes
  Equal: NoAttributes
  Greater: NoAttributes
  GreaterOrEqual: NoAttributes
  Less: NoAttributes
  LessOrEqual: NoAttributes
  And: NoAttributes
  Cast: { to: DType }
  Identity: NoAttributes
  Exp: NoAttributes
  Log: NoAttributes
  Sqrt: NoAttributes
  Reciprocal: NoAttributes
  Neg: NoAttributes
  Abs: NoAttributes
  Tanh: NoAttributes
  Sigmoid: NoAttributes
  Erf: NoAttributes
  Sin: NoAttributes
  Cos: NoAttributes
  Relu: NoAttributes
  HardSigmoid: { alpha: number; beta: number }
  Gelu: { approximate: 'none' | 'tanh' }
  MatMul: NoAttributes
  Gemm: { alpha: number; transA: 0 | 1; transB: 0 | 1 }
  FusedMatMul: { alpha: number; transA: 0 | 1; transB: 0 | 1 }
  QuantizeLinear: { axis: number }
  MatMulIntegerToFloat: NoAttributes
  MatMulNBits: { K: number; N: number; bits: 2 | 4 | 8; block_size: number; accuracy_level: number }
  Softmax: { axis: number }
  LayerNormalization: { axis: number; epsilon: number }
  ReduceSum: { keepdims: 0 | 1 }
  ReduceMean: { keepdims: 0 | 1 }
  ReduceMax: { keepdims: 0 | 1 }
  Expand: NoAttributes
  Gather: { axis: number }
  GatherElements: { axis: number }
  ScatterElements: { axis: number; reduction: 'none' | 'add' }
  Slice: NoAttributes
  Split: { axis: number }
  Concat: { axis: number }
  Transpose: { perm: readonly number[] }
  Reshape: NoAttributes
  Shape: NoAttributes
  Range: NoAttributes
}

/** An operator's ONNX name. */
export type OpName = keyof OpAttributes
