import { expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { allocateParameters, createDenseStep } from '../../src/kernels/index.js'
import { createReferenceDenseStep } from '../../src/search/ticket-step-reference.js'
import { randomFrom, sameBits, settings } from './ticket-fixture.js'

const counts = [1, 2, 3, 4, 5, 17, 1001]
const shapes = counts.map((count, i) => ({ name: `p${i}`, count, kind: 'dense' as const }))

async function pair(limit: number) {
  const memory = await allocateParameters(loadKernels, shapes, [], { limit })
  const random = randomFrom(1)
  for (const { effective } of memory.dense) effective.set(effective.map(() => random() - 0.5))
  const plain = memory.dense.map(({ name, count, effective }) => {
    const zeros = () => new Float32Array(count)
    return { name, effective: effective.slice(), gradient: zeros(), momentum: zeros(), variance: zeros() }
  })
  return { memory, plain, wasm: createDenseStep(memory.dense), reference: createReferenceDenseStep(plain) }
}

it('dense AdamW: WASM equals the reference bit for bit over 50 steps, in two instances', async () => {
  const { memory, plain, wasm, reference } = await pair(28_000)
  expect(memory.instances).toBe(2)
  const random = randomFrom(2)
  for (let t = 1; t <= 50; t++) {
    memory.dense.forEach(({ gradient }, m) => {
      gradient.set(gradient.map((_, i) => (i % 11 === 3 ? 0 : (random() - 0.5) * 10 ** (-6 * random()))))
      plain[m].gradient.set(gradient)
    })
    wasm.update(settings(t === 20 ? 0.5 : 0.003, t))
    reference.update(settings(t === 20 ? 0.5 : 0.003, t))
    memory.dense.forEach((matrix, m) => {
      const same = (['effective', 'momentum', 'variance'] as const).filter((a) => sameBits(matrix[a], plain[m][a]))
      expect([t, matrix.name, same]).toEqual([t, matrix.name, ['effective', 'momentum', 'variance']])
    })
  }
})

it('the first step moves each value by the learning rate against its gradient, after the decay', async () => {
  const { memory, wasm } = await pair(1e6)
  const [matrix] = memory.dense.slice(-1)
  const before = matrix.effective.slice()
  matrix.gradient.set(matrix.gradient.map((_, i) => (i % 2 ? 3 : -0.01)))
  wasm.update({ ...settings(0.01, 1), weightDecay: 0.5 })
  matrix.effective.forEach((value, i) => {
    expect(value).toBeCloseTo(before[i] * 0.995 + (i % 2 ? -0.01 : 0.01), 6)
  })
})

it('a NaN is refused and names the parameter', async () => {
  for (const rung of ['wasm', 'reference'] as const) {
    const { memory, plain, [rung]: step } = await pair(1e6)
    for (const { gradient } of [memory.dense[5], plain[5]]) gradient[16] = Number.NaN
    expect(() => step.update(settings(0.01, 1))).toThrow(new RangeError('"p5" expected numbers, got NaN at index 16'))
  }
})
