import type { OpAttributes, OpName } from './attributes.js'
import type { Dimension } from './dimension.js'
import type { DType, SymbolicShape, Tensor, TensorType } from './tensor.js'

/** An array that flows through a graph: an input, a constant, or the output of a node. */
export interface Value extends TensorType {
  readonly graph: Graph
  /** Unique in its graph. */
  readonly name: string
  /** Its content, where the graph itself holds it. */
  readonly constant?: Tensor
  /** What an int64 scalar or vector holds, where it was computed from lengths. */
  readonly integers?: readonly Dimension[]
}

/** How a value is differentiated in place of the nodes that made it (what JAX calls a custom VJP). */
export interface CustomGradient {
  /** The float32 values that it is taken to be a function of. */
  readonly inputs: readonly Value[]
  /** As the rule of an operator: the loss's gradient with respect to each wanted input, of its shape. */
  readonly rule: (dy: Value, wanted: readonly boolean[]) => readonly (Value | undefined)[]
}

/** One operator applied to values. */
export interface Node<Op extends OpName = OpName> {
  readonly op: Op
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: OpAttributes[Op]
}

/**
 * An ONNX graph under construction. Nodes are kept in the order they were applied, which is topological.
 * Shapes are checked while building; values are made by the functions in `operators/` (`matMul(a, b)`).
 */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly constants: readonly Value[]
  readonly nodes: readonly Node[]
  /** Named results; one value may have several names. */
  readonly outputs: ReadonlyMap<string, Value>
  /** Whether gradient rules may use operators that only ONNX Runtime's CPU provider has. */
  readonly fused: boolean
  /** The node that a value is an output of; undefined for inputs and constants. */
  producer(value: Value): Node | undefined
  /**
   * Declares an input. Weights are inputs too: a protobuf message cannot hold more than 2 GB.
   * @param shape integers >= 0, and names or sums of names for lengths that only a run decides (see `Dimension`)
   * @throws RangeError for a second input of that name, or a length that is neither
   */
  input(name: string, dtype: DType, shape: SymbolicShape): Value
  /** A small array written into the model itself. */
  constant(tensor: Tensor): Value
  /** Applies an operator and returns its outputs. */
  apply<Op extends OpName>(op: Op, inputs: readonly Value[], attributes: OpAttributes[Op]): Value[]
  /**
   * Says how a value is differentiated; returns the value.
   * @throws RangeError for a value that no node of this graph made, or that makes up one with others
   */
  differentiate(value: Value, gradient: CustomGradient): Value
  /** What was said of it. */
  customGradient(value: Value): CustomGradient | undefined
  /** Names a result; returns the value. */
  output(name: string, value: Value): Value
}

/** How a graph is to be built. */
export interface GraphOptions {
  /**
   * Lets gradient rules use com.microsoft's FusedMatMul, which saves transposes on the CPU and may fall back to it
   * elsewhere; without it (the default) they keep to operators that every provider has.
   */
  readonly fused?: boolean
}
