import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { expectDType } from './shape-rules.js'

export const Relu: Operator<'Relu'> = {
  attributes: {},
  infer([x]) {
    expectDType('Relu', x, 'float32')
    return [x]
  },
}

export const Gelu: Operator<'Gelu'> = {
  attributes: { approximate: 'string' },
  infer([x]) {
    expectDType('Gelu', x, 'float32')
    return [x]
  },
}

/** max(x, 0), element by element. */
export const relu = (x: Value): Value => x.graph.apply('Relu', [x], {})[0]

/**
 * The Gaussian error linear unit, element by element (Hendrycks and Gimpel 2016).
 * @param approximate 'none': x/2 (1 + erf(x / sqrt 2)); 'tanh': x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), GPT-2's
 */
export const gelu = (x: Value, approximate: 'none' | 'tanh'): Value => x.graph.apply('Gelu', [x], { approximate })[0]
