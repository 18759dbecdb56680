// The model `micro` on tiny Shakespeare's bytes: a ticket at keep 0.3 and dense training at equal steps, over seeds, by the command line
// on all cores, one run at a time. Prints when a ticket first came below GOAL nats, and the gap that the mask leaves.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder } from './cli.mjs'

const SEEDS = [0, 1, 2]
const STEPS = 2000
/** Nats a token, and the minutes it may take. */
const GOAL = 1.9
const MINUTES = 15

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const text = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))
const common = [
  '--data',
  text,
  '--model',
  'micro',
  '--steps',
  `${STEPS}`,
  '--validate-every',
  '250',
  '--sample-every',
  '0',
]
const kinds = { search: ['--keep', '0.3', '--init', 'signed-constant'], train: [] }

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

export async function run(log) {
  return inTemporaryFolder((folder) => {
    const results = { search: [], train: [] }
    for (const [kind, flags] of Object.entries(kinds)) {
      for (const seed of SEEDS) {
        const result = runOne(folder, kind, [...flags, '--seed', `${seed}`], seed)
        results[kind].push(result)
        const first = result.reached
          ? `below ${GOAL} after ${result.reached.minutes} min (step ${result.reached.step})`
          : ''
        const rate = `${Math.round(result.tokensPerSecond).toLocaleString('en')} tokens/s`
        log(
          `slt ${kind.padEnd(6)} seed ${seed}  ${result.validLoss.toFixed(3)} nats in ${result.minutes} min, ${rate}  ${first}`,
        )
      }
    }
    const [ticket, dense] = [results.search, results.train].map((runs) => mean(runs.map(({ validLoss }) => validLoss)))
    log(
      `mean over ${SEEDS.length} seeds, ${STEPS} steps: ticket ${ticket.toFixed(3)}, dense ${dense.toFixed(3)}, gap ${(ticket - dense).toFixed(3)} nats`,
    )
    const met = results.search.every(({ validLoss, reached }) => validLoss <= GOAL && reached?.minutes <= MINUTES)
    log(`goal: at most ${GOAL} nats within ${MINUTES} minutes for every seed: ${met ? 'met' : 'NOT met'}`)
    return { steps: STEPS, ...results, gap: ticket - dense, met }
  })
}

function runOne(folder, kind, flags, seed) {
  const out = join(folder, `${kind}-${seed}.safetensors`)
  const output = execFileSync(process.execPath, [main, kind, ...common, ...flags, '--out', out, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { validLoss, bitsPerByte, seconds, tokensPerSecond, keptFraction, split } = JSON.parse(output)
  const rows = readFileSync(join(`${out}.run`, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const first = rows.find((row) => row.validLoss <= GOAL)
  const minutes = (value) => Number((value / 60).toFixed(1))
  return {
    seed,
    validLoss,
    bitsPerByte,
    keptFraction,
    minutes: minutes(seconds),
    tokensPerSecond,
    ticketShare: split.ticket / (split.graph + split.ticket + split.rest),
    reached: first && { step: first.step, minutes: minutes(first.seconds) },
    curve: rows.filter((row) => row.validLoss !== undefined).map(({ step, validLoss: loss }) => ({ step, loss })),
  }
}
