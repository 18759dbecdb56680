import { add, mul, neg, scalar, sub } from '../functions/elementwise.js'
import { expand } from '../functions/rearranging.js'
import { reduceMean, reduceSum } from '../functions/reduction.js'
import type { Operator } from '../operator.js'
import { formatShape, numericShape, type SymbolicShape, sameShape, sizeOf } from '../tensor.js'
import type { Value } from '../value.js'
import { scaled, summedTo } from './broadcasting.js'
import { expectDType, resolveAxis } from './shape-rules.js'

export const Softmax: Operator<'Softmax'> = {
  attributes: { axis: 'int' },
  infer([x], { axis }) {
    expectDType('Softmax', x, 'float32')
    resolveAxis('Softmax', axis, x.shape)
    return [x]
  },
  gradient({ outputs: [p], attributes: { axis } }, [dp]) {
    return [mul(p, sub(dp, reduceSum(mul(dp, p), [axis], true)))]
  },
}

const layerNorm = 'LayerNormalization'

/** Three outputs: the normalised value, and the mean and the inverse deviation, the normalised axes kept as 1. */
export const LayerNormalization: Operator<typeof layerNorm> = {
  attributes: { axis: 'int', epsilon: 'float' },
  requiredOutputs: 1,
  infer([x, scale, bias], { axis }) {
    const from = resolveAxis(layerNorm, axis, x.shape)
    expectDType(layerNorm, x, 'float32')
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
    const throughMean = (dMean: Value) =>
      mul(dMean, scalar(x, 1 / sizeOf(numericShape(`${layerNorm}: the gradient`, scale.shape))))
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

function expectParameter(what: string, value: Value, shape: SymbolicShape): void {
  expectDType(layerNorm, value, 'float32')
  if (!sameShape(value.shape, shape)) {
    throw new RangeError(`${layerNorm}: ${what} expected ${formatShape(shape)}, got ${formatShape(value.shape)}`)
  }
}

const isAll = (number: number, { constant }: Value): boolean =>
  constant?.dtype === 'float32' && constant.data.every((element) => element === number)
