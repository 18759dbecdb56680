// Loss against bytes on WikiText-2, one architecture (`micro`, bytes): tickets, the dense model in 32, 16, 8 and 4 bits, smaller dense models,
// and pruned ones. docs/compression.md says what is counted.
//   npm run bench -- compression --data <folder of train.txt, valid.txt, test.txt> --models <folder>
//                    [--seeds <n>] [--windows <n>] [--threads <n>] [--queue <address> --store <place>] [--write]
// Models that the folder lacks are made by slt sweep (40 minutes on 2 cores for a seed's), here or by the workers of a queue; interrupted ones go on;
// losses are kept in compression.json there.
// Seeds are 0 to n - 1, 0 alone unless told otherwise; the models of others have folders of their own in it.
// --write puts table and findings into docs/compression.md and draws docs/compression.svg.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCorpus } from '../dist/files/corpus-files.js'
import { inspectTicket } from '../dist/inspect/index.js'
import { openModelSource } from '../dist/jobs/model-source.js'
import { inTemporaryFolder } from './cli.mjs'
import { FINETUNE_STEPS } from './compression-finetune.mjs'
import { lossOf, openEngine } from './compression-loss.mjs'
import { folderOf, makeModels, parametersOf, plans, readModel, STEPS, sha256Of } from './compression-models.mjs'
import { writePage } from './compression-page.mjs'
import { prunedModel } from './compression-pruning.mjs'
import { float16Model, quantisedModel, trainedQuantisedModel } from './compression-rounding.mjs'
import { overSeeds } from './compression-seeds.mjs'
import { figure, tableLines } from './measure.mjs'
import { textOf } from './whole-text.mjs'

const SPARSITIES = [0.5, 0.7, 0.9]
/** Every whole window, unless told otherwise. */
const ALL_WINDOWS = 1e9

export async function run(log, { data, models, seeds, windows, threads, steps, queue, store, write }) {
  if (data === undefined) {
    log('left out: it needs --data, a folder with the train.txt, valid.txt and test.txt of WikiText-2')
    return null
  }
  const count = seeds === undefined ? 1 : Number(seeds)
  if (!(Number.isInteger(count) && count >= 1 && count <= 100)) {
    throw new RangeError(`"seeds" expected an integer, 1 <= seeds <= 100, got ${seeds}`)
  }
  const work = (folder) =>
    compare(log, {
      data,
      folder,
      seeds: count,
      windows: windows === undefined ? ALL_WINDOWS : Number(windows),
      threads: threads === undefined ? undefined : Number(threads),
      steps: steps === undefined ? STEPS : Number(steps),
      place: { queue, store },
      write,
    })
  return models === undefined ? inTemporaryFolder(work) : work(models)
}

async function compare(log, { data, folder, seeds, windows, threads, steps, place, write }) {
  const test = await textOf(join(data, 'test.txt'))
  const corpus = await openCorpus({ data: join(data, 'train.txt'), valid: join(data, 'valid.txt'), tokenizer: 'bytes' })
  const engine = openEngine(threads)
  const numbers = Array.from({ length: seeds }, (_, seed) => seed)
  const models = await makeModels(folder, data, log, { seeds: numbers, steps, ...place })
  const ofSeeds = []
  for (const seed of numbers) {
    log(`seed ${seed}`)
    const own = { paths: models[seed], folder: folderOf(folder, seed), seed }
    ofSeeds.push(await measureSeed(log, { ...own, windows, test, corpus, engine }))
  }
  const rows = overSeeds(ofSeeds)
  const used = wholeWindows(test.length, windows)
  const text = {
    bytes: test.length,
    windows: used,
    all: used === wholeWindows(test.length, ALL_WINDOWS),
    steps,
    finetune: FINETUNE_STEPS,
    seeds,
  }
  log()
  for (const line of tableLines([
    ['', 'bytes', 'bits/weight', 'nats/byte', '±', 'bits/byte'],
    ...rows.map(({ name, bytes, bitsPerWeight, loss, deviation }) => [
      name,
      figure(bytes),
      bitsPerWeight.toFixed(3),
      loss.toFixed(4),
      deviation === undefined ? '' : deviation.toFixed(4),
      (loss / Math.LN2).toFixed(4),
    ]),
  ])) {
    log(line)
  }
  if (write) writePage(rows, text, log)
  return { text, rows }
}

