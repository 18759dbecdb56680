import { gelu, mul, relu, scalar, sigmoid, type Value } from '../graph/index.js'
import type { Activation } from './config.js'

/** An activation, element by element. */
export function activate(activation: Activation, x: Value): Value {
  switch (activation) {
    case 'relu':
      return relu(x)
    case 'silu':
      return mul(x, sigmoid(x))
    case 'quick_gelu':
      return mul(x, sigmoid(mul(x, scalar(x, 1.702))))
    case 'gelu':
      return gelu(x, 'none')
    case 'gelu_new':
      return gelu(x, 'tanh')
  }
}
