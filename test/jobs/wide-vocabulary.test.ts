// A vocabulary of 70,000 tokens, of which those of every text are above 65,535.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { openFile } from '../../src/files/files.js'
import { readModelFolder } from '../../src/interop/index.js'
import { compareModels } from '../../src/jobs/compare.js'
import { embedTexts } from '../../src/jobs/embed.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { openModel } from '../../src/jobs/open-model.js'
import { pruneModel, verifyModel } from '../../src/jobs/prune.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { openSearchTokenizer } from '../../src/jobs/search-tokenizer.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { continueText, loadModelTokenizer, promptTokens } from '../../src/jobs/searched-text.js'
import { slt } from '../cli/slt.js'
import { denseResult, randomWeights, smallBert } from '../families/small-models.js'
import { SHIFT, VOCABULARY, wideLlama, wideTexts, wideWeights, writeWide } from '../interop/wide-folder.js'
import { farthest } from '../vectors/pytorch/open.js'

let folder: string
let wide: string
let data: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-wide-'))
  wide = join(folder, 'wide')
  data = join(folder, 'text.txt')
  await writeWide(wide)
  await writeFile(
    data,
    'Speak, speak. First, you know Caius Marcius is chief enemy to the people.<|begin|>\n'.repeat(4),
  )
  env.allowRemoteModels = false
  env.localModelPath = dirname(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const readTarget = () => readModelFolder((name) => openFile(join(wide, name)))

const ownTokenizer = async () => (await openSearchTokenizer(wide)).tokenizer

/** Tokens behind a prompt, greedy unless some are drawn from, and the tokens of the prompt. */
async function write(path: string, prompt: string, tokenizerOf?: string, topK = 1) {
  const opened = await openModel(path)
  try {
    const tokenizer = await loadModelTokenizer(opened, tokenizerOf)
    const tokens: number[] = []
    const request = { prompt, count: 8, temperature: 1, topK, seed: 0, endTokens: [] }
    for await (const { token } of continueText(opened, tokenizer, request)) if (token !== null) tokens.push(token)
    return { before: promptTokens(tokenizer, prompt), tokens }
  } finally {
    await opened.close()
  }
}

/** The greedy text by whole passes of a dense network, without a cache. */
async function greedyOf(before: readonly number[], count: number): Promise<number[]> {
  const model = createDenseModel(createGraphRunner(), wideLlama, wideWeights())
  try {
    const tokens = [...before]
    for (let i = 0; i < count; i++) {
      const logits = (await model.logits(Int32Array.from(tokens), 1, tokens.length)).slice(-VOCABULARY)
      tokens.push(logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit))))
    }
    return tokens.slice(before.length)
  } finally {
    await model.release()
  }
}

test('texts become the tokens of the folder, and those become the texts again', async () => {
  const tokenizer = await ownTokenizer()
  const decode = (tokens: readonly number[]) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(tokenizer.decode(tokens))
  for (const { text, tokens, special, decoded } of wideTexts) {
    expect([text, [...tokenizer.encode(text)]]).toEqual([text, tokens])
    expect([...tokenizer.encode(text, { addSpecialTokens: true })]).toEqual(special)
    expect(decode(tokens)).toBe(decoded)
  }
})

test('a corpus holds them in 32 bits', async () => {
  const corpus = await openCorpus({ data, tokenizer: await ownTokenizer() })
  const all = [...corpus.train, ...corpus.valid]
  expect(Math.min(...all)).toBeGreaterThan(65_535)
  expect(new TextDecoder().decode(corpus.tokenizer.decode(all))).toMatch(/^Speak, speak\. .* people\.\n$/s)
})

test('a folder runs: its greedy text is that of whole passes', async () => {
  const { before, tokens } = await write(wide, 'First, you know')
  expect(Math.min(...before)).toBeGreaterThan(65_535)
  expect(tokens).toEqual(await greedyOf(before, 8))
  expect(Math.min(...tokens)).toBeGreaterThanOrEqual(SHIFT)
  const { code, stdout } = slt('run', wide, '--tokens', before.join(','), '--count', '8', '--json')
  expect([code, JSON.parse(stdout).continuation]).toEqual([0, tokens])
})

