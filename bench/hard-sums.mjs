// How much longer hard items take than random ones: equal items, one giant among dwarfs, targets out of reach...
import { loadSolver } from '../dist/engine/node.js'
import { meetInTheMiddle } from '../dist/subset-sum/index.js'
import { hardBatch, hardItems } from './hard-items.mjs'
import { figure } from './measure.mjs'
import { itemsOf, randomProblems } from './problems.mjs'

/** Rounds over all kinds of items, and how long a batch takes at most in each: short, so that few are interrupted. */
const HARD_ROUNDS = 100
const hardCounts = { 12: 64, 16: 16, 20: 8, 22: 8, 24: 4, 28: 4 }

/**
 * How many times as long as a random problem one of each hard kind takes. Kinds take turns, and of each the best round counts:
 * what is asked is how much work there is, and a busy machine only ever adds.
 */
export async function run(log) {
  const solver = await loadSolver()
  const result = {}
  for (const [n, count] of Object.entries(hardCounts).map(([key, value]) => [Number(key), value])) {
    const batches = { random: randomProblems(n, count, n) }
    for (const kind of Object.keys(hardItems)) batches[kind] = hardBatch(kind, n, count, n)
    for (const [kind, batch] of Object.entries(batches)) {
      const solved = solver.solve(batch)
      for (let c = 0; c < count; c++) {
        const { keep, error } = meetInTheMiddle(itemsOf(batch, c), batch.targets[c])
        const mask = keep.reduce((sum, bit, k) => sum + bit * 2 ** k, 0)
        if (mask !== solved.masks[c] || error !== solved.errors[c]) throw new Error(`${n} items, ${kind}: wrong`)
      }
    }
    const best = Object.fromEntries(Object.keys(batches).map((kind) => [kind, Number.POSITIVE_INFINITY]))
    for (let round = 0; round < HARD_ROUNDS; round++) {
      for (const [kind, batch] of Object.entries(batches)) {
        const started = performance.now()
        solver.solve(batch)
        best[kind] = Math.min(best[kind], (performance.now() - started) / 1000 / count)
      }
    }
    const ratios = Object.keys(hardItems).map((kind) => [kind, best[kind] / best.random])
    const [worst, ratio] = ratios.reduce((a, b) => (b[1] > a[1] ? b : a))
    log(
      `${n} items: ${figure(best.random * 1e6)} us a random problem; the hardest kind (${worst}) ${figure(ratio)} times that`,
    )
    result[n] = { random: best.random, ratios: Object.fromEntries(ratios) }
  }
  log(
    `goal: at most 10 times, whatever the items (${Object.keys(hardItems).length} kinds, verified against meet in the middle)`,
  )
  return result
}
