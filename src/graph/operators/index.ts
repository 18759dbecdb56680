import type { Operator, OpName } from '../operator.js'
import { Gelu, Relu } from './activation.js'
import { Add, Div, Mul, Sub, Where } from './elementwise.js'
import { Gather, Slice } from './indexing.js'
import { Concat, Split } from './joining.js'
import { MatMul } from './matrix-product.js'
import { LayerNormalization, Softmax } from './normalisation.js'
import { Reshape, Transpose } from './rearranging.js'

/** Every operator's shape rule, exhaustive by type: an operator without one does not compile. */
export const operators: { readonly [Op in OpName]: Operator<Op> } = {
  Add,
  Sub,
  Mul,
  Div,
  Where,
  MatMul,
  Relu,
  Gelu,
  Softmax,
  LayerNormalization,
  Gather,
  Slice,
  Split,
  Concat,
  Transpose,
  Reshape,
}
