import { sumOf } from '../dimension.js'
import { concat, slice, split, zeros } from '../functions/rearranging.js'
import type { Operator } from '../operator.js'
import { formatShape, isNumeric, sameShape } from '../tensor.js'
import { constantIntegers, expectDType, knownIntegers, resolveAxis } from './shape-rules.js'

export const Concat: Operator<'Concat'> = {
  attributes: { axis: 'int' },
  infer([first, ...others], { axis }) {
    const at = resolveAxis('Concat', axis, first.shape)
    const shape = [...first.shape]
    for (const other of others) {
      expectDType('Concat', other, first.dtype)
      const rest = other.shape.map((length, i) => (i === at ? first.shape[i] : length))
      if (!sameShape(rest, first.shape)) {
        throw new RangeError(
          `Concat: shapes differ off axis ${axis}, ${formatShape(first.shape)} and ${formatShape(other.shape)}`,
        )
      }
      shape[at] = sumOf(shape[at], other.shape[at])
    }
    return [{ dtype: first.dtype, shape }]
  },
  integers(inputs) {
    const parts = inputs.map(knownIntegers)
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined
  },
  gradient({ inputs, attributes: { axis } }, [dy], wanted) {
    const lengths = inputs.map(({ shape }) => shape[resolveAxis('Concat', axis, shape)])
    if (wanted.filter(Boolean).length > 1 && isNumeric(lengths)) return split(dy, axis, lengths)
    return inputs.map((_, i) => {
      if (!wanted[i]) return undefined
      const start = lengths.slice(0, i).reduce(sumOf, 0)
      return slice(dy, axis, start, sumOf(start, lengths[i]))
    })
  },
}

export const Split: Operator<'Split'> = {
  attributes: { axis: 'int' },
  infer([data, lengths], { axis }) {
    const at = resolveAxis('Split', axis, data.shape)
    const parts = constantIntegers('Split', lengths)
    const total = parts.reduce((sum, length) => sum + length, 0)
    if (total !== data.shape[at] || parts.some((length) => length < 0)) {
      throw new RangeError(`Split: parts ${formatShape(parts)} do not make axis ${axis} of ${formatShape(data.shape)}`)
    }
    return parts.map((length) => ({ dtype: data.dtype, shape: data.shape.with(at, length) }))
  },
  gradient: ({ outputs, attributes: { axis } }, dys) => [
    concat(
      outputs.map((part, i) => dys[i] ?? zeros(part, part.shape)),
      axis,
    ),
  ],
}
