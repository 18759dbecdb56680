import { add, layerNormalization, mul, reciprocal, reduceMean, scalar, sqrt, type Value } from '../graph/index.js'
import type { NormSpec } from './port.js'

/**
 * A norm over the last dimension of x.
 * @param gain absent for 1; of a LayerNorm it must be there
 * @param shift absent for 0
 */
export function normalise(spec: NormSpec, x: Value, gain: Value | undefined, shift: Value | undefined): Value {
  if (spec.kind === 'layer') return layerNormalization(x, gain!, shift, spec.epsilon)
  const square = reduceMean(mul(x, x), [x.shape.length - 1], true)
  const normed = mul(x, reciprocal(sqrt(add(square, scalar(x, spec.epsilon)))))
  return gain ? mul(normed, gain) : normed
}
