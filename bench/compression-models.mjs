// The models of `compression`: one architecture (`micro`, bytes) trained and searched on WikiText-2 at equal steps, and smaller dense ones.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openModelSource } from '../dist/jobs/model-source.js'
import { recodeTicket } from '../dist/jobs/recode-ticket.js'

export const STEPS = 2000
export const KEEPS = [0.1, 0.2, 0.3, 0.5, 0.7]
export const SIGNED_KEEPS = [0.3, 0.5]
export const SMALL_WIDTHS = [64, 56, 48, 32]

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

const searches = (keeps, name, options) =>
  keeps.map((keep) => ({
    name: `${name}${keep}.slt.safetensors`,
    keep,
    command: 'search',
    options: { ...options, keep },
  }))

/** What is trained and searched: file names, and command and options of each. */
export const plans = {
  dense: { name: 'dense.safetensors', width: 128, command: 'train', options: {} },
  small: SMALL_WIDTHS.map((width) => {
    return { name: `dense-${width}.safetensors`, width, command: 'train', options: { width, heads: 2 } }
  }),
  tickets: searches(KEEPS, 'keep', {}),
  signed: searches(SIGNED_KEEPS, 'signed', { init: 'signed-constant' }),
}

const allPlans = [plans.dense, ...plans.tickets, ...plans.signed, ...plans.small]

/** The models of one seed lie in the folder itself for seed 0, else in a folder of their own in it. */
export const folderOf = (folder, seed) => (seed === 0 ? folder : join(folder, `seed-${seed}`))

/**
 * Makes the models that a folder lacks by two sweeps: here, as many side by side as the machine allows, or by the workers of a queue. What a
 * store has is not made again; interrupted models go on.
 * @param seeds of weights, scores and batches
 * @param place { queue, store }: the store is a folder in this one where none is given
 * @returns the path of each by its name, a Map for each seed
 */
export async function makeModels(folder, data, log, { seeds, queue, store = join(folder, 'store'), steps = STEPS }) {
  const paths = seeds.map((seed) => new Map(allPlans.map(({ name }) => [name, join(folderOf(folder, seed), name)])))
  const wanted = seeds
    .flatMap((seed, i) => allPlans.map((plan) => ({ ...plan, seed, path: paths[i].get(plan.name) })))
    .filter(({ path }) => !existsSync(path))
  for (const command of ['search', 'train']) {
    const own = wanted.filter((plan) => plan.command === command)
    if (own.length === 0) continue
    log(`slt sweep: ${own.length} models of slt ${command}`)
    const made = sweep(folder, command, {
      options: { model: 'micro', steps, data: join(data, 'train.txt'), valid: join(data, 'valid.txt') },
      runs: own.map(({ options, seed }) => ({ ...options, seed })),
      place: ['--store', store, ...(queue === undefined ? [] : ['--queue', queue])],
    })
    own.forEach(({ path }, i) => {
      mkdirSync(dirname(path), { recursive: true })
      renameSync(made[i].path, path)
    })
  }
  for (const each of paths) await recodeTickets(each, log)
  return paths
}

/** Runs a plan, and returns the file of each of its runs. */
export function sweep(folder, command, { options, runs, place }) {
  mkdirSync(folder, { recursive: true })
  const plan = join(folder, `${command}.json`)
  writeFileSync(plan, `${JSON.stringify({ command, options, runs }, null, 2)}\n`)
  const args = ['sweep', plan, '--models', '--out', join(folder, `${command}.sweep`), '--force', '--json', ...place]
  const output = execFileSync(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  })
  return JSON.parse(output).models
}

/** Tickets whose masks are stored in another way are written anew as range codes. */
async function recodeTickets(paths, log) {
  for (const { name } of [...plans.tickets, ...plans.signed]) {
    const path = paths.get(name)
    const source = await openModelSource(path)
    const { coding } = source.ticket
    await source.close()
    if (coding === 'range') continue
    const { bytes } = await recodeTicket(path, 'range', path)
    log(`${name}: ${bytes.from} bytes as ${coding}, ${bytes.to} as range codes`)
  }
}

/** A model in memory: its ticket or null, configuration, weights under Hugging Face names, and the hash of its file. */
export async function readModel(path, seed) {
  const source = await openModelSource(path)
  try {
    const { ticket, config, bytes } = source
    return { seed, ticket, config, bytes, weights: await source.weights(), sha256: sha256Of(readFileSync(path)) }
  } finally {
    await source.close()
  }
}

export const sha256Of = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** The matrices of a model, embeddings too; all else is zeros and ones in a model without biases and with plain norms. */
export function matricesOf(weights) {
  const matrices = [...weights].filter(([, { shape }]) => shape.length === 2)
  const others = [...weights].filter(([, { shape }]) => shape.length !== 2)
  for (const [name, { data }] of others) {
    const constant = /ln_.*\.weight$/.test(name) ? 1 : 0
    if (!data.every((value) => value === constant))
      throw new Error(`${name} is not constant: it would have to be stored`)
  }
  return matrices
}

/** The same weights with other matrices: `change` gives the values of each. */
export function changeMatrices(weights, change) {
  const changed = new Map(weights)
  for (const [name, { shape, data }] of matricesOf(weights))
    changed.set(name, { shape, data: change(name, data, shape) })
  return changed
}

export const parametersOf = (weights) => matricesOf(weights).reduce((sum, [, { data }]) => sum + data.length, 0)
