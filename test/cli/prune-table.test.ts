import pc from 'picocolors'
import { expect, test } from 'vitest'
import { printReport } from '../../src/cli/prune-report.js'
import type { PruneReport } from '../../src/prune/prune.js'

const pair = { weights: 4, unreachable: 0, maxError: 1e-3, medianError: 1e-6, expectedGap: 1e-6 }

/** What `slt prune` prints of a report. */
function printed(items: number, change: Partial<PruneReport> = {}): string {
  const report: PruneReport = {
    parameters: 6,
    denseParameters: 0,
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
    itemsPer: 'model',
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
    checks: [],
    provedOptimal: items <= 28,
    seed: '0',
    scale: 'auto',
    method: 'balanced',
    pairs: ['h.0.a', 'h.0.b'].map((name) => ({ name, items, sourceScale: 1, ...pair })),
    ...change,
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
    "divergence from the target's predictions: 1.00e-6 nats a token over 64 x 32 tokens that the target wrote: median 1.00e-7, 95 % 1.00e-5, 99.9 % 1.00e-4, largest 2.00e-4",
  )
  expect(text).toContain('the same likeliest token: 99.50 %')
  expect(text).toContain('kept dense: nothing')
})

test('where each matrix has its own items, the table has them', () => {
  expect(printed(16, { itemsPer: 'matrix' })).toMatch(/^ h\.0\.a +4 +16 +0 /m)
  expect(printed(16)).toMatch(/^ h\.0\.a +4 +0 /m)
})

test('weights of the model and subset sums are two counts', () => {
  expect(printed(16)).toContain('\n6 weights as 8 subset sums, 0 out of reach')
  expect(printed(16, { denseParameters: 2 })).toContain('\n4 of 6 weights as 8 subset sums')
})

test('the parts of a matrix are one row: sums of counts, the largest errors', () => {
  const parts = ['wte.0', 'wte.1', 'wte.2', 'h.0.attn.0.qk', 'h.0.attn.0.vo', 'h.0.attn.1.qk', 'h.0.attn.1.vo', 'head']
  const pairs = parts.map((name, i) => ({ name, items: 16, sourceScale: 1, ...pair, unreachable: 1, maxError: i + 1 }))
  const rows = printed(16, { pairs })
    .split('\n')
    .map((line) => line.trim().split(/ {3,}/).slice(0, 4))
  expect(rows.slice(2, 6)).toEqual([
    ['wte, 3 parts', '12', '3', '3.00'],
    ['h.0.attn.qk, 2 parts', '8', '2', '6.00'],
    ['h.0.attn.vo, 2 parts', '8', '2', '7.00'],
    ['head', '4', '1', '8.00'],
  ])
})

test('a ticket that slt verify would refuse is told, with the items to try', () => {
  const checks = [
    { name: 'divergence', passed: false, value: 0.2, limit: 0.01, detail: '' },
    { name: 'greedy tokens', passed: true, value: 0.99, limit: 0.95, detail: '' },
  ]
  expect(printed(8, { checks, itemsToTry: 11 })).toMatch(
    /^warning: slt verify --target would fail: divergence 0\.200, at most 0\.0100 expected; it has 8 items a weight: try --items 11$/m,
  )
  expect(printed(8)).not.toContain('warning')
})
