import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { createDenseModel, matricesOf } from '../../src/families/index.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'
import { expectSearched, openTicket } from '../../src/ticket/index.js'
import { rowsOf, smallRun, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-families-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The run of 24 steps of another family. */
function run(family: 'llama' | 'bert', name: string, choice: Partial<SettingsChoice> = {}): SearchRequest {
  const request = smallRun(folder, { out: join(folder, `${name}.slt.safetensors`) })
  const { model: _, ...sizes } = request.choice
  return { ...request, choice: { ...sizes, family, ...choice } }
}

describe.each(['llama', 'bert'] as const)('a search of the family %s', (family) => {
  test('finds a ticket of version 4, which evaluates to its loss and gives the numbers of its probe', async () => {
    const samples: string[] = []
    const request = run(family, family, { norms: 'learned' })
    const report = await search({
      ...request,
      cadence: { ...request.cadence, validateEvery: 12, sampleEvery: 24 },
      onSample: (_, text) => samples.push(text),
    })
    const { config } = report.settings
    expect(report.validLoss).toBeLessThan(Math.log(config.vocabulary) - 1)
    expect(samples.length).toBe(1)
    // An encoder's sample is a text with gaps and the same text with guesses.
    if (family === 'bert') expect(samples[0]).toMatch(/^[^\n]*_/)
    const file = await openFile(report.out)
    const ticket = expectSearched(await openTicket(file, nodeSha256))
    const { metadata } = ticket
    expect(metadata).toMatchObject({ version: '4', kind: 'searched', tokenizer: 'bytes', config })
    expect(config.vocabulary).toBe(family === 'bert' ? 257 : 256)
    expect([...ticket.matrices.keys()]).toEqual(matricesOf(config).map(({ name }) => name))

    const runner = createGraphRunner({ threads: 1 })
    const dense = createDenseModel(runner, config, networkWeights(await rebuildTicket(ticket)))
    const { tokens, logits } = metadata.probe!
    const read = Int32Array.from(tokens)
    const all = await (family === 'bert' ? dense.hidden(read, 1, read.length) : dense.logits(read, 1, read.length))
    const last = all.subarray((all.length / read.length) * (read.length - 1))
    for (const [i, logit] of logits.entries()) expect(last[i]).toBeCloseTo(logit, 3)
    await dense.release()
    await file.close()

    const evaluated = await evaluateTicket({ ticket: report.out, data: request.data!, threads: 1, batch: 3 })
    expect(evaluated).toMatchObject({ part: 'valid', hidden: family === 'bert' })
    expect(evaluated.warnings).toEqual([])
    // A table of one token type keeps 30 % of its one row: that most columns are empty is no fault.
    expect(evaluated.kept!.warnings).toEqual([])
    expect(evaluated.loss).toBeCloseTo(report.validLoss, 5)
    expect(evaluated.bitsPerByte).toBeCloseTo(report.bitsPerByte, 5)
    // 2 of 16 tokens of a window are hidden from an encoder.
    expect(evaluated.tokens).toBe(evaluated.windows * (family === 'bert' ? 2 : 16))
  })

  test('goes on where it was interrupted, bit for bit', async () => {
    const whole = await search(run(family, `${family}-whole`, { algorithm: 'iterand', redrawEvery: 7 }))
    const stop = new AbortController()
    const request = run(family, `${family}-parts`, { algorithm: 'iterand', redrawEvery: 7 })
    const onStep = ({ step }: { step: number }) => step === 13 && stop.abort()
    await expect(search({ ...request, signal: stop.signal, onStep })).rejects.toThrow()
    const resumed = await search({ kind: 'search', choice: {}, resume: `${request.out}.run`, threads: 1 })
    expect(resumed.from).toBe(13)
    expect(readFileSync(resumed.out)).toEqual(readFileSync(whole.out))
    const losses = (out: string) => rowsOf(`${out}.run`).map(({ loss }) => loss)
    expect(losses(resumed.out)).toEqual(losses(whole.out))
  })

  test('in parts of a batch the losses are those of the whole batch (within 1e-5)', async () => {
    const [whole, parts] = [
      await search(run(family, `${family}-batch`)),
      await search(run(family, `${family}-micro`, { microBatch: 2 })),
    ]
    const of = (out: string) => rowsOf(`${out}.run`).slice(0, 3)
    for (const [i, { loss }] of of(parts.out).entries()) expect(loss).toBeCloseTo(of(whole.out)[i].loss, 5)
  })
})

describe('named models', () => {
  const weights = (model: SettingsChoice['model'], vocabulary = 256) => {
    const { config } = chooseSettings({ kind: 'search', model }, { name: 'bytes', vocabulary })
    return matricesOf(config).reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  }
  test('Llamas and BERTs have as many weights as the GPT-2 of their size, to 1 %', () => {
    for (const size of ['micro', 'tiny'] as const) {
      for (const family of ['llama', 'bert'] as const) {
        expect(Math.abs(weights(`${family}-${size}`) / weights(size) - 1)).toBeLessThan(0.01)
      }
    }
    expect([weights('micro'), weights('llama-micro'), weights('bert-micro')]).toEqual([835_584, 831_488, 835_840])
    expect([weights('tiny'), weights('llama-tiny'), weights('bert-tiny')]).toEqual([3_276_800, 3_260_416, 3_277_312])
  })

  const choose = (choice: Partial<SettingsChoice>) =>
    chooseSettings({ kind: 'search', ...choice }, { name: 'bytes', vocabulary: 256 }).config
  test('a family names its smallest model, and sizes follow the width', () => {
    expect(choose({})).toEqual(choose({ model: 'micro' }))
    expect(choose({ family: 'llama' })).toEqual(choose({ model: 'llama-micro' }))
    expect(choose({ family: 'llama', width: 'x2' })).toMatchObject({ inner: 784, heads: 4, keyHeads: 2, headWidth: 64 })
    expect(choose({ family: 'llama', width: '192' })).toMatchObject({ heads: 3, keyHeads: 3 })
    expect(choose({ family: 'bert' })).toMatchObject({ vocabulary: 257, types: 1 })
  })

  test.each<[Partial<SettingsChoice>, string]>([
    [{ family: 'llama', model: 'micro' }, '"model" expected llama-micro, llama-tiny for the family llama, got "micro"'],
    [{ family: 'opt' as never }, '"family" expected gpt2, llama, bert, got "opt"'],
    [{ family: 'bert', untied: true }, '"untied" expected nothing for a BERT, which has no such choice, got true'],
    [{ keyHeads: 1 }, '"key-heads" expected nothing for a GPT-2, which has no such choice, got 1'],
    [{ family: 'llama', keyHeads: 3, heads: 2 }, '"key-heads" expected a divisor of the 2 heads, got 3'],
    [{ family: 'llama', heads: 3 }, '"heads" expected a divisor of the width 128, got 3'],
    [{ family: 'bert', activation: 'quick_gelu' }, '"activation" expected gelu, gelu_new, relu, silu, got quick_gelu'],
    [
      { family: 'bert', task: { name: 'sort', letters: 3, length: 6 } },
      '"task" expected a family that predicts the next token, got BERT',
    ],
  ])('%j is refused', (choice, message) => {
    expect(() => choose(choice)).toThrow(message)
  })
})
