import type { Value } from '../graph.js'
import type { Operator } from '../operator.js'
import { mul, sub } from './elementwise.js'
import { reduceSum } from './reduction.js'
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

/** exp(x) / sum exp(x) along an axis (the last unless told); -Infinity gives 0, a row of nothing else gives NaN. */
export const softmax = (x: Value, axis = -1): Value => x.graph.apply('Softmax', [x], { axis })[0]
