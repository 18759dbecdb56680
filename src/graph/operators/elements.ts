import type { Dimension } from '../dimension.js'
import { gatherElements, scatterElements, zeros } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { formatShape, sameShape } from '../tensor.js'
import type { Value } from '../value.js'
import { expectDType, resolveAxis } from './shape-rules.js'

export const GatherElements: Operator<'GatherElements'> = {
  attributes: { axis: 'int' },
  infer([data, indices], { axis }) {
    expectIndices('GatherElements', data, indices, axis)
    return [{ dtype: data.dtype, shape: indices.shape }]
  },
  gradient: ({ inputs: [data, indices], attributes: { axis } }, [dy]) => [
    scatterElements(zeros(dy, data.shape), indices, dy, axis, 'add'),
  ],
}

export const ScatterElements: Operator<'ScatterElements'> = {
  attributes: { axis: 'int', reduction: 'string' },
  infer([data, indices, updates], { axis }) {
    expectIndices('ScatterElements', data, indices, axis)
    expectDType('ScatterElements', updates, data.dtype)
    if (!sameShape(updates.shape, indices.shape)) {
      const shapes = `${formatShape(indices.shape)} and ${formatShape(updates.shape)}`
      throw new RangeError(`ScatterElements: indices and updates differ, ${shapes}`)
    }
    return [data]
  },
  gradient({ inputs: [, indices, updates], attributes: { axis, reduction } }, [dy], [wantsData, , wantsUpdates]) {
    const kept = () => (reduction === 'add' ? dy : scatterElements(dy, indices, zeros(dy, updates.shape), axis, 'none'))
    return [wantsData ? kept() : undefined, undefined, wantsUpdates ? gatherElements(dy, indices, axis) : undefined]
  },
}

function expectIndices(op: string, data: Value, indices: Value, axis: number): void {
  expectDType(op, indices, 'int32', 'int64')
  const at = resolveAxis(op, axis, data.shape)
  const fits =
    indices.shape.length === data.shape.length &&
    indices.shape.every((length, i) => i === at || length === data.shape[i] || isShorter(length, data.shape[i]))
  if (!fits) {
    throw new RangeError(
      `${op}: indices ${formatShape(indices.shape)} do not fit ${formatShape(data.shape)} off axis ${axis}`,
    )
  }
}

const isShorter = (a: Dimension, b: Dimension) => typeof a === 'number' && typeof b === 'number' && a < b
