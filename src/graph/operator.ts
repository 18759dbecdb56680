import type { OpAttributes, OpName } from './attributes.js'
import type { Dimension } from './dimension.js'
import type { TensorType } from './tensor.js'
import type { Node, Value } from './value.js'

/** How an attribute is written: the member of ONNX's AttributeProto that holds it; a dtype is an int there. */
export type AttributeKind = 'int' | 'float' | 'string' | 'ints' | 'dtype'

/** Operators with more than one output: the loss may depend on some of them only. */
type SeveralOutputs = 'Split' | 'LayerNormalization'

/** The loss's gradients with respect to a node's outputs; undefined where the loss does not depend on the output. */
export type OutputGradients<Op extends OpName> = Op extends SeveralOutputs
  ? readonly (Value | undefined)[]
  : readonly [Value]

/** What the builder knows of an operator: how it is written, the shapes that it makes, and how it is differentiated. */
export interface Operator<Op extends OpName> {
  /** The operator set that it comes from, where that is not ONNX's own. */
  readonly domain?: 'com.microsoft'
  /** How each attribute is written. */
  readonly attributes: { readonly [Name in keyof OpAttributes[Op]]: AttributeKind }
  /** How many outputs must be written; later ones are left out where nothing uses them. All when absent. */
  readonly requiredOutputs?: number
  /**
   * Types of the outputs for these inputs.
   * @throws RangeError that names the operator and the shapes when they do not fit
   * @throws TypeError when an element type does not fit
   */
  readonly infer: (inputs: readonly Value[], attributes: OpAttributes[Op]) => readonly TensorType[]
  /**
   * What the output holds, where it is an int64 scalar or vector that follows from lengths. Absent: it is not known.
   * @returns undefined where an input is not known either
   */
  readonly integers?: (inputs: readonly Value[], attributes: OpAttributes[Op]) => readonly Dimension[] | undefined
  /**
   * The rule of reverse-mode differentiation: the loss's gradients with respect to the inputs, each of its input's
   * shape, made by applying ordinary nodes.
   * @param node the forward node; its outputs may be used
   * @param outputGradients the loss's gradient for each output, of the output's shape
   * @param wanted for each input whether its gradient is asked for; only float32 inputs are
   * @returns a gradient for each wanted input; undefined (or nothing) means zero
   */
  readonly gradient: (
    node: Node<Op>,
    outputGradients: OutputGradients<Op>,
    wanted: readonly boolean[],
  ) => readonly (Value | undefined)[]
}

/**
 * The rule of an operator that has no useful derivative.
 * @returns a rule that throws a RangeError naming the operator
 */
export function notDifferentiable(op: OpName): () => never {
  return () => {
    throw new RangeError(`${op}: not differentiable`)
  }
}
