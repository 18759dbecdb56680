// Models over seeds, made by slt sweep. All benches of one --models folder share its stores, one a text: equal runs are made once.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sweepJobs } from '../dist/cli/sweep-jobs.js'
import { openStore } from '../dist/queue/open-store.js'
import { readPlan, runsOf } from '../dist/queue/sweep.js'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/**
 * The options that these benches share, read: --models, --seeds, --steps, --only, --queue, --store, --write.
 * @returns undefined, after saying so, without --models: these benches take hours, and go on with what the folder keeps
 * @throws RangeError for a number that is none
 */
export function readOptions(log, { models, seeds = '3', steps = '2000', only, queue, store, write = false }) {
  if (models === undefined) {
    log('left out: it needs --models, a folder that keeps what is made (hours of work)')
    return undefined
  }
  const read = { seeds: integer('seeds', seeds, 100), steps: integer('steps', steps, 1e6) }
  return { folder: models, ...read, only, place: { queue, store }, write }
}

function integer(name, text, most) {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new RangeError(`"${name}" expected an integer, 1 <= ${name} <= ${most}, got ${text}`)
}

/** Rows by the names of --only; all without it. @throws RangeError for a name of no row */
export function chosenRows(rows, only) {
  const names = rows.map(({ name }) => name)
  const unknown = only?.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new RangeError(`"only" expected ${names.join('; ')}; got ${unknown}`)
  return rows.filter(({ name }) => only === undefined || only.includes(name))
}

/** Seeds 0 to count - 1. */
export const seedNumbers = (count) => Array.from({ length: count }, (_, seed) => seed)

/** Rows, and the trainings among `all` whose models teach some of them. */
export function withTeachers(rows, all) {
  const needed = all.filter(({ name }) => rows.some(({ teacher }) => teacher === name))
  return [...rows, ...needed.filter(({ name }) => !rows.some((row) => row.name === name))]
}

/**
 * The runs of rows by two sweeps: trainings first, then searches, which may learn from the trained model of their seed.
 * @param title names the folders of the sweeps: that of the bench
 * @param rows { name, command, options, longer, seeds, teacher }: `command` is search (the default) or train; `longer` is a factor of the steps;
 *   `seeds` are the row's, in place of those of all; `teacher` is the name of a row of trainings
 * @param text { key, options }: the folder of its store, and data and valid as options
 * @returns a Map from each name to its runs: { seed, path, sha256, bytes, validLoss, seconds }
 */
export async function makeRuns(log, title, rows, { text, folder, seeds, steps, place, options = { model: 'micro' } }) {
  const found = new Map(rows.map(({ name }) => [name, []]))
  for (const command of ['train', 'search']) {
    const own = rows.filter((row) => (row.command ?? 'search') === command)
    if (own.length === 0) continue
    const runs = own.flatMap((row) =>
      (row.seeds ?? seedNumbers(seeds)).map((seed) => ({
        name: row.name,
        seed,
        options: runOf(row, seed, steps, found),
      })),
    )
    log(`slt sweep: ${runs.length} runs of slt ${command} on ${text.name}`)
    const made = await sweep(join(folder, text.key), `${title}-${command}`, {
      plan: { command, options: { ...options, steps, ...text.options }, runs: runs.map((run) => run.options) },
      place,
    })
    for (const [i, { name, seed }] of runs.entries()) found.get(name).push({ seed, ...made[i] })
  }
  return found
}

function runOf({ name, options, longer, teacher }, seed, steps, found) {
  const taught = teacher === undefined ? {} : { teacher: found.get(teacher)?.find((run) => run.seed === seed)?.path }
  if (teacher !== undefined && taught.teacher === undefined) throw new Error(`${name}: no ${teacher} of seed ${seed}`)
  return { ...options, ...(longer === undefined ? {} : { steps: Math.ceil(steps * longer) }), ...taught, seed }
}

/** Runs a plan. @returns of each of its runs the file and what was found; runs of the same settings have the same */
async function sweep(folder, name, { plan, place: { queue, store = join(folder, 'store') } }) {
  mkdirSync(folder, { recursive: true })
  const { ids, runs } = await distinctRuns(plan, store)
  const file = join(folder, `${name}.json`)
  const out = join(folder, `${name}.sweep`)
  writeFileSync(file, `${JSON.stringify({ ...plan, runs }, null, 2)}\n`)
  const where = ['--store', store, ...(queue === undefined ? [] : ['--queue', queue])]
  const args = ['sweep', file, '--models', '--out', out, '--threads', '1', '--force', '--json', ...where]
  const output = execFileSync(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  })
  const { models } = JSON.parse(output)
  const results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')).runs
  const byId = new Map(results.map((result, i) => [result.id, { ...result, path: models[i].path }]))
  return ids.map((id) => {
    const { path, files, numbers, seconds } = byId.get(id)
    const sha256 = files.ticket ?? files.model
    return { path, sha256, bytes: numbers.outBytes, validLoss: numbers.validLoss, seconds }
  })
}

/** The hash of each run, by which a store has its result, and the runs without those that come to the same as one before. */
async function distinctRuns(plan, store) {
  const read = readPlan(plan)
  const { signal } = new AbortController()
  const place = { store: await openStore(store), threads: 1, device: 'cpu', models: true, signal, onNote: () => {} }
  const jobs = await sweepJobs(read, runsOf(read), place)
  const ids = jobs.map(({ id }) => id)
  return { ids, runs: plan.runs.filter((_, i) => ids.indexOf(ids[i]) === i) }
}
