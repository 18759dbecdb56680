import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { multiply } from '../../src/paper/matrix.js'
import { groupStart, maskedMatrices, prunePairs } from '../../src/paper/prune-pair.js'
import { createSourcePair } from '../../src/paper/source.js'
import { uniform } from '../../src/random/index.js'
import { createTypeScriptSolver, solveSubsetSum } from '../../src/subset-sum/index.js'

const solver = createTypeScriptSolver()
const shapes = fc.record({
  seed: fc.nat(),
  inputs: fc.integer({ min: 1, max: 4 }),
  outputs: fc.integer({ min: 1, max: 4 }),
  hidden: fc.integer({ min: 0, max: 40 }),
})

function draw(
  { seed, inputs, outputs, hidden }: { seed: number; inputs: number; outputs: number; hidden: number },
  role: 'query-key' | 'value-output' | 'feed-forward',
) {
  const source = createSourcePair({ seed, stream: 0, inputs, hidden, outputs, role, initialisation: 'theory' })
  return { source, target: uniform(seed, 2, inputs * outputs) }
}

describe('a linear pair (Lemma 7)', () => {
  it.each(['query-key', 'value-output'] as const)('%s: literal masks give the merged matrix to 1e-12', (role) => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const job = draw(shape, role)
        const [pair] = prunePairs(solver, [job])
        const { first, second } = maskedMatrices(pair)
        const product = multiply(first, second, shape.inputs, shape.hidden, shape.outputs)
        product.forEach((value, i) => {
          expect(Math.abs(value / job.source.divisor - pair.weights[i])).toBeLessThan(1e-12)
          expect(pair.weights[i] - job.target[i]).toBe(pair.errors[i])
        })
      }),
      { numRuns: 30 },
    )
  })

  it('each entry is the best subset of its group, and no weight is changed', () => {
    const job = draw({ seed: 3, inputs: 2, outputs: 3, hidden: 21 }, 'value-output')
    const { first, second } = job.source
    const [pair] = prunePairs(solver, [job])
    for (let j = 0; j < 2; j++)
      for (let i = 0; i < 3; i++) {
        const items = []
        for (let k = groupStart(j, 2, 21); k < groupStart(j + 1, 2, 21); k++)
          items.push(first[j * 21 + k] * second[k * 3 + i])
        expect(pair.errors[j * 3 + i]).toBe(solveSubsetSum(items, job.target[j * 3 + i]).error)
      }
    const masked = maskedMatrices(pair)
    masked.first.forEach((value, i) => {
      if (value !== 0) expect(value).toBe(first[i])
    })
    masked.second.forEach((value, i) => {
      if (value !== 0) expect(value).toBe(second[i])
    })
    for (let k = 0; k < 21; k++)
      expect([masked.first[k], masked.first[21 + k]].filter((value) => value !== 0)).toHaveLength(1)
  })

  it('groups cover all units and differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 500 }), (inputs, hidden) => {
        const sizes = Array.from(
          { length: inputs },
          (_, j) => groupStart(j + 1, inputs, hidden) - groupStart(j, inputs, hidden),
        )
        expect(sizes.reduce((a, b) => a + b)).toBe(hidden)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('many jobs at once give what one at a time gives', () => {
    const jobs = [12, 7, 0, 12].map((hidden, seed) => draw({ seed, inputs: 2, outputs: 2, hidden }, 'value-output'))
    const together = prunePairs(solver, jobs)
    jobs.forEach((job, i) => {
      expect(together[i]).toEqual(prunePairs(solver, [job])[0])
    })
  })

  it('the median error falls by about 2 an item', () => {
    const medianError = (hidden: number): number => {
      const jobs = Array.from({ length: 50 }, (_, seed) =>
        draw({ seed, inputs: 2, outputs: 2, hidden }, 'value-output'),
      )
      const errors = prunePairs(solver, jobs).flatMap(({ errors }) => Array.from(errors, Math.abs))
      return errors.sort((a, b) => a - b)[100]
    }
    const ratio = medianError(16) / medianError(28) // 8 and 14 items: 2^6, less sqrt and reach
    expect(ratio).toBeGreaterThan(25)
    expect(ratio).toBeLessThan(160)
  })
})

describe('a pair with a ReLU between (Pensia et al. 2020)', () => {
  it('the literal two layers equal the merged halves for every sign to 1e-12', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const job = draw(shape, 'feed-forward')
        const [pair] = prunePairs(solver, [job])
        const { first, second } = maskedMatrices(pair)
        const x = uniform(shape.seed, 9, 3 * shape.inputs)
        const hidden = multiply(x, first, 3, shape.inputs, shape.hidden).map((value) => Math.max(value, 0))
        const literal = multiply(hidden, second, 3, shape.hidden, shape.outputs)
        for (let row = 0; row < 3; row++)
          for (let i = 0; i < shape.outputs; i++) {
            let sum = 0
            for (let j = 0; j < shape.inputs; j++) {
              const value = x[row * shape.inputs + j]
              const half = value < 0 ? (pair.negativeWeights as Float64Array) : pair.weights
              sum += value * half[j * shape.outputs + i]
            }
            expect(Math.abs(literal[row * shape.outputs + i] - sum)).toBeLessThan(1e-12)
          }
      }),
      { numRuns: 30 },
    )
  })

  it('both halves approach the same matrix', () => {
    const job = draw({ seed: 5, inputs: 2, outputs: 2, hidden: 100 }, 'feed-forward')
    const [pair] = prunePairs(solver, [job])
    job.target.forEach((value, i) => {
      expect(Math.abs(pair.weights[i] - value)).toBeLessThan(1e-4)
      expect(Math.abs((pair.negativeWeights as Float64Array)[i] - value)).toBeLessThan(1e-4)
    })
    expect(pair.errors).toHaveLength(8)
  })
})

describe('bad shapes', () => {
  it('are refused by name', () => {
    const job = draw({ seed: 1, inputs: 2, outputs: 2, hidden: 6 }, 'value-output')
    expect(() => prunePairs(solver, [{ ...job, target: new Float64Array(3) }])).toThrow('"target"')
    expect(() => prunePairs(solver, [{ ...job, source: { ...job.source, hidden: 5 } }])).toThrow('"first"')
    expect(() => draw({ seed: 1, inputs: 2, outputs: 2, hidden: -1 }, 'value-output')).toThrow('"hidden"')
  })

  it('Xavier ranges come from the fans', () => {
    const pair = createSourcePair({
      seed: 1,
      stream: 0,
      inputs: 2,
      hidden: 4000,
      outputs: 1,
      role: 'query-key',
      initialisation: 'xavier',
    })
    const largest = Math.max(...pair.first.map(Math.abs))
    expect(largest / Math.sqrt(6 / 4002)).toBeGreaterThan(0.99)
    expect(largest / Math.sqrt(6 / 4002)).toBeLessThan(1)
    expect(pair.divisor).toBe(Math.sqrt(4000))
  })
})
