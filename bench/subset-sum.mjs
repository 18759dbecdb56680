// Exact solves a second, from the naive to the fast rung of the ladder, with a C++ and a MIP peer beside them.
import highsLoader from 'highs'
import { loadSolver } from '../dist/engine/node.js'
import { bruteForce, createTypeScriptSolver, meetInTheMiddle } from '../dist/subset-sum/index.js'
import { solveWithHighs } from '../test/vectors/subset-sum/highs-model.mjs'
import { figure, median, secondsOf, tableLines } from './measure.mjs'
import { compilePeer } from './peers/cpp.mjs'
import { gapOf, itemsOf, randomProblems } from './problems.mjs'
import { startThreads } from './threads.mjs'

const RUNS = 7
const THREADS = 2
const SEED = 16

/** Problems a run for each contestant: enough for about half a second, or as many as patience allows. */
const counts = {
  16: { brute: 20, typescript: 4000, wasm: 300_000, cpp: 60_000, highs: 8 },
  20: { brute: 1, typescript: 1000, wasm: 60_000, cpp: 15_000, highs: 4 },
  24: { brute: 1, typescript: 200, wasm: 16_000, cpp: 4000, highs: 0 },
}

/** The goals were set against an earlier C++ program of the same kind: seconds a problem on one core. */
const earlierCpp = { 16: 7e-6, 20: 30e-6, 24: 120e-6 }

const first = (problem, count) => ({
  itemCount: problem.itemCount,
  items: problem.items.subarray(0, count * problem.itemCount),
  targets: problem.targets.subarray(0, count),
})

function verify(solver, problem, log) {
  const { itemCount: n } = problem
  const byForce = n <= 16 ? 20 : n <= 20 ? 2 : 1
  const some = first(problem, n <= 20 ? 500 : 100)
  const solved = solver.solve(some)
  for (let c = 0; c < some.targets.length; c++) {
    const oracle = (c < byForce ? bruteForce : meetInTheMiddle)(itemsOf(some, c), some.targets[c])
    const mask = oracle.keep.reduce((sum, bit, k) => sum + bit * 2 ** k, 0)
    if (mask !== solved.masks[c] || oracle.error !== solved.errors[c])
      throw new Error(`${n} items, problem ${c}: wrong`)
  }
  log(`verified: ${byForce} against brute force, ${some.targets.length - byForce} against meet in the middle`)
}

/** Seconds a problem of each run with 2 threads, each solving its half of the batch. */
async function threaded(threads, problem) {
  const count = problem.targets.length
  const share = Math.ceil(count / THREADS)
  const parts = Array.from({ length: THREADS }, (_, i) => ({
    itemCount: problem.itemCount,
    items: problem.items.slice(i * share * problem.itemCount, (i + 1) * share * problem.itemCount),
    targets: problem.targets.slice(i * share, (i + 1) * share),
  }))
  await threads.ask(parts.map((part) => ({ problem: part })))
  const go = parts.map(() => ({ go: 1 }))
  return (await secondsOf(RUNS, () => threads.ask(go))).map((seconds) => seconds / count)
}

async function measure(n, { solver, threads, peer, highs }, log) {
  const count = counts[n]
  const problem = randomProblems(SEED + n, count.wasm, n)
  verify(solver, problem, log)
  const each = async (size, work) => (await secondsOf(size < 10 ? 1 : RUNS, work)).map((seconds) => seconds / size)
  const typescript = createTypeScriptSolver()
  const times = {}
  times['brute force, TypeScript'] = await each(count.brute, () => {
    for (let c = 0; c < count.brute; c++) bruteForce(itemsOf(problem, c), problem.targets[c])
  })
  const few = first(problem, count.typescript)
  times['meet in the middle, TypeScript'] = await each(count.typescript, () => typescript.solve(few))
  times['WASM SIMD, 1 thread'] = await each(count.wasm, () => solver.solve(problem))
  times[`WASM SIMD, ${THREADS} threads`] = await threaded(threads, problem)
  if (peer) {
    const part = first(problem, count.cpp)
    const { masks, seconds } = peer.solve(part, RUNS)
    const ours = solver.solve(part)
    const worse = masks.findIndex((mask, c) => Math.abs(gapOf(part, c, mask) - Math.abs(ours.errors[c])) > 1e-12)
    if (worse >= 0) throw new Error(`C++ and WASM disagree on problem ${worse} of ${n} items`)
    times['meet in the middle, C++, 1 core'] = seconds.map((each) => each / count.cpp)
  }
  if (count.highs) {
    const ours = solver.solve(first(problem, count.highs))
    const seconds = Array.from({ length: count.highs }, (_, c) => {
      const started = performance.now()
      const mask = solveWithHighs(highs, itemsOf(problem, c), problem.targets[c])
      if (mask !== ours.masks[c]) throw new Error(`HiGHS and WASM disagree on problem ${c} of ${n} items`)
      return (performance.now() - started) / 1000
    })
    times['HiGHS (MIP, WASM), 1 thread'] = seconds
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, runs]) => [name, { median: median(runs), best: Math.min(...runs) }]),
  )
}

function report(n, times, log) {
  const one = times['WASM SIMD, 1 thread'].median
  const rows = Object.entries(times).map(([name, { median: middle, best }]) => [
    name,
    figure(middle * 1e6),
    figure(best * 1e6),
    figure(1 / middle),
    figure(middle / one),
  ])
  for (const line of tableLines([['', 'us a problem', 'best run', 'solves/s', 'times WASM 1'], ...rows])) log(line)
  const two = 1 / times[`WASM SIMD, ${THREADS} threads`].median
  const cpp = times['meet in the middle, C++, 1 core']?.median
  const mip = times['HiGHS (MIP, WASM), 1 thread']?.median
  if (n === 16) {
    log(`goal: at least 400,000/s on 2 cores (aim 1,000,000): ${figure(two)}/s`)
    log(`goal: at least 10,000 times HiGHS, one thread each: ${figure(mip / one)} times`)
  } else {
    const earlier = `${figure(earlierCpp[n] / one)} times the ${figure(earlierCpp[n] * 1e6)} us of the earlier one`
    log(`goal: faster per core than C++: ${cpp ? `${figure(cpp / one)} times the C++ above, ` : ''}${earlier}`)
  }
}

export async function run(log) {
  const peer = compilePeer()
  if (!peer) log('C++ peer skipped: no c++ compiler on this machine')
  const threads = startThreads(THREADS)
  const tools = { solver: await loadSolver(), threads, peer, highs: await highsLoader() }
  const result = {}
  try {
    for (const n of [16, 20, 24]) {
      log(`-- ${n} items; medians of ${RUNS} runs`)
      result[n] = await measure(n, tools, log)
      report(n, result[n], log)
    }
  } finally {
    await threads.stop()
    peer?.remove()
  }
  return { secondsPerProblem: result }
}