test('its loss is computed on these tokens', async () => {
  const found = await evaluateTicket({ ticket: wide, data, device: 'cpu', windows: 2 })
  expect(found).toMatchObject({ tokenizer: 'folder', windows: 2, length: 16, tokens: 32 })
  const model = createDenseModel(createGraphRunner(), wideLlama, wideWeights())
  const { train, valid } = await openCorpus({ data, tokenizer: await ownTokenizer() })
  const all = [...train, ...valid]
  let sum = 0
  for (const start of [0, all.length - 17]) {
    const logits = await model.logits(Int32Array.from(all.slice(start, start + 16)), 1, 16)
    for (let t = 0; t < 16; t++) {
      const row = logits.subarray(t * VOCABULARY, (t + 1) * VOCABULARY)
      const total = row.reduce((exponentials, logit) => exponentials + Math.exp(logit), 0)
      sum += Math.log(total) - row[all[start + t + 1]]
    }
  }
  await model.release()
  expect(found.loss).toBeCloseTo(sum / 32, 4)
})

test('an encoder embeds them', async () => {
  const encoder = join(folder, 'encoder')
  const config = { ...smallBert, vocabulary: VOCABULARY }
  const weights = randomWeights(config)
  await writeWide(encoder, config, weights)
  const tokens = (await ownTokenizer()).encode('First, you', { addSpecialTokens: true })
  const hidden = await denseResult(config, weights, Int32Array.from(tokens), [1, tokens.length])
  const sums = Array.from({ length: config.width }, (_, j) =>
    hidden.filter((_, i) => i % config.width === j).reduce((sum, value) => sum + value, 0),
  )
  const { vectors } = await embedTexts({ model: encoder, texts: ['First, you'] })
  const scale = Math.hypot(...vectors) / Math.hypot(...sums)
  for (const [j, sum] of sums.entries()) expect(vectors[j]).toBeCloseTo(scale * sum, 5)
})

describe('pruned', () => {
  // What a target of so many tokens writes for its comparison takes longer than pruning it.
  const sequences = { tokens: Int32Array.from({ length: 16 }, (_, i) => VOCABULARY - 20 - i), batch: 1, length: 16 }
  const prune = async (dense: 'none' | 'embeddings', more: { items: number; embeddingItems?: number }) => {
    const out = join(folder, `${dense}.slt.safetensors`)
    await pruneModel({ target: await readTarget(), dense, sequences, ...more, seed: 7, out, threads: 1 })
    return out
  }

  test('with nothing kept dense, its predictions are those of the target, as verified literally', async () => {
    const ticket = await prune('none', { items: 18, embeddingItems: 11 })
    const tokenizer = await ownTokenizer()
    const { checks } = await verifyModel({ ticket, target: await readTarget(), data, tokenizer })
    expect(checks.filter(({ passed }) => !passed)).toEqual([])
    expect(checks.find(({ name }) => name === 'pairs')!.detail).toMatch(/^55\d pairs/) // 547 blocks of the table
  })

  test('it writes with the tokenizer of the folder what the target writes, and its loss is near', async () => {
    const ticket = await prune('embeddings', { items: 20 })
    const own = await write(wide, 'First, you know', undefined, 40)
    expect(new Set(own.tokens).size).toBeGreaterThan(3)
    expect(await write(ticket, 'First, you know', wide, 40)).toEqual(own)
    const { models } = await compareModels({ paths: [wide, ticket], data, tokenizer: wide, runs: 0, windows: 1 })
    expect(Math.abs(models[0].loss!.nats - models[1].loss!.nats)).toBeLessThan(0.01)
  })
})

