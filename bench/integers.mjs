// Do searches in 8-bit integers learn as well as in float32? Signed constants on tiny Shakespeare's bytes, seeds 0 to 2, by the command line, one run
// at a time; the curves of both, and the mean difference seed by seed.
// npm run bench -- integers --models folder     keeps the runs there: an interrupted bench goes on with them, a finished run is not run again
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inTemporaryFolder } from './cli.mjs'

const SEEDS = [0, 1, 2]
const MODELS = { micro: 2000, tiny: 1000 }
const ARITHMETICS = ['float32', 'int8']
/** Nats: a mean difference below it counts as none, whatever its standard error. */
const SMALL = 0.005

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const text = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))

export async function run(log, { models: folder, threads } = {}) {
  if (folder === undefined) return inTemporaryFolder((own) => compareAll(log, own, threads))
  return compareAll(log, folder, threads)
}

function compareAll(log, folder, threads) {
  return Object.entries(MODELS).map(([model, steps]) => {
    const runs = ARITHMETICS.map((arithmetic) =>
      SEEDS.map((seed) => search({ folder, model, steps, arithmetic, seed, threads })),
    )
    log(`${model}, ${steps} steps; validation in nats a byte, seeds ${SEEDS.join(', ')}`)
    const points = runs[0][0].curve.map(({ step }) => step)
    const line = (label, at) =>
      log(
        `${label.padStart(6)}  ${runs
          .map((each) =>
            each
              .map(at)
              .map((loss) => loss.toFixed(4))
              .join(' '),
          )
          .join('   ')}`,
      )
    log(`  step  ${ARITHMETICS.map((name) => name.padEnd(6 * SEEDS.length + SEEDS.length - 1)).join('   ')}`)
    for (const [i, step] of points.entries()) line(`${step}`, ({ curve }) => curve[i].loss)
    line('end', ({ validLoss }) => validLoss)
    return { model, steps, ...verdict(log, runs), runs }
  })
}

/** By pairs of equal seeds, which have the same network and the same batches. */
function verdict(log, [exact, rounded]) {
  const differences = rounded.map(({ validLoss }, i) => validLoss - exact[i].validLoss)
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const standardError = Math.sqrt(squares / (differences.length - 1) / differences.length)
  const met = Math.abs(mean) <= Math.max(standardError, SMALL)
  log(
    `int8 - float32: ${mean.toFixed(4)} nats, standard error ${standardError.toFixed(4)} (goal: within it, or below ${SMALL}): ${met ? 'met' : 'NOT met'}`,
  )
  log()
  return { differences, mean, standardError, met }
}

function search({ folder, model, steps, arithmetic, seed, threads }) {
  const out = join(folder, `${model}-${arithmetic}-${seed}.slt.safetensors`)
  const runFolder = join(folder, `${model}-${arithmetic}-${seed}.run`)
  const slt = (...args) =>
    execFileSync(process.execPath, [main, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  if (!existsSync(out)) {
    const begun = existsSync(join(runFolder, 'checkpoint.safetensors'))
    const what = ['--data', text, '--model', model, '--algorithm', 'edge-popup', '--arithmetic', arithmetic]
    const how = ['--steps', `${steps}`, '--seed', `${seed}`, '--sample-every', '0', '--validate-every', '250']
    const where = ['--valid-windows', '256', '--device', 'cpu', ...(threads ? ['--threads', threads] : [])]
    if (begun) slt('search', '--resume', runFolder)
    else slt('search', ...what, ...how, ...where, '--out', out, '--run', runFolder, '--force')
  }
  const rows = readFileSync(join(runFolder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const { validLoss } = JSON.parse(slt('inspect', out, '--json')).search
  return {
    arithmetic,
    seed,
    validLoss,
    curve: rows.filter((row) => row.validLoss !== undefined).map((row) => ({ step: row.step, loss: row.validLoss })),
  }
}
