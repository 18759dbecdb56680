import type { Value } from './graph.js'
import type { TensorType } from './tensor.js'

type NoAttributes = Record<never, never>

/** The operators that graphs are made of, under their ONNX names, each with its ONNX attributes. */
export interface OpAttributes {
  Add: NoAttributes
  Sub: NoAttributes
  Mul: NoAttributes
  Div: NoAttributes
  Where: NoAttributes
  MatMul: NoAttributes
  Relu: NoAttributes
  Gelu: { approximate: 'none' | 'tanh' }
  Softmax: { axis: number }
  LayerNormalization: { axis: number; epsilon: number }
  Gather: { axis: number }
  Slice: NoAttributes
  Split: { axis: number }
  Concat: { axis: number }
  Transpose: { perm: readonly number[] }
  Reshape: NoAttributes
}

/** An operator's ONNX name. */
export type OpName = keyof OpAttributes

/** How an attribute is written: the member of ONNX's AttributeProto that holds it. */
export type AttributeKind = 'int' | 'float' | 'string' | 'ints'

/** What the builder knows of an operator. Its gradient rule will stand beside `infer`. */
export interface Operator<Op extends OpName> {
  /** How each attribute is written. */
  readonly attributes: { readonly [Name in keyof OpAttributes[Op]]: AttributeKind }
  /**
   * Types of the outputs for these inputs.
   * @throws RangeError that names the operator and the shapes when they do not fit
   * @throws TypeError when an element type does not fit
   */
  readonly infer: (inputs: readonly Value[], attributes: OpAttributes[Op]) => readonly TensorType[]
}
