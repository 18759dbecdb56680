import type { OpName } from '../attributes.js'
import type { Operator } from '../operator.js'
import { Gelu, HardSigmoid, Relu } from './activation.js'
import { Expand } from './broadcasting.js'
import { Abs, Cos, Erf, Exp, Log, Neg, Reciprocal, Sigmoid, Sin, Sqrt, Tanh } from './elementary.js'
import { GatherElements, ScatterElements } from './elements.js'
import { Add, Div, Mul, Sub, Where } from './elementwise.js'
import { Gather, Slice } from './indexing.js'
import { Concat, Split } from './joining.js'
import { Range, Shape } from './lengths.js'
import { And, Cast, Equal, Greater, GreaterOrEqual, Identity, Less, LessOrEqual } from './logic.js'
import { FusedMatMul, Gemm, MatMul } from './matrix-product.js'
import { LayerNormalization, Softmax } from './normalisation.js'
import { MatMulIntegerToFloat, QuantizeLinear } from './quantisation.js'
import { MatMulNBits } from './quantised-weights.js'
import { Reshape, Transpose } from './rearranging.js'
import { ReduceMax, ReduceMean, ReduceSum } from './reduction.js'

/** Every operator's shape and gradient rules, exhaustive by type: an operator without one does not compile. */
export const operators: { readonly [Op in OpName]: Operator<Op> } = {
  Add,
  Sub,
  Mul,
  Div,
  Where,
  Equal,
  Greater,
  GreaterOrEqual,
  Less,
  LessOrEqual,
  And,
  Cast,
  Identity,
  Exp,
  Log,
  Sqrt,
  Reciprocal,
  Neg,
  Abs,
  Tanh,
  Sigmoid,
  Erf,
  Sin,
  Cos,
  Relu,
  HardSigmoid,
  Gelu,
  MatMul,
  Gemm,
  FusedMatMul,
  QuantizeLinear,
  MatMulIntegerToFloat,
  MatMulNBits,
  Softmax,
  LayerNormalization,
  ReduceSum,
  ReduceMean,
  ReduceMax,
  Expand,
  Gather,
  GatherElements,
  ScatterElements,
  Slice,
  Split,
  Concat,
  Transpose,
  Reshape,
  Shape,
  Range,
}
