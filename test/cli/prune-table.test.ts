import pc from 'picocolors'
import { expect, test } from 'vitest'
import { printReport } from '../../src/cli/prune.js'
import type { PruneReport } from '../../src/prune/prune.js'

const pair = { weights: 4, unreachable: 0, maxError: 1e-3, medianError: 1e-6, expectedGap: 1e-6 }

/** What `slt prune` prints of a report. */
function printed(items: number, itemsPer: PruneReport['itemsPer'] = 'model'): string {
  const report: PruneReport = {
    weights: 8,
    unreachable: 0,
    maxWeightError: 1e-3,
    medianWeightError: 1e-6,
    maxLogitError: 0.01,
    pruneSeconds: 1,
    seconds: 2,
    solvesPerSecond: 8,
    ticketBytes: 100,
    sha256: '',
    keptDense: [],
    resumed: 0,
    family: 'gpt2',
    items,
    embeddingItems: items,
    itemsPer,
    attention: 'merged',
    dense: 'none',
    bitsPerWeight: 20,
    difference: {
      where: '64 x 32 tokens that the target wrote',
      predictions: {
        divergence: 1e-6,
        quantiles: { median: 1e-7, p95: 1e-5, p999: 1e-4, max: 2e-4 },
        sameGreedy: 0.995,
        largest: 0.02,
        spread: 3,
      },
    },
    provedOptimal: items <= 28,
    seed: '0',
    scale: 'auto',
    method: 'balanced',
    pairs: ['h.0.a', 'h.0.b'].map((name) => ({ name, items, sourceScale: 1, ...pair })),
  }
  let text = ''
  const print = (line = '') => {
    text += `${line}\n`
  }
  printReport({ json: false, colour: pc.createColors(false), print, note() {}, result() {} }, report, 'out')
  return text
}

test('above 28 products a weight the table and the summary say that nothing is proved', () => {
  const text = printed(32)
  expect(text).toMatch(/^ h\.0\.a .* not proved optimal$/m)
  expect(text).toMatch(/^ h\.0\.b .* not proved optimal$/m)
  expect(text).toMatch(
    /^not proved optimal: with 32 products a weight, more than 28, .*the expected gap is that of the best/m,
  )
  expect(printed(28)).not.toContain('not proved')
})

test('what the ticket loses is said in nats, with quantiles, and whether anything is dense', () => {
  const text = printed(16)
  expect(text).toContain(
    "divergence from the target's predictions: 1.00e-6 nats a token over 64 x 32 tokens that the target wrote; at most: half 1.00e-7, 95 % 1.00e-5, 99.9 % 1.00e-4, all 2.00e-4",
  )
  expect(text).toContain('the same likeliest token: 99.50 %')
  expect(text).toContain('kept dense: nothing')
})

test('where each matrix has its own items, the table has them', () => {
  expect(printed(16, 'matrix')).toMatch(/^ h\.0\.a +4 +16 +0 /m)
  expect(printed(16)).toMatch(/^ h\.0\.a +4 +0 /m)
})
