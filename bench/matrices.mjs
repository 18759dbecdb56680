// What one matrix costs, on one thread, by its shape: the choice of units, their exchange, and a subset sum. Targets are
// normal with deviation 0.02, 16 items a weight, balanced; sums are timed on at most COLUMNS of the coordinates.

import { loadKernels } from '../dist/engine/node.js'
import { balanceUnits } from '../dist/prune/choose-units.js'
import { planSource, productRange } from '../dist/prune/pair-source.js'
import { columnsOf } from '../dist/prune/prune-matrix.js'
import { solveColumns } from '../dist/prune/solve-columns.js'
import { swapUnits } from '../dist/prune/swap-units.js'
import { normal } from '../dist/random/index.js'
import { meetInTheMiddle } from '../dist/subset-sum/index.js'
import { figure, median, tableLines } from './measure.mjs'
import { verifyColumn } from './verify-column.mjs'

const SEED = 7
const RUNS = 3
const COLUMNS = 200
const shapes = [
  ['sorter, head', 'a.qk', 49, 49, 1],
  ['sorter, c_fc', 'c_fc', 49, 192],
  ['GPT-2 small, head', 'a.qk', 769, 769, 1],
  ['GPT-2 small, c_fc', 'c_fc', 769, 3072],
  ['GPT-2 small, c_proj', 'c_proj', 3073, 768],
]

function timed(work) {
  const started = performance.now()
  const value = work()
  return { value, milliseconds: performance.now() - started }
}

/** One pass over a matrix of this shape: times, and targets out of reach with and without exchanges. */
function measure(kernels, [, name, inputs, outputs, queries]) {
  const targets = normal(SEED, 2 ** 40, inputs * outputs).map((value) => value * 0.02)
  const largest = targets.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const spec = planSource({ name, inputs, outputs, largest, queries }, 0, {
    items: 16,
    scale: 'auto',
    method: 'balanced',
  })
  const task = { seed: SEED, spec, targets, range: productRange(spec) }
  const choice = timed(() => balanceUnits(kernels, task))
  const online = choice.value.slice()
  const exchange = timed(() => swapUnits(kernels, { ...task, coordinate: choice.value }))
  const solve = (coordinate) =>
    solveColumns(kernels, { seed: SEED, spec, columns: columnsOf(spec, coordinate, targets).slice(0, COLUMNS) })
  const solved = timed(() => solve(choice.value))
  return {
    choose: choice.milliseconds,
    exchange: exchange.milliseconds,
    solve: (solved.milliseconds * 1000) / solved.value.errors.length,
    before: solve(online).unreachable,
    after: solved.value.unreachable,
    sample: { spec, targets, coordinate: choice.value, errors: solved.value.errors },
  }
}

export async function run(log) {
  const kernels = await loadKernels()
  const results = []
  for (const shape of shapes) {
    const runs = Array.from({ length: RUNS }, () => measure(kernels, shape))
    verifyColumn(SEED, runs[0].sample, meetInTheMiddle)
    const of = (key) => median(runs.map((each) => each[key]))
    const [label, , inputs, outputs] = shape
    const { before, after } = runs[0]
    results.push({
      label,
      inputs,
      outputs,
      choose: of('choose'),
      exchange: of('exchange'),
      solve: of('solve'),
      before,
      after,
    })
  }
  log('verified: the first coordinate of each against meet in the middle')
  const head = [
    'one thread',
    'shape',
    'choose ms',
    'exchange ms',
    'us a solve',
    `out of reach (first ${COLUMNS} inputs)`,
    'after exchange',
  ]
  const rows = results.map((each) => [
    each.label,
    `${each.inputs} x ${each.outputs}`,
    figure(each.choose),
    figure(each.exchange),
    figure(each.solve),
    each.before,
    each.after,
  ])
  for (const line of tableLines([head, ...rows])) log(line)
  return { seed: SEED, results }
}
