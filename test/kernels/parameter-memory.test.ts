import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { allocateParameters, type Kernels } from '../../src/kernels/index.js'

const parameters = [
  { name: 'wte', count: 1000, kind: 'ticket' },
  { name: 'q', count: 37, kind: 'ticket' },
  { name: 'ln.weight', count: 16, kind: 'dense' },
  { name: 'wpe', count: 53, kind: 'coded' },
  { name: 'head', count: 999, kind: 'ticket' },
] as const
const arrays = [
  { name: 'tokens', dtype: 'int32', count: 33 },
  { name: 'rows', dtype: 'float32', count: 100, beside: 'head' },
] as const

/** Every array of a memory. */
async function allocate(limit?: number) {
  const memory = await allocateParameters(loadKernels, parameters, arrays, limit === undefined ? {} : { limit })
  const views: (Float32Array | Uint32Array | Uint8Array | Int32Array | Int8Array)[] = memory.matrices.flatMap(
    (matrix): (Float32Array | Uint32Array | Uint8Array | Int8Array)[] => {
      const { effective, gradient, momentum, variance } = matrix
      const common = [effective, gradient, momentum, variance]
      if (matrix.kind === 'dense') return common
      if (matrix.kind === 'coded') return [...common, matrix.weights, matrix.latents, ...matrix.codes]
      const { weights, scores, bits, candidateKeys, candidateIndices } = matrix
      return [...common, weights, scores, ...bits, candidateKeys, candidateIndices]
    },
  )
  return { memory, views: [...views, memory.integers('tokens'), memory.floats('rows')] }
}

describe.each([
  ['one instance', undefined, 1],
  ['several instances', 40_000, 3],
])('%s', (_, limit, instances) => {
  it('holds every array: zero, aligned to 64 bytes, apart from each other', async () => {
    const { memory, views } = await allocate(limit)
    expect(memory.instances).toBe(instances)
    expect(memory.matrices.map(({ name, count }) => [name, count])).toEqual(parameters.map((p) => [p.name, p.count]))
    expect(memory.tickets.map(({ name }) => name)).toEqual(['wte', 'q', 'head'])
    expect(memory.coded.map(({ name }) => name)).toEqual(['wpe'])
    expect(memory.dense.map(({ name }) => name)).toEqual(['ln.weight'])
    for (const view of views) {
      expect(view.byteOffset % 64).toBe(0)
      expect(view.every((value) => value === 0)).toBe(true)
    }
    for (const [i, view] of views.entries()) view.fill(i + 1)
    expect(views.findIndex((view, i) => !view.every((value) => value === i + 1))).toBe(-1)
    const bytes = views.reduce((sum, view) => sum + view.byteLength, 0)
    expect(memory.byteLength).toBeGreaterThan(bytes)
    expect(memory.byteLength).toBeLessThan(bytes + views.length * 1024)
  })

  it('keeps what belongs together in one instance', async () => {
    const { memory } = await allocate(limit)
    expect(memory.floats('rows').buffer).toBe(memory.matrix('head').gradient.buffer)
    expect(memory.integers('tokens').buffer).toBe(memory.matrix('wte').gradient.buffer)
    for (const matrix of memory.tickets) {
      const { kernels, weights, scores, bits, candidateKeys } = matrix
      for (const view of [weights, scores, bits[0], candidateKeys]) {
        expect(view.buffer).toBe(kernels.exports.memory.buffer)
      }
    }
  })
})

it('dense weights are what the loss sees', async () => {
  const { memory } = await allocate()
  const norm = memory.matrix('ln.weight')
  expect(norm.weights).toBe(norm.effective)
})

it('nothing else is laid out in an instance that holds parameters', async () => {
  const { memory } = await allocate()
  expect(() => memory.matrix('q').kernels.reserve(64)).toThrow('laid out once')
})

it('names and counts are checked', async () => {
  const { memory } = await allocate()
  expect(() => memory.matrix('k')).toThrow(new RangeError('"name" expected a parameter, got k'))
  expect(() => memory.floats('tokens')).toThrow(new RangeError('"name" expected a float32 array, got tokens'))
  expect(() => memory.integers('rows')).toThrow(RangeError)
  const one = { name: 'a', count: 1, kind: 'dense' } as const
  await expect(allocateParameters(loadKernels, [])).rejects.toThrow(RangeError)
  await expect(allocateParameters(loadKernels, [one, one])).rejects.toThrow('got a twice')
  await expect(allocateParameters(loadKernels, [{ ...one, count: 0 }])).rejects.toThrow('"count" of a expected')
  const lost = [{ name: 'x', dtype: 'int32', count: 1, beside: 'b' }] as const
  await expect(allocateParameters(loadKernels, [one], lost)).rejects.toThrow('"beside" of x expected')
})

it('says how many bytes were refused, or are too many for one instance', async () => {
  const big = [{ name: 'wte', count: 100_000_000, kind: 'ticket' }] as const
  await expect(allocateParameters(loadKernels, big, [], { limit: 1e9 })).rejects.toThrow(
    /^"wte" expected at most 1000000000 bytes in one instance, got 25\d{8}$/,
  )
  const full = async (): Promise<Kernels> => {
    const { exports } = await loadKernels()
    const reserve = () => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded')
    }
    return { exports, reserve }
  }
  await expect(allocateParameters(full, big)).rejects.toThrow(
    /^parameter memory expected 25\d{8} bytes of WebAssembly memory, and they were refused$/,
  )
})
