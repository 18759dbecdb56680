import { differenceOf } from '../dimension.js'
import { notDifferentiable, type Operator } from '../operator.js'
import { expectDType, integersOf } from './shape-rules.js'

export const Shape: Operator<'Shape'> = {
  attributes: {},
  infer: ([x]) => [{ dtype: 'int64', shape: [x.shape.length] }],
  integers: ([x]) => x.shape,
  gradient: notDifferentiable('Shape'),
}

/** From start to limit in steps of 1; both must be known lengths, so that the result's length is. */
export const Range: Operator<'Range'> = {
  attributes: {},
  infer(operands) {
    for (const operand of operands) expectDType('Range', operand, 'int64')
    const [[start], [limit], [step]] = operands.map((operand) => integersOf('Range', operand))
    if (step !== 1) throw new RangeError(`Range: expected steps of 1, got ${step}`)
    const length = differenceOf(limit, start)
    if (typeof length === 'number' && length < 0) {
      throw new RangeError(`Range: expected start <= limit, got ${start} and ${limit}`)
    }
    return [{ dtype: 'int64', shape: [length] }]
  },
  gradient: notDifferentiable('Range'),
}
