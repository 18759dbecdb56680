// The models of `compression`: one architecture (`micro`, bytes) trained and searched on WikiText-2 at equal steps, and smaller dense ones.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openModelSource } from '../dist/jobs/model-source.js'
import { recodeTicket } from '../dist/jobs/recode-ticket.js'

export const STEPS = 2000
export const KEEPS = [0.1, 0.2, 0.3, 0.5, 0.7]
export const SIGNED_KEEPS = [0.3, 0.5]
export const SMALL_WIDTHS = [64, 56, 48, 32]

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

const searches = (keeps, name, flags) =>
  keeps.map((keep) => ({
    name: `${name}${keep}.slt.safetensors`,
    keep,
    command: ['search', '--keep', `${keep}`, ...flags],
  }))

/** What is trained and searched: file names, and the command of each. */
export const plans = {
  dense: { name: 'dense.safetensors', width: 128, command: ['train'] },
  small: SMALL_WIDTHS.map((width) => {
    return { name: `dense-${width}.safetensors`, width, command: ['train', '--width', `${width}`, '--heads', '2'] }
  }),
  tickets: searches(KEEPS, 'keep', []),
  signed: searches(SIGNED_KEEPS, 'signed', ['--init', 'signed-constant']),
}

/**
 * Makes the models that a folder lacks, one after another; an interrupted one goes on. Tickets whose masks are stored in another way are
 * written anew as range codes.
 * @param seed of weights, scores and batches; a folder holds the models of one
 * @returns the path of each by its name
 */
export async function makeModels(folder, data, log, { seed, steps = STEPS }) {
  mkdirSync(folder, { recursive: true })
  const paths = new Map()
  for (const { name, command } of [plans.dense, ...plans.tickets, ...plans.signed, ...plans.small]) {
    const out = join(folder, name)
    paths.set(name, out)
    if (existsSync(out)) continue
    const [kind, ...flags] = command
    const text = ['--data', join(data, 'train.txt'), '--valid', join(data, 'valid.txt')]
    const model = ['--model', 'micro', '--steps', `${steps}`, '--sample-every', '0', '--seed', `${seed}`]
    const run = join(`${out}.run`, 'checkpoint.safetensors')
    const args = existsSync(run) ? ['--resume', `${out}.run`] : [...text, ...model, ...flags, '--out', out, '--force']
    log(`slt ${kind} -> ${name}`)
    execFileSync(process.execPath, [main, kind, ...args, '--json'], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  for (const { name } of [...plans.tickets, ...plans.signed]) {
    const path = paths.get(name)
    const source = await openModelSource(path)
    const { coding } = source.ticket
    await source.close()
    if (coding === 'range') continue
    const { bytes } = await recodeTicket(path, 'range', path)
    log(`${name}: ${bytes.from} bytes as ${coding}, ${bytes.to} as range codes`)
  }
  return paths
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
