// Soft levels: the kernels against the formula, how they harden, and that a ticket is always of hard levels.
import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import {
  adamwFactors,
  allocateParameters,
  type CodedMemory,
  moveSoftLevels,
  type SoftLevels,
  wearSoftLevels,
} from '../../src/kernels/index.js'
import { asTicket } from '../../src/search/algorithm.js'
import { fixedScales } from '../../src/search/scales.js'
import { createSoftLevels } from '../../src/search/soft-levels.js'
import { randomFrom, settings } from './ticket-fixture.js'

async function makeMatrices(counts: readonly number[]): Promise<readonly CodedMemory[]> {
  const shapes = counts.map((count, i) => ({ name: `m${i}`, count, kind: 'coded' as const }))
  const { coded } = await allocateParameters(loadKernels, shapes)
  const random = randomFrom(11)
  for (const { weights, latents, gradient } of coded) {
    for (let i = 0; i < weights.length; i++) {
      weights[i] = random() < 0.5 ? -1 : 1
      latents[i] = i % 29 === 7 ? 0 : (random() - 0.5) * 0.6
      gradient[i] = random() - 0.5
    }
  }
  return coded
}

/** The smooth function in float64. */
function smooth(value: number, { distance, levels, temperature }: SoftLevels): number {
  const isEven = levels % 2 === 0
  const most = levels >> 1
  const shift = isEven ? 0.5 : 0
  const y = Math.max(-most, Math.min(value / distance - shift, isEven ? most - 1 : most))
  const below = Math.min(Math.floor(y), (isEven ? most - 1 : most) - 1)
  const u = y - below - 0.5
  const step = Math.tanh(u / (2 * temperature)) / Math.tanh(1 / (4 * temperature))
  return (below + 0.5 + step / 2 + shift) * distance
}

const shapes: readonly SoftLevels[] = [
  { distance: 0.2, levels: 3, temperature: 0.25 },
  { distance: 0.11, levels: 4, temperature: 0.5 },
  { distance: 0.08, levels: 7, temperature: 0.03 },
  { distance: 0.03, levels: 15, temperature: 2 },
]

describe.each(shapes)('$levels levels at the temperature $temperature', (soft) => {
  it('wears what the formula says, times the scale, and the outermost level beyond', async () => {
    for (const matrix of await makeMatrices([1, 3, 17, 1031])) {
      wearSoftLevels(matrix, soft, Math.fround(1.7))
      for (const [i, value] of matrix.latents.entries()) {
        expect(matrix.effective[i]).toBeCloseTo(1.7 * smooth(value, soft), 5)
      }
    }
  })

  it('moves values along its derivative, and not those beyond the levels', async () => {
    const [matrix] = await makeMatrices([1031])
    const { latents, gradient, momentum } = matrix
    const before = [...latents]
    moveSoftLevels([matrix], () => soft, settings(0.01, 1))
    const { gain1 } = adamwFactors(settings(0.01, 1))
    const [edge, near] = [(soft.levels - 1) / 2, 1e-5]
    let [beyond, within] = [0, 0]
    for (const [i, value] of before.entries()) {
      const place = Math.abs(value / soft.distance)
      if (place > edge) beyond++
      if (place > edge + 1e-3) expect(momentum[i]).toBeCloseTo(0, 12)
      if (place > edge - 1e-3) continue
      const slope = (smooth(value + near, soft) - smooth(value - near, soft)) / (2 * near)
      expect(momentum[i] / gain1).toBeCloseTo(gradient[i] * slope, 2)
      within++
    }
    expect(beyond).toBeGreaterThan(0)
    expect(within).toBeGreaterThan(100)
  })
})

it('names the matrix of a value that is lost', async () => {
  const matrices = await makeMatrices([8, 8])
  matrices[1].gradient[3] = Number.NaN
  matrices[1].latents[3] = 0.01
  expect(() => moveSoftLevels(matrices, () => shapes[0], settings(0.01, 1))).toThrow(
    '"latents" of m1 expected numbers, got NaN at index 3',
  )
})

describe('a search of soft levels', () => {
  const start = async (unused = new Map()) => {
    const matrices = await makeMatrices([256, 512])
    const levels = new Map([
      ['m0', 3],
      ['m1', 4],
    ])
    const options = { scales: fixedScales, unused, steps: 10, anneal: 0.5, softness: 0.5 }
    const search = createSoftLevels(matrices, levels, options)
    search.select()
    return { matrices, search }
  }
  /** Different magnitudes, those within a rounding of each other counted once. */
  const magnitudes = ({ effective, count }: CodedMemory) =>
    new Set([...effective.subarray(0, count)].map((value) => Math.abs(value).toFixed(6))).size

  it('has many values, then those of its levels alone', async () => {
    const { matrices, search } = await start()
    const found: number[][] = []
    for (let step = 1; step <= 7; step++) {
      search.update(settings(0.01, step))
      found.push(matrices.map(magnitudes))
    }
    expect(found.slice(0, 4).every(([a, b]) => a > 50 && b > 50)).toBe(true)
    expect(found.slice(4)).toEqual(Array(3).fill([2, 2]))
  })

  it('is hard for as long as it is looked at as a ticket, and soft again after', async () => {
    const { matrices, search } = await start()
    search.update(settings(0.01, 1))
    const soft = matrices.map(({ effective }) => effective.slice())
    const codes = await asTicket(search, async () => {
      expect(matrices.map(magnitudes)).toEqual([2, 2])
      return search.found('m1')
    })
    expect(search.found('m1')).toEqual(codes)
    expect(matrices.map(({ effective }) => effective)).toEqual(soft)
    await expect(asTicket(search, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(matrices.map(({ effective }) => effective)).toEqual(soft)
  })

  it('gives no weight to unused rows', async () => {
    const { matrices, search } = await start(new Map([['m1', { ranges: [[64, 128]], used: 448 }]]))
    matrices[1].latents.fill(0, 64, 128)
    search.update(settings(0.01, 1))
    expect(matrices[1].effective.subarray(64, 128).every((value) => value === 0)).toBe(true)
    expect(matrices[1].latents.subarray(64, 128).every((value) => value === 0)).toBe(true)
  })
})
