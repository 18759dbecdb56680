import { expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { thresholdOf } from '../../src/kernels/threshold.js'

async function keysOf(values: readonly number[]) {
  const kernels = await loadKernels()
  const [address] = kernels.reserve(values.length * 4)
  new Float32Array(kernels.exports.memory.buffer, address, values.length).set(values)
  return { kernels, address, count: values.length }
}

const keyOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]

it('the k-th largest |score| of several arrays in several instances, and how many equal to it', async () => {
  const arrays = [await keysOf([3, -1, 0, -0]), await keysOf([-3, 2, 2, Infinity])]
  const sorted = [Infinity, 3, 3, 2, 2, 1, 0, 0]
  sorted.forEach((value, i) => {
    expect(thresholdOf(arrays, i + 1)).toEqual({ key: keyOf(value), ties: i + 1 - sorted.indexOf(value) })
  })
})

it('more than there are is refused', async () => {
  const array = await keysOf([1, 2, 3])
  expect(() => thresholdOf([array], 4)).toThrow(new RangeError('"k" expected at most the number of scores, got 4'))
})
