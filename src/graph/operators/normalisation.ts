import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { formatShape, sameShape } from '../tensor.js'
import { expectDType, resolveAxis } from './shape-rules.js'

export const Softmax: Operator<'Softmax'> = {
  attributes: { axis: 'int' },
  infer([x], { axis }) {
    expectDType('Softmax', x, 'float32')
    resolveAxis('Softmax', axis, x.shape)
    return [x]
  },
}

export const LayerNormalization: Operator<'LayerNormalization'> = {
  attributes: { axis: 'int', epsilon: 'float' },
  infer([x, scale, bias], { axis }) {
    const normalised = x.shape.slice(resolveAxis('LayerNormalization', axis, x.shape))
    for (const value of [x, scale, bias]) expectDType('LayerNormalization', value, 'float32')
    for (const [what, value] of [
      ['scale', scale],
      ['bias', bias],
    ] as const) {
      if (!sameShape(value.shape, normalised)) {
        throw new RangeError(
          `LayerNormalization: ${what} expected ${formatShape(normalised)}, got ${formatShape(value.shape)}`,
        )
      }
    }
    return [x]
  },
}

/** exp(x) / sum exp(x) along an axis (the last unless told); -Infinity gives 0, a row of nothing else gives NaN. */
export const softmax = (x: Value, axis = -1): Value => x.graph.apply('Softmax', [x], { axis })[0]

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last dimension; the variance divides by its length.
 * @param scale [D] @param bias [D]
 */
export const layerNormalization = (x: Value, scale: Value, bias: Value, epsilon: number): Value =>
  x.graph.apply('LayerNormalization', [x, scale, bias], { axis: -1, epsilon })[0]
