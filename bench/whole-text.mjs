// The texts that models are compared on, and a model file's loss on every whole window of one.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { byteTokenizer } from '../dist/data/byte-tokenizer.js'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { openCorpus } from '../dist/files/corpus-files.js'
import { writeTextAtomically } from '../dist/files/files.js'
import { openModelSource } from '../dist/jobs/model-source.js'
import { createDenseLoss } from '../dist/jobs/searched-loss.js'
import { createValidation } from '../dist/search/validation.js'

const tinyShakespeare = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))

/** Tiny Shakespeare, which is bundled; its last tenth validates. `key` is its folder in that of --models. */
export const shakespeare = { name: 'tiny Shakespeare', key: 'shakespeare', options: { data: tinyShakespeare } }

/** Tiny Shakespeare, and WikiText-2 where --data is a folder with its train.txt, valid.txt and test.txt. */
export async function textsOf(log, data) {
  if (data === undefined) {
    log('WikiText-2 is left out: it needs --data, a folder with its train.txt, valid.txt and test.txt')
    return [shakespeare]
  }
  const options = { data: join(data, 'train.txt'), valid: join(data, 'valid.txt') }
  return [shakespeare, { name: 'WikiText-2', key: 'wikitext', options, test: await textOf(join(data, 'test.txt')) }]
}

/** Every byte of a text, as tokens. */
async function textOf(path) {
  const { train, valid } = await openCorpus({ data: path, tokenizer: byteTokenizer })
  const all = new Uint16Array(train.length + valid.length)
  all.set(train)
  all.set(valid, train.length)
  return all
}

/**
 * Adds to runs of `makeRuns` the loss that counts: on the whole test text where the text has one, else the run's own on the validation part.
 * Bits a weight are those of the whole file over the weights in matrices. What was measured is kept in losses.json beside the store, by the
 * hashes of file and text.
 * @returns the same runs with `loss` (nats a byte) and `bitsPerWeight`
 */
export async function measureRuns(runs, { text: { key, test }, folder }) {
  const path = join(folder, key, 'losses.json')
  const kept = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const hash = test === undefined ? 'no text' : sha256Of(test)
  const measured = []
  for (const run of runs) {
    const name = `${run.sha256}; ${hash}`
    if (kept[name] === undefined) {
      kept[name] = await measure(run.path, test)
      await writeTextAtomically(path, `${JSON.stringify(kept, null, 2)}\n`, { replaces: 'anything' })
    }
    const { weights, loss = run.validLoss } = kept[name]
    if (!Number.isFinite(loss)) throw new Error(`${run.path}: the loss is ${loss}`)
    measured.push({ ...run, loss, bitsPerWeight: (8 * run.bytes) / weights })
  }
  return measured
}

const sha256Of = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @returns the number of weights in matrices, and where there is a text nats a byte of it */
async function measure(path, text) {
  const source = await openModelSource(path)
  try {
    const { config } = source
    const all = await source.weights()
    const matrices = [...all.values()].filter(({ shape }) => shape.length === 2)
    const weights = matrices.reduce((sum, { data }) => sum + data.length, 0)
    return text === undefined ? { weights } : { weights, loss: await lossOf(config, all, text) }
  } finally {
    await source.close()
  }
}

/** Windows at a time: time and memory, not the loss. */
const BATCH = 16

let runner

/** Nats a byte on every whole window of a text, computed in float32 by one graph for all kinds of models. */
async function lossOf(config, weights, text) {
  runner ??= createGraphRunner({})
  const windows = Math.floor((text.length - 1) / config.positions)
  const evaluator = await createDenseLoss(runner, config, weights, BATCH, config.positions)
  try {
    const about = { name: 'text', text, tokenizer: byteTokenizer, batch: BATCH, windows }
    const { validLoss } = await createValidation(evaluator, about)()
    return validLoss
  } finally {
    await evaluator.release()
  }
}
