// A model file's loss on every whole window of a text.
import { byteTokenizer } from '../dist/data/byte-tokenizer.js'
import { openCorpus } from '../dist/files/corpus-files.js'
import { lossOf } from './compression-loss.mjs'
import { readModel } from './compression-models.mjs'

/** Every byte of a text, as tokens. */
export async function textOf(path) {
  const { train, valid } = await openCorpus({ data: path, tokenizer: byteTokenizer })
  const all = new Uint16Array(train.length + valid.length)
  all.set(train)
  all.set(valid, train.length)
  return all
}

/** @param text undefined: the loss is not computed @returns nats a byte, the file's bytes, and the number of weights in matrices */
export async function lossOnText(engine, path, text) {
  const model = await readModel(path, 0)
  const matrices = [...model.weights.values()].filter(({ shape }) => shape.length === 2)
  const weights = matrices.reduce((sum, { data }) => sum + data.length, 0)
  return {
    bytes: model.bytes,
    weights,
    loss: text && (await lossOf(engine, model, text, Math.floor((text.length - 1) / 128))),
  }
}
