import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGenerator } from '../../src/kernels/index.js'
import { createErrorStatistics } from '../../src/prune/error-statistics.js'
import { absoluteDifferences, pairProduct } from '../../src/prune/pair-product.js'
import { planSource } from '../../src/prune/pair-source.js'
import { pruneMatrix } from '../../src/prune/prune-matrix.js'
import { type PrunePool, runPruneTask } from '../../src/prune/task.js'
import { generateWeights, normal } from '../../src/random/index.js'
import { materialisePair } from '../../src/ticket/index.js'

const kernels = await loadKernels()
const pool: PrunePool = { threads: 1, run: async (task) => runPruneTask(kernels, task) }

const cases = [
  { name: 'm.vo', inputs: 7, outputs: 9, items: 10, scale: 'auto', method: 'plain' },
  { name: 'm.qk', queries: 1, inputs: 13, outputs: 13, items: 16, scale: 'auto', method: 'balanced' },
  { name: 'm.fc', inputs: 5, outputs: 33, items: 3, scale: 1, method: 'plain' },
  { name: 'm.long', inputs: 3, outputs: 10, items: 40, scale: 'auto', method: 'balanced' },
  { name: 'm.one', inputs: 1, outputs: 1, items: 1, scale: 'auto', method: 'balanced' },
] as const

describe.each(cases)('pruning $name: $inputs x $outputs, $items items, $method', (options) => {
  const { name, inputs, outputs, queries } = { queries: undefined, ...options }
  const targets = normal(1, 9, inputs * outputs).map((value) => value / 8)
  const largest = targets.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const spec = planSource({ name, inputs, outputs, largest, queries }, 3, options)
  const pruned = pruneMatrix(pool, { seed: 2n ** 63n + 5n, spec, targets, method: options.method })

  it('reports the errors of the masks literally applied', async () => {
    const { masks, report, errors: counted } = await pruned
    const errors = absoluteDifferences(pairProduct(kernels, masks, 2n ** 63n + 5n), targets)
    const statistics = createErrorStatistics()
    statistics.add(errors)
    expect(counted).toEqual(statistics.counts())
    expect(report.maxError).toBe(Math.max(...errors))
    expect(report.weights).toBe(inputs * outputs)

    // Independently: both matrices written out under their masks, multiplied in full.
    const { first, second } = materialisePair(spec, masks, 2n ** 63n + 5n, generateWeights)
    const { hidden, divisor } = spec
    for (let j = 0; j < inputs; j++) {
      for (let i = 0; i < outputs; i++) {
        let sum = 0
        for (let k = 0; k < hidden; k++) sum += (first[j * hidden + k] * second[k * outputs + i]) / divisor
        expect(Math.abs(sum - targets[j * outputs + i])).toBeCloseTo(errors[j * outputs + i], 12)
      }
    }
  })

  it('uses every unit at most once, and the fast generator gives the same weights', async () => {
    const { masks } = await pruned
    const materialised = materialisePair(spec, masks, 2n ** 63n + 5n, createGenerator(kernels))
    expect(materialised).toEqual(materialisePair(spec, masks, 2n ** 63n + 5n, generateWeights))
  })
})

describe('error statistics', () => {
  it('finds the median within 0.2 % and the maximum exactly, over several additions', () => {
    const statistics = createErrorStatistics()
    const values = normal(4, 1, 10_001).map(Math.abs)
    statistics.add(values.slice(0, 4000))
    statistics.add(values.slice(4000))
    const sorted = values.slice().sort()
    expect(statistics.max).toBe(sorted[10_000])
    expect(statistics.count).toBe(10_001)
    expect(Math.abs(statistics.median() / sorted[5000] - 1)).toBeLessThan(0.003)
    expect(createErrorStatistics().median()).toBe(0)
    const merged = createErrorStatistics()
    for (const part of [values.slice(0, 4000), values.slice(4000)]) {
      const own = createErrorStatistics()
      own.add(part)
      merged.addCounts(own.counts())
    }
    expect(merged.counts()).toEqual(statistics.counts())
    expect([merged.count, merged.max, merged.median()]).toEqual([10_001, statistics.max, statistics.median()])
  })
})
