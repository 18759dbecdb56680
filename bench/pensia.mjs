// The task of Pensia et al. (2020), "Optimal Lottery Tickets via SubsetSum", section 5: a two-layer network of
// 784 x 500 + 500 x 10 = 397,000 weights, each to be approximated to 0.01 by a subset of 21 random numbers. They solved
// the subset sums by mixed-integer programming, in 21.5 hours on 36 cores.
//
// What is run here: 397,000 independent problems, one a weight; 21 items, products of two float32 uniforms on (-1, 1)
// (the linear two-layers-for-one of Lemma 4, no split by the sign of the input); targets uniform on (-1, 1) in place of
// trained weights, which are smaller and easier; every problem solved to its optimum instead of stopping at 0.01. Drawing
// the random numbers and starting the threads is within the time.

import { loadKernels } from '../dist/engine/node.js'
import { createWasmSolver } from '../dist/kernels/index.js'
import { meetInTheMiddle } from '../dist/subset-sum/index.js'
import { figure, median } from './measure.mjs'
import { pensiaProblems } from './pensia-range.mjs'
import { itemsOf } from './problems.mjs'
import { startThreads } from './threads.mjs'

const WEIGHTS = 397_000
const ITEMS = 21
const WITHIN = 0.01
const THREADS = 2
const RUNS = 3
const THEIRS = { hours: 21.5, cores: 36 }

async function once() {
  const share = Math.ceil(WEIGHTS / THREADS)
  const started = performance.now()
  const threads = startThreads(THREADS)
  const parts = await threads.ask(
    Array.from({ length: THREADS }, (_, i) => ({
      pensia: {
        seed: 21,
        itemCount: ITEMS,
        within: WITHIN,
        from: i * share,
        to: Math.min(WEIGHTS, (i + 1) * share),
      },
    })),
  )
  const seconds = (performance.now() - started) / 1000
  await threads.stop()
  const total = (key) => parts.reduce((sum, part) => sum + part[key], 0)
  const errors = parts.flatMap((part) => [...part.errors])
  return {
    seconds,
    reached: total('reached'),
    unreachable: total('unreachable'),
    medianError: median(errors),
  }
}

export async function run(log) {
  const kernels = await loadKernels()
  const some = pensiaProblems(kernels, { seed: 21, itemCount: ITEMS }, 0, 200)
  const solved = createWasmSolver(kernels).solve(some)
  some.targets.forEach((target, c) => {
    if (solved.errors[c] !== meetInTheMiddle(itemsOf(some, c), target).error) throw new Error(`problem ${c}: wrong`)
  })
  log('verified: 200 against meet in the middle')
  log(
    `${figure(WEIGHTS)} weights, ${ITEMS} products of two uniforms each, targets uniform on (-1, 1), solved to the optimum`,
  )
  const runs = []
  for (let i = 0; i < RUNS; i++) runs.push(await once())
  const seconds = median(runs.map((each) => each.seconds))
  const { reached, unreachable, medianError } = runs[0]
  const theirs = THEIRS.hours * 3600
  log(`${figure(seconds)} s on ${THREADS} threads (median of ${RUNS}), ${figure(WEIGHTS / seconds)} solves/s`)
  log(
    `theirs: ${THEIRS.hours} hours on ${THEIRS.cores} cores; ${figure(theirs / seconds)} times the time, ${figure((theirs * THEIRS.cores) / (seconds * THREADS))} times the core time`,
  )
  log(
    `within ${WITHIN}: ${figure(reached)} (${((100 * reached) / WEIGHTS).toFixed(3)} %); out of reach: ${figure(unreachable)}; median error ${medianError.toExponential(2)}`,
  )
  return {
    weights: WEIGHTS,
    items: ITEMS,
    within: WITHIN,
    threads: THREADS,
    seconds,
    reached,
    unreachable,
    medianError,
    theirs: THEIRS,
  }
}