async function measureSeed(log, { paths, folder, seed, windows, test, corpus, engine }) {
  const kept = keptLosses(join(folder, 'compression.json'), sha256Of(test), windows)
  const rows = []
  const add = async (row, model, measure) => {
    const key = `${row.name}; ${model.sha256}`
    const found = kept.find(key) ?? kept.keep(key, await measure())
    const parameters = parametersOf(model.weights)
    rows.push({
      ...row,
      width: model.config.width,
      ...found,
      parameters,
      bitsPerWeight: (8 * found.bytes) / parameters,
    })
    log(`${row.name.padEnd(44)} ${figure(found.bytes).padStart(10)} bytes  ${found.loss.toFixed(4)} nats a byte`)
  }
  for (const { name, width } of [plans.dense, ...plans.small]) {
    const model = await readModel(paths.get(name), seed)
    await addDense(add, { engine, model, width, corpus, test, windows })
    if (width !== plans.dense.width) continue
    for (const selection of ['per-matrix', 'global']) {
      for (const sparsity of SPARSITIES) {
        for (const finetune of selection === 'global' ? [false, true] : [false]) {
          const after = finetune ? `, ${FINETUNE_STEPS} steps more` : ''
          const label = `pruned ${Math.round(100 * sparsity)} % ${selection}${after}`
          await add({ name: label, series: `pruned ${selection}${finetune ? ' trained' : ''}`, sparsity }, model, () =>
            prunedModel(engine, model, { sparsity, selection, finetune }, corpus, test, windows),
          )
        }
      }
    }
  }
  for (const [series, own] of [
    ['ticket', plans.tickets],
    ['signed ticket', plans.signed],
  ]) {
    for (const { name, keep } of own) {
      const model = await readModel(paths.get(name), seed)
      const { bytes } = model
      const entropyBytes = await entropyOf(paths.get(name))
      await add({ name: `${series}, keep ${keep}`, series, keep, entropyBytes }, model, async () => {
        return { bytes, loss: await lossOf(engine, model, test, windows) }
      })
    }
  }
  for (const row of rows) if (!Number.isFinite(row.loss)) throw new Error(`${row.name}: loss ${row.loss}`)
  return rows
}

async function addDense(add, { engine, model, width, corpus, test, windows }) {
  const name = `dense, width ${width}`
  const parameters = parametersOf(model.weights)
  const named = (bits) => ({ name: `${name}, ${bits}-bit`, series: `dense ${width}`, bits })
  await add(named(32), model, async () => ({ bytes: 4 * parameters, loss: await lossOf(engine, model, test, windows) }))
  await add(named(16), model, () => float16Model(engine, model, test, windows))
  for (const bits of [8, 4]) await add(named(bits), model, () => quantisedModel(engine, model, bits, test, windows))
  const further = { name: `${name}, 4-bit, ${FINETUNE_STEPS} steps more`, series: 'trained rounded', bits: 4 }
  await add(further, model, () => trainedQuantisedModel(engine, model, 4, corpus, test, windows))
}

const wholeWindows = (length, windows) => {
  const room = Math.min(Math.floor((length - 1) / 128), windows)
  return room - (room % 16)
}

/** Header, and masks at the entropy of their densities: what a ticket would take with an ideal code for random masks. */
async function entropyOf(path) {
  const source = await openModelSource(path)
  try {
    const { size, total } = await inspectTicket(source.ticket)
    return Math.ceil(size.bytes - size.masks + (total.entropy * total.weights) / 8)
  } finally {
    await source.close()
  }
}

/** Losses that were computed before, of the same files on the same windows. */
function keptLosses(path, text, windows) {
  const all = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const full = (key) => `${key}; ${text}; ${windows}`
  return {
    find: (key) => all[full(key)],
    keep(key, value) {
      all[full(key)] = value
      writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`)
      return value
    },
  }
}
