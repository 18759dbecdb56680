import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { search } from '../../src/jobs/search.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { openSearchSession } from '../../src/search/session.js'
import { chooseSettings } from '../../src/search/settings.js'
import { createValidation } from '../../src/search/validation.js'
import { rowsOf, smallRun, writeText } from './small-run.js'

let folder: string
let text: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-valid-'))
  text = writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const LENGTH = 16

/** Loss of one random network on so many windows, read in parts of `microBatch`. */
async function lossIn(microBatch: number, windows: readonly number[]): Promise<number[]> {
  const { choice, kind } = smallRun(folder)
  const tokenizer = await loadTokenizer('bytes')
  const settings = chooseSettings({ model: 'micro', ...choice, kind, batch: 12, microBatch }, tokenizer)
  const corpus = await openCorpus({ data: text, tokenizer, context: LENGTH })
  const session = await openSearchSession(settings, corpus, createGraphRunner({ threads: 1 }), loadKernels)
  try {
    const losses: number[] = []
    for (const count of windows) losses.push((await session.validation(count)()).validLoss)
    return losses
  } finally {
    await session.release()
  }
}

/** Equal bits where ONNX Runtime computes a row alike in any batch, as on the CPUs tried; what it rounds elsewhere is less than this. */
const ROUNDING = 1e-6

test('the loss is the same number, whatever part of the batch the graph takes (within 1e-6)', async () => {
  const windows = [1, 5, 8, 12, 100]
  const whole = await lossIn(12, windows)
  expect(new Set(whole).size).toBe(windows.length) // other windows give another loss
  for (const microBatch of [1, 2, 3, 4, 6]) {
    const parts = await lossIn(microBatch, windows)
    for (const [i, loss] of parts.entries()) {
      expect(Math.abs(loss - whole[i]), `${windows[i]} windows by ${microBatch}`).toBeLessThan(ROUNDING)
    }
  }
})

test('as many windows are read as were asked for, the last batch a part of one', async () => {
  for (const [windows, batch, runs] of [
    [8, 16, 1],
    [8, 3, 3],
    [1, 4, 1],
    [1000, 7, 4],
  ]) {
    const [tokens, targets] = [new Int32Array(batch * 4), new Int32Array(batch * 4)]
    const seen: number[][] = []
    const evaluator = {
      tokens,
      targets,
      run: async () => {
        for (let b = 0; b < batch; b++) seen.push([...tokens.subarray(4 * b, 4 * b + 4)])
        return Float64Array.from({ length: batch }, (_, b) => 4 * tokens[4 * b])
      },
    }
    const own = Uint16Array.from({ length: 101 }, (_, i) => 1 + i)
    const tokenizer = await loadTokenizer('bytes')
    const { validLoss } = await createValidation(evaluator, { name: 'own', text: own, tokenizer, batch, windows })()
    expect(seen.length).toBe(runs * batch)
    const read = seen.filter(([first]) => first > 0)
    expect(read.length).toBe(Math.min(windows, 25))
    expect(
      seen
        .slice(read.length)
        .flat()
        .every((token) => token === 0),
    ).toBe(true)
    expect(validLoss).toBeCloseTo(read.reduce((sum, [first]) => sum + first, 0) / read.length, 12)
  }
})

test('what a search records is what evaluating its ticket gives, in any batch (within 1e-6)', async () => {
  for (const microBatch of [4, 1]) {
    const run = smallRun(folder, { out: join(folder, `by-${microBatch}.slt.safetensors`) })
    const cadence = { ...run.cadence, validateEvery: 1, validWindows: 5 }
    const choice = { ...run.choice, steps: 2, batch: 4, microBatch }
    const { validLoss, run: at, out } = await search({ ...run, choice, cadence })
    const rows = rowsOf(at)
    expect(rows[0].validLoss).toBeGreaterThan(1)
    for (const batch of [1, 3, 64]) {
      const { loss, recordedLoss } = await evaluateTicket({ ticket: out, data: text, batch, device: 'cpu', threads: 1 })
      expect(recordedLoss).toBe(validLoss)
      expect(Math.abs(loss - validLoss)).toBeLessThan(ROUNDING)
    }
  }
})