describe('searched with the tokenizer of the folder', () => {
  const choice = {
    ...({ family: 'llama', layers: 1, width: '4', heads: 1, inner: 4, context: 8, batch: 2, steps: 3 } as const),
    seed: 3n,
  }
  const cadence = { checkpointEvery: 1, validateEvery: 0, sampleEvery: 0, validWindows: 1 }
  const run = (out: string, more: Partial<SearchRequest> = {}) =>
    search({
      kind: 'search',
      choice,
      data,
      tokenizer: wide,
      out: join(folder, out),
      cadence,
      device: 'cpu',
      threads: 1,
      ...more,
    })

  test('a ticket is found, which that tokenizer reads; an interrupted search goes on bit for bit', async () => {
    const tokens = (await ownTokenizer()).encode(await readFile(data))
    const found = await run('found.slt.safetensors')
    expect(found.settings).toMatchObject({ tokenizer: 'folder', config: { vocabulary: SHIFT + 484 } })
    expect(found.tokens.train + found.tokens.valid).toBe(tokens.length)

    const stop = new AbortController()
    const stopped = run('again.slt.safetensors', { signal: stop.signal, onStep: () => stop.abort(new Error('stop')) })
    await expect(stopped).rejects.toThrow('stop')
    const resume = join(folder, 'again.slt.safetensors.run')
    await search({ kind: 'search', choice: {}, resume })
    const [once, again] = ['found', 'again'].map((name) => readFile(join(folder, `${name}.slt.safetensors`)))
    expect((await once).equals(await again)).toBe(true)

    const ticket = join(folder, 'found.slt.safetensors')
    const loss = await evaluateTicket({ ticket, data, tokenizer: wide, part: 'valid', device: 'cpu' })
    expect(loss.loss).toBeCloseTo(found.validLoss, 4)
    await expect(evaluateTicket({ ticket, data, device: 'cpu' })).rejects.toThrow('names no tokenizer')
  })

  test('a tokenizer that has changed since is told', async () => {
    const other = join(folder, 'other')
    await cp(wide, other, { recursive: true })
    const stop = new AbortController()
    const more = { tokenizer: other, signal: stop.signal, onStep: () => stop.abort(new Error('stop')) }
    await expect(run('told.slt.safetensors', more)).rejects.toThrow('stop')
    const file = join(other, 'tokenizer.json')
    await writeFile(file, `${await readFile(file, 'utf8')} `)
    const resume = join(folder, 'told.slt.safetensors.run')
    await expect(search({ kind: 'search', choice: {}, resume })).rejects.toThrow(
      /is a run of another configuration: the tokenizer\.json is [0-9a-f]{8} there, [0-9a-f]{8} here/,
    )
  })
})

test('an export is read back with its weights, and runs in transformers.js', async () => {
  const [saved, js] = [join(folder, 'saved'), join(folder, 'js')]
  await exportModel({ source: wide, to: 'huggingface', out: saved })
  const { config, weights } = await readModelFolder((name) => openFile(join(saved, name)))
  expect(config).toEqual(wideLlama)
  for (const [name, { data }] of wideWeights()) expect(weights.get(name)!.data).toEqual(data)

  await exportModel({ source: wide, to: 'onnx', out: js })
  const id = `${basename(folder)}/js`
  const { input_ids, attention_mask } = (await AutoTokenizer.from_pretrained(id))('First, you know')
  const ids = [...(input_ids.data as BigInt64Array)].map(Number)
  const { before } = await write(wide, 'First, you know')
  expect(ids).toEqual(before)
  const model = await AutoModelForCausalLM.from_pretrained(id, { dtype: 'fp32', device: 'cpu' })
  const { logits } = (await model({ input_ids, attention_mask })) as { logits: Tensor }
  await model.dispose()
  const own = createDenseModel(createGraphRunner(), wideLlama, wideWeights())
  const expected = await own.logits(Int32Array.from(before), 1, before.length)
  await own.release()
  expect(farthest(Float32Array.from(logits.data as Float32Array), expected)).toBeLessThan(1e-5)
})
