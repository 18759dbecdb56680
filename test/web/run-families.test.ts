import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { randomModelWeights } from '../../src/families/random.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { openFolderTokenizer } from '../../src/interop/index.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { openLiteralModel } from '../../src/prune/verify.js'
import { generateWeights } from '../../src/random/index.js'
import { memorySource } from '../../src/safetensors/index.js'
import { chooseModel } from '../../src/search/models.js'
import { expectPruned, expectSearched, openTicket } from '../../src/ticket/index.js'
import { watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { randomTicket } from './run-tickets.js'
import { type Served, servePage, serveSite } from './site.js'

const llama = chooseModel({ model: 'llama-micro', layers: 2, width: '32', heads: 4, keyHeads: 2, context: 32 }, 256)
const bert = chooseModel({ model: 'bert-micro', layers: 1, width: '32', heads: 2, context: 48 }, 256)
/** As many tokens as stories260k's tokenizer has, which is no number that a ticket could be read by without one. */
const target = chooseModel({ model: 'llama-micro', layers: 1, width: '8', heads: 2, inner: 12, context: 32 }, 512)

const open = (file: Uint8Array) => openTicket(memorySource(file), nodeSha256)

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

describe.skipIf(noBrowser)('tickets of every family in the page', () => {
  let folder: string
  let site: Served
  let worker: Served
  let browser: Browser
  /** Pruned with a rotary head, nothing dense. */
  let pruned: Uint8Array
  const runner = createGraphRunner({ threads: 1 })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-families-'))
    const weights = randomModelWeights(target, 3n, generateWeights)
    for (const { data } of weights.values()) for (let i = 0; i < data.length; i++) data[i] *= data[i] === 1 ? 1 : 20
    const out = join(folder, 'llama.slt.safetensors')
    await pruneModel({ target: { config: target, weights }, items: 6, seed: 5, attention: 'rotary', out })
    pruned = new Uint8Array(await readFile(out))
    worker = await servePage('run-engine')
    site = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await worker?.close()
    await site?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const openWorker = async (): Promise<[Page, string[]]> => {
    const page = await browser.newPage()
    const errors = watchErrors(page)
    await page.goto(worker.url)
    await page.waitForFunction(() => 'run' in globalThis)
    return [page, errors]
  }
  const start = (page: Page, file: Uint8Array) =>
    page.evaluate(async (bytes) => {
      const from = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))
      const opened = await globalThis.run.call('open', { name: 'a ticket', from, isInspected: false })
      await globalThis.run.call('grow', undefined)
      return { ...opened, ...(await globalThis.run.call('start', { device: 'wasm' })) }
    }, Buffer.from(file).toString('base64'))
  const logits = async (page: Page, tokens: number[]) => {
    const found = await page.evaluate(async (tokens) => {
      const { all, appended } = await globalThis.run.call('logits', { tokens })
      return { all: [...all], appended: [...appended] }
    }, tokens)
    return { all: Float32Array.from(found.all), appended: Float32Array.from(found.appended) }
  }

  test("a searched Llama's logits are Node's to 1e-5, at once and with a cache of grouped heads", async () => {
    const file = randomTicket(llama)
    const ticket = expectSearched(await open(file))
    const tokens = Array.from({ length: 20 }, (_, i) => (i * 37 + 11) % 256)
    const dense = createDenseModel(runner, llama, networkWeights(await rebuildTicket(ticket)))
    const expected = await dense.logits(Int32Array.from(tokens), 1, 20)
    expect(Math.max(...expected)).toBeGreaterThan(0.5)
    const [page, errors] = await openWorker()
    expect(await start(page, file)).toMatchObject({ task: 'causal', reading: 'bytes', sorter: null })
    const { all, appended } = await logits(page, tokens)
    expect(farthest(all, expected)).toBeLessThan(1e-5)
    expect(farthest(appended, expected.subarray(-256))).toBeLessThan(1e-5)
    expect(errors).toEqual([])
    await page.close()
  })

  test("a Llama pruned with rotary heads and nothing dense: the literal network's logits are Node's to 1e-5", async () => {
    const ticket = expectPruned(await open(pruned))
    expect(ticket.dense.size).toBe(0)
    const tokens = [1, 403, 7, 7, 511, 20]
    const literal = await openLiteralModel({ runner, kernels: await loadKernels() }, ticket)
    const expected = await literal.logits(Int32Array.from(tokens), 1, tokens.length)
    expect(Math.max(...expected)).toBeGreaterThan(0.5)
    const [page, errors] = await openWorker()
    expect(await start(page, pruned)).toMatchObject({ task: 'causal', reading: 'unknown', sorter: null })
    const { all, appended } = await logits(page, tokens)
    expect(farthest(all, expected)).toBeLessThan(1e-5)
    expect(farthest(appended, expected.subarray(-512))).toBeLessThan(1e-5)
    expect(errors).toEqual([])
    await page.close()
  })

  test('an encoder compares two texts as Node does, and writes none', async () => {
    const file = randomTicket(bert, { tokenizer: 'bytes' })
    const dense = createDenseModel(runner, bert, networkWeights(await rebuildTicket(expectSearched(await open(file)))))
    const texts = ['a cat sat', 'the cat sat there, on a mat that was too short for it'] as const
    const means = []
    for (const text of texts) {
      const tokens = Int32Array.from(new TextEncoder().encode(text).subarray(0, 48))
      const hidden = await dense.hidden(tokens, 1, tokens.length)
      means.push(Array.from({ length: 32 }, (_, i) => hidden.reduce((sum, x, k) => sum + (k % 32 === i ? x : 0), 0)))
    }
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0)
    const [a, b] = means
    const expected = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
    expect(Math.abs(expected)).toBeLessThan(0.999)
    const [page, errors] = await openWorker()
    expect(await start(page, file)).toMatchObject({ task: 'encoder', reading: 'bytes', sorter: null })
    const found = await page.evaluate(async (texts) => {
      const compared = await globalThis.run.call('compare', { texts })
      const refused = await globalThis.run
        .call('write', { prompt: 'a', count: 1, temperature: 0, topK: 0, seed: 0n })
        .catch(({ message }) => message as string)
      const { layers, labels } = compared.attention
      return { ...compared, attention: Array.from(layers[0].subarray(0, 9)), labels, refused }
    }, texts)
    expect(Math.abs(found.similarity - expected)).toBeLessThan(1e-6)
    expect(found.read).toEqual([
      { tokens: 9, left: 0 },
      { tokens: 48, left: texts[1].length - 48 },
    ])
    expect(found.labels.join('')).toBe('a␣cat␣sat')
    expect(found.attention.every((part) => part > 0)).toBe(true) // the first token sees those after it
    expect(found.refused).toBe('a BERT is an encoder, which writes no text.')
    expect(errors).toEqual([])
    await page.close()
  })

  test('a ticket that names no tokenizer asks for one, refuses one that does not fit, and writes with its own', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(90_000)
    const errors = watchErrors(page)
    await page.goto(`${site.url}#run?example=none`)
    const choose = (index: number, name: string, buffer: Buffer) =>
      page.locator('input[type=file]').nth(index).setInputFiles({ name, mimeType: '', buffer })
    await choose(0, 'llama.slt.safetensors', Buffer.from(pruned))
    await page.getByText('so its 512 tokens stand for no text yet').waitFor()
    await page.getByText('nothing: no float of the trained model').waitFor()
    await page.getByText('a pruned rotary layer, a pair a head and frequency').waitFor()
    await page.getByText('1 layer, width 8, 2 heads, 1 key head, context 32, 512 tokens').waitFor()
    for (const title of [
      'token embedding, rows 385–512',
      'head 2, frequency 2',
      'feed-forward in (gate)',
      'final norm, gains',
    ]) {
      await page.getByRole('button', { name: title }).waitFor()
    }
    await page.getByText('Ready.').waitFor()
    const json = await readFile('data/stories260k/tokenizer.json', 'utf8')
    await choose(1, 'tokenizer.json', Buffer.from(json.replace('"</s>":2', '"</s>":512')))
    await page
      .getByRole('alert')
      .getByText(/^tokenizer\.json: /)
      .waitFor()
    await choose(1, 'tokenizer.json', Buffer.from(json))
    const prompt = page.getByLabel('Prompt')
    await prompt.fill('Once upon')
    await page.getByRole('slider', { name: 'Temperature' }).fill('0')
    await page.getByRole('slider', { name: 'Length' }).fill('10')
    await page.getByRole('button', { name: 'Write', exact: true }).click()
    await page
      .locator('.ticket-rate')
      .getByText(/^10 tokens, .* a second/)
      .waitFor()
    await page.getByRole('button', { name: 'Write', exact: true }).waitFor()
    const shown = await page.getByLabel('What the ticket writes').innerText()

    const tokenizer = await openFolderTokenizer((name) => openFile(`data/stories260k/${name}`), 512)
    const tokens = Array.from(tokenizer.encode('Once upon', { addSpecialTokens: true }))
    const literal = await openLiteralModel({ runner, kernels: await loadKernels() }, expectPruned(await open(pruned)))
    const before = tokens.length
    for (let i = 0; i < 10; i++) {
      const all = await literal.logits(Int32Array.from(tokens), 1, tokens.length)
      const last = all.subarray(-512)
      tokens.push(last.indexOf(Math.max(...last)))
    }
    const text = new TextDecoder().decode(tokenizer.decode(tokens.slice(before), { continues: true }))
    const seen = (written: string) =>
      written
        .replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd')
        .replaceAll(/\s+/g, ' ')
        .trim()
    expect(seen(shown)).toBe(seen(`Once upon${text}`))
    expect(errors).toEqual([])
    await page.close()
  })

  test('the storyteller: pruned in the page, it writes beside the trained model, and the page says how many tokens are the same', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(120_000)
    const errors = watchErrors(page)
    await page.goto(`${site.url}#run?example=none`)
    await page.getByRole('button', { name: /^A storyteller, pruned here/ }).click()
    await page.getByText('Ready.').waitFor()
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Once upon a time')
    await page.getByRole('slider', { name: 'Length' }).fill('20')
    await page.getByRole('button', { name: 'Write', exact: true }).click()
    await page.getByText('All 20 tokens are the same.').waitFor()
    const texts = await Promise.all(
      ['What the ticket writes', 'What the trained model writes'].map((name) => page.getByLabel(name).innerText()),
    )
    expect(texts[0]).toMatch(/^Once upon a time, there was a/)
    expect(texts[1]).toBe(texts[0])
    // another example has neither
    await page.getByRole('button', { name: /^A playwright/ }).click()
    await page.getByText('Ready.').waitFor()
    expect(await page.getByLabel('Prompt').inputValue()).toBe('ROMEO:')
    expect(await page.getByLabel('What the trained model writes').count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  })

  test('the panel of an encoder: similarity as one types, and no prompt', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(90_000)
    const errors = watchErrors(page)
    await page.goto(`${site.url}#run?example=none&prompt=the+same&other=the+same`)
    const buffer = Buffer.from(randomTicket(bert, { tokenizer: 'bytes' }))
    await page.locator('input[type=file]').setInputFiles({ name: 'bert.slt.safetensors', mimeType: '', buffer })
    const answer = page.locator('output.ticket-answer')
    await answer.getByText('1.0000').waitFor()
    await page.getByLabel('Second text').fill('something else')
    await answer.getByText(/^-?0\.\d{4}$/).waitFor()
    expect(await page.getByLabel('Prompt').count()).toBe(0)
    await page.getByText('a column one that is read; a row sums to 1.').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })
})
