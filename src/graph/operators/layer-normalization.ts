import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { formatShape, type Shape, sameShape, sizeOf } from '../tensor.js'
import { expand, scaled, summedTo } from './broadcasting.js'
import { neg } from './elementary.js'
import { add, mul, scalar, sub } from './elementwise.js'
import { reduceMean } from './reduction.js'
import { expectDType, resolveAxis } from './shape-rules.js'

const op = 'LayerNormalization'

/** Three outputs: the normalised value, and the mean and the inverse deviation, the normalised axes kept as 1. */
export const LayerNormalization: Operator<typeof op> = {
  attributes: { axis: 'int', epsilon: 'float' },
  requiredOutputs: 1,
  infer([x, scale, bias], { axis }) {
    const from = resolveAxis(op, axis, x.shape)
    expectDType(op, x, 'float32')
    expectParameter('scale', scale, x.shape.slice(from))
    if (bias !== undefined) expectParameter('bias', bias, x.shape.slice(from))
    const statistic = { dtype: 'float32', shape: x.shape.map((length, i) => (i < from ? length : 1)) } as const
    return [x, statistic, statistic]
  },
  gradient({ inputs: [x, scale, bias], outputs: [y, mean, inverse] }, [dy, dMean, dInverse], wanted) {
    const plain = isAll(1, scale)
    // (x - mean) / deviation: the output itself where that is neither scaled nor shifted
    const standard = plain && (bias === undefined || isAll(0, bias)) ? y : mul(sub(x, mean), inverse)

    const throughOutput = (dy: Value) => {
      const axes = scale.shape.map((_, i) => i - scale.shape.length)
      const ds = plain ? dy : mul(dy, scale)
      const along = mul(standard, reduceMean(mul(ds, standard), axes, true))
      return mul(sub(sub(ds, reduceMean(ds, axes, true)), along), inverse)
    }
    const throughMean = (dMean: Value) => mul(dMean, scalar(x, 1 / sizeOf(scale.shape)))
    const throughInverse = (dInverse: Value) => neg(mul(standard, throughMean(mul(dInverse, mul(inverse, inverse)))))
    const dx = () =>
      [dy && throughOutput(dy), dMean && throughMean(dMean), dInverse && throughInverse(dInverse)]
        .filter((part) => part !== undefined)
        .reduce(add)
    return [
      wanted[0] ? expand(dx(), x.shape) : undefined,
      wanted[1] && dy ? summedTo(scaled(dy, standard), scale.shape) : undefined,
      wanted[2] && dy ? summedTo(dy, bias.shape) : undefined,
    ]
  },
}

function expectParameter(what: string, value: Value, shape: Shape): void {
  expectDType(op, value, 'float32')
  if (!sameShape(value.shape, shape)) {
    throw new RangeError(`${op}: ${what} expected ${formatShape(shape)}, got ${formatShape(value.shape)}`)
  }
}

const isAll = (number: number, { constant }: Value): boolean =>
  constant?.dtype === 'float32' && constant.data.every((element) => element === number)

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last dimension; the variance divides by its length.
 * A scale that is a constant of ones, without bias or with a constant of zeros, has the cheapest gradient.
 * @param scale [D] @param bias [D], or undefined for none
 */
export const layerNormalization = (x: Value, scale: Value, bias: Value | undefined, epsilon: number): Value =>
  layerNormalizationWithStatistics(x, scale, bias, epsilon).normalised

/**
 * {@link layerNormalization} with what it is made of.
 * @returns normalised [..., D]; mean and inverse = 1 / sqrt(variance + epsilon), both [..., 1]
 */
export function layerNormalizationWithStatistics(
  x: Value,
  scale: Value,
  bias: Value | undefined,
  epsilon: number,
): { normalised: Value; mean: Value; inverse: Value } {
  const inputs = bias === undefined ? [x, scale] : [x, scale, bias]
  const [normalised, mean, inverse] = x.graph.apply(op, inputs, { axis: -1, epsilon })
  return { normalised, mean, inverse }
}
