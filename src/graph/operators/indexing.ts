import { type Dimension, differenceOf, isNeverNegative } from '../dimension.js'
import { concat, expand, reshape, scatterElements, zeros } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { elementsOf, formatShape, isNumeric } from '../tensor.js'
import type { Value } from '../value.js'
import { constantIntegers, expectDType, integersOf, knownIntegers, resolveAxis } from './shape-rules.js'

export const Gather: Operator<'Gather'> = {
  attributes: { axis: 'int' },
  infer([data, indices], { axis }) {
    expectDType('Gather', indices, 'int32', 'int64')
    const at = resolveAxis('Gather', axis, data.shape)
    return [{ dtype: data.dtype, shape: [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)] }]
  },
  integers([data, indices]) {
    const [from, at] = [knownIntegers(data), knownIntegers(indices)]
    return data.shape.length === 1 && from && at && isNumeric(at) ? at.map((i) => from[i]) : undefined
  },
  /** ScatterND would need no expanded indices, but ONNX Runtime 1.30 adds duplicates wrongly in it on several threads. */
  gradient({ inputs: [data, indices], attributes: { axis } }, [dy]) {
    const at = resolveAxis('Gather', axis, data.shape)
    const [before, after] = [elementsOf(data.shape.slice(0, at)), elementsOf(data.shape.slice(at + 1))]
    const count = elementsOf(indices.shape)
    const lead = before === 1 ? [] : [before]
    const places = expand(reshape(indices, [...lead.map(() => 1), count, 1]), [...lead, count, after])
    const sums = zeros(dy, [...lead, data.shape[at], after])
    const updates = reshape(dy, [...lead, count, after])
    return [reshape(scatterElements(sums, places, updates, lead.length, 'add'), data.shape)]
  },
}

/**
 * ONNX passes starts, ends and axes as int64 vectors; here they are counted from the front, in steps of 1. A bound that has a name is
 * believed; one that is a number has to lie within the axis whatever the names stand for.
 */
export const Slice: Operator<'Slice'> = {
  attributes: {},
  infer([data, ...operands]) {
    const shape = [...data.shape]
    for (const { axis, at, start, end } of ranges(data, operands)) {
      const [taken, left] = [differenceOf(end, start), differenceOf(data.shape[at], end)]
      const mayLeave = typeof end === 'number' && !isNeverNegative(left)
      if (mayLeave || [start, taken, left].some((length) => typeof length === 'number' && length < 0)) {
        throw new RangeError(`Slice: ${start} to ${end} leaves axis ${axis} of ${formatShape(data.shape)}`)
      }
      shape[at] = taken
    }
    return [{ dtype: data.dtype, shape }]
  },
  gradient({ inputs: [data, ...operands] }, [dy]) {
    let padded = dy
    for (const { at, start, end } of ranges(data, operands)) {
      const gap = (length: Dimension) => (length === 0 ? [] : [zeros(dy, padded.shape.with(at, length))])
      const parts = [...gap(start), padded, ...gap(differenceOf(data.shape[at], end))]
      if (parts.length > 1) padded = concat(parts, at)
    }
    return [padded]
  },
}

function ranges(data: Value, operands: readonly Value[]) {
  const [starts, ends] = operands.map((value) => integersOf('Slice', value))
  const axes = constantIntegers('Slice', operands[2])
  return axes.map((axis, i) => ({
    axis,
    at: resolveAxis('Slice', axis, data.shape),
    start: starts[i],
    end: ends[i],
  }))
}
