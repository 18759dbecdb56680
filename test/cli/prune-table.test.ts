import pc from 'picocolors'
import { expect, test } from 'vitest'
import { printReport } from '../../src/cli/prune.js'
import type { PruneReport } from '../../src/prune/prune.js'

const pair = { weights: 4, unreachable: 0, maxError: 1e-3, medianError: 1e-6, expectedGap: 1e-6 }

/** What `slt prune` prints of a report. */
function printed(items: number): string {
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
    items,
    provedOptimal: items <= 28,
    seed: '0',
    scale: 'auto',
    method: 'balanced',
    pairs: ['h.0.a', 'h.0.b'].map((name) => ({ name, sourceScale: 1, ...pair })),
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
