// The bundled sorter, whole runs of `slt demo`: prune, write the ticket, verify it literally, sort 500 random lists.
import { join } from 'node:path'
import { inTemporaryFolder, runCli } from './cli.mjs'
import { figure, tableLines } from './measure.mjs'

const SEED = 7
const goals = [
  'goals: 500 of 500 lists sorted; logits within 0.1 at 16 items and 0.02 at 24, aim 0.01 at 16 (balanced)',
  'goal: a whole run at 16 items in under 10 s on 2 cores',
]

export async function run(log) {
  const runs = []
  for (const items of [16, 24]) {
    for (const method of ['plain', 'balanced']) {
      const { result, seconds, peakBytes, code } = await inTemporaryFolder((folder) =>
        runCli(
          'demo',
          '--items',
          `${items}`,
          '--method',
          method,
          '--seed',
          `${SEED}`,
          '--out',
          join(folder, 'sorter.slt.safetensors'),
        ),
      )
      for (const check of result.checks.filter(({ passed }) => !passed)) {
        log(`${items} items, ${method}: ${check.name} not passed: ${check.value}, limit ${check.limit}`)
      }
      runs.push({ items, method, passed: code === 0, wallSeconds: seconds, peakBytes, ...summary(result) })
    }
  }
  const head = [
    '',
    'weights',
    'unreachable',
    'median error',
    'max error',
    'max logit error',
    'sorted',
    'solves/s',
    'prune s',
    'whole s',
    'ticket',
  ]
  const rows = runs.map((each) => [
    `${each.items} items, ${each.method}`,
    figure(each.weights),
    each.unreachable,
    each.medianWeightError.toExponential(2),
    each.maxWeightError.toExponential(2),
    each.maxLogitError.toPrecision(3),
    `${each.sorted}/${each.lists}`,
    figure(each.solvesPerSecond),
    each.pruneSeconds.toFixed(2),
    each.wallSeconds.toFixed(2),
    `${(each.ticketBytes / 1e6).toFixed(2)} MB`,
  ])
  for (const line of [...tableLines([head, ...rows]), ...goals]) log(line)
  return { seed: SEED, runs }
}

const KEPT = [
  'weights',
  'unreachable',
  'medianWeightError',
  'maxWeightError',
  'maxLogitError',
  'sorted',
  'lists',
  'solvesPerSecond',
  'pruneSeconds',
  'seconds',
  'ticketBytes',
]

const summary = (result) => Object.fromEntries(KEPT.map((key) => [key, result[key]]))
