import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { createCachedDecoder } from '../../src/families/cached-decoder.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { readModelFolder } from '../../src/interop/index.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { openLiteralModel } from '../../src/prune/verify.js'
import { memorySource } from '../../src/safetensors/index.js'
import { expectPruned, expectSearched, openTicket } from '../../src/ticket/index.js'
import { launchBrowser, noBrowser, SWIFTSHADER } from './browser.js'
import { randomTicket, tinyConfig } from './run-tickets.js'
import { type Served, servePage } from './site.js'

const devices = ['wasm', 'webgpu'] as const
type Device = (typeof devices)[number]

describe.skipIf(noBrowser)("the run view's worker", () => {
  let served: Served
  let folder: string
  const browsers: Browser[] = []
  const pages = new Map<Device, Promise<Page>>()
  const errors: string[] = []
  let prunedFile: Uint8Array | undefined

  /** One page a device: its worker opens one ticket after the other, as a visitor does, and loads ONNX Runtime once. */
  const open = (device: Device): Promise<Page> => {
    const page = pages.get(device) ?? openPage(device)
    pages.set(device, page)
    return page
  }
  const openPage = async (device: Device): Promise<Page> => {
    const browser = await launchBrowser(device === 'webgpu' ? SWIFTSHADER : undefined)
    browsers.push(browser)
    const page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(served.url)
    await page.waitForFunction(() => 'run' in globalThis)
    return page
  }
  const start = (page: Page, file: Uint8Array, device: Device) =>
    page.evaluate(
      async ({ bytes, device }) => {
        const from = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))
        await globalThis.run.call('open', { name: 'a ticket', from, isInspected: false })
        const grown = await globalThis.run.call('grow', undefined)
        const started = await globalThis.run.call('start', { device })
        return { ...grown, ...started }
      },
      { bytes: Buffer.from(file).toString('base64'), device },
    )
  const logits = async (page: Page, tokens: number[]) => {
    const found = await page.evaluate(async (tokens) => {
      const { all, appended } = await globalThis.run.call('logits', { tokens })
      return { all: [...all], appended: [...appended] }
    }, tokens)
    return { all: Float32Array.from(found.all), appended: Float32Array.from(found.appended) }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-run-'))
    served = await servePage('run-engine')
  })
  afterAll(async () => {
    for (const browser of browsers) await browser.close()
    await served?.close()
    await rm(folder, { recursive: true, force: true })
  })

  describe.each(devices)("a searched ticket's logits through %s", (device) => {
    test("are Node's to 1e-5, at once and token by token", async () => {
      const file = randomTicket({ ...tinyConfig, layers: 2, width: 64, inner: 256, heads: 2, positions: 32 })
      const tokens = Array.from({ length: 20 }, (_, i) => (i * 37 + 11) % 256)
      const ticket = expectSearched(await openTicket(memorySource(file), nodeSha256))
      const { config } = ticket.metadata
      const weights = networkWeights(await rebuildTicket(ticket))
      const runner = createGraphRunner({ threads: 1 })
      const expected = await createDenseModel(runner, config, weights).logits(Int32Array.from(tokens), 1, 20)
      expect(Math.max(...expected)).toBeGreaterThan(0.5)

      const page = await open(device)
      const started = await start(page, file, device)
      expect(started.device).toBe(device)
      expect(started.sorter).toBe(null)
      const { all, appended } = await logits(page, tokens)
      expect(farthest(all, expected)).toBeLessThan(1e-5)
      expect(farthest(appended, expected.subarray(-256))).toBeLessThan(1e-5)
      // held weights or sent ones, the decoder's logits are the same in Node too
      const decoder = createCachedDecoder(runner, config, weights, { holdWeights: true })
      await decoder.read(tokens.slice(0, -1))
      expect(farthest(await decoder.append(tokens[19]), expected.subarray(-256))).toBeLessThan(1e-5)
    })
  })

  test('the sorter pruned in the page is the ticket that Node makes', async () => {
    const page = await open('wasm')
    const { bytes, reports } = await page.evaluate(async () => {
      const reports: { done: number; total: number }[] = []
      const bytes = await globalThis.run.call(
        'prune',
        { device: 'wasm', model: 'gpt-nano-sort' },
        { onReport: (each) => reports.push(each) },
      )
      return { bytes: [...bytes], reports }
    })
    prunedFile = Uint8Array.from(bytes)
    expect(reports.at(-1)).toEqual({ done: 99_612, total: 99_612 })
    const target = await readModelFolder((name) => openFile(`data/gpt-nano-sort/${name}`))
    const out = join(folder, 'a.slt.safetensors')
    await pruneModel({ target, items: 16, seed: 7, out })
    const here = expectPruned(await openTicket(memorySource(new Uint8Array(await readFile(out))), nodeSha256))
    const there = expectPruned(await openTicket(memorySource(prunedFile), nodeSha256))
    // The probe holds logits to four decimals, of which the last may round elsewhere; expected gaps come from Math.exp, whose last
    // bit is the engine's own.
    const exact = ({ probe: _, reports, ...metadata }: typeof here.metadata) => {
      return { ...metadata, reports: reports.map(({ expectedGap: __, ...report }) => report) }
    }
    expect(exact(there.metadata)).toEqual(exact(here.metadata))
    for (const [i, { expectedGap }] of here.metadata.reports.entries()) {
      expect(Math.abs(there.metadata.reports[i].expectedGap / expectedGap - 1)).toBeLessThan(1e-12)
    }
    for (const name of here.pairs.keys()) expect(await there.readMasks(name)).toEqual(await here.readMasks(name))
    for (const name of here.dense.keys()) expect(await there.readDense(name)).toEqual(await here.readDense(name))
  })

  /** The sorter by 4 products a weight: a source a quarter as wide, for a GPU in software. */
  const prunedNarrow = async () => {
    const target = await readModelFolder((name) => openFile(`data/gpt-nano-sort/${name}`))
    const out = join(folder, 'narrow.slt.safetensors')
    await pruneModel({ target, items: 4, seed: 7, out })
    return new Uint8Array(await readFile(out))
  }

  test.each(devices)("a pruned ticket's logits through %s are Node's to 1e-5", async (device) => {
    const file = device === 'wasm' ? prunedFile! : await prunedNarrow()
    const ticket = expectPruned(await openTicket(memorySource(file), nodeSha256))
    const literal = await openLiteralModel(
      { runner: createGraphRunner({ threads: 1 }), kernels: await loadKernels() },
      ticket,
    )
    const tokens = [2, 1, 0, 0, 1, 2, 0, 0, 1, 1, 2]
    const expected = await literal.logits(Int32Array.from(tokens), 1, tokens.length)
    expect(Math.max(...expected)).toBeGreaterThan(1)
    const page = await open(device)
    expect((await start(page, file, device)).sorter).toEqual({ letters: 3, length: 6 })
    const { all, appended } = await logits(page, tokens)
    expect(farthest(all, expected)).toBeLessThan(1e-5)
    expect(farthest(appended, expected.subarray(-3))).toBeLessThan(1e-5)
  })

  test('the sorter of the QR code sorts all 729 lists, and says what it was given', async () => {
    const page = await open('wasm')
    const file = await readFile('examples/sorter-qr/sorter.slt.safetensors')
    const started = await start(page, file, 'wasm')
    expect(started.weights).toBe(1320)
    const found = await page.evaluate(async () => ({
      one: await globalThis.run.call('sort', { list: 'CBAABC' }),
      all: await globalThis.run.call('sortAll', undefined),
    }))
    expect(found.one.answer).toBe('AABBCC')
    expect(found.one.isRight).toBe(true)
    expect(found.all).toEqual({ done: 729, total: 729, right: 729, wrong: null })
  })

  test.each(devices)('lists asked for at the same time, beside all lists, are sorted through %s', async (device) => {
    const page = await open(device)
    await start(page, await readFile('examples/sorter-qr/sorter.slt.safetensors'), device)
    const found = await page.evaluate(async () => {
      const { run } = globalThis
      const counting = new AbortController()
      const counted = new Promise<number>((done) => {
        const onReport = ({ right }: { right: number }) => done(right)
        run.call('sortAll', undefined, { onReport, signal: counting.signal }).catch(() => {})
      })
      const lists = ['CBAABC', 'BBBAAC', 'CCCBBB']
      const sorted = await Promise.all(lists.map((list) => run.call('sort', { list })))
      const first = await counted
      counting.abort()
      return { answers: sorted.map(({ answer }) => answer), first }
    })
    expect(found).toEqual({ answers: ['AABBCC', 'AABBBC', 'BBBCCC'], first: 81 })
  })

  test('a tiny ticket writes in WebAssembly: all of its tokens, the text in pieces on the way, and its rate', async () => {
    const page = await open('wasm')
    await start(page, randomTicket(tinyConfig), 'wasm')
    const write = (seed: bigint) =>
      page.evaluate(async (seed) => {
        const request = { prompt: 'ROMEO:', count: 64, temperature: 0.8, topK: 0, seed }
        const pieces: string[] = []
        const counts: number[] = []
        const written = await globalThis.run.call('write', request, {
          onReport(report) {
            if (report.kind !== 'text') return
            pieces.push(report.text)
            counts.push(report.tokens)
          },
        })
        return { ...written, text: pieces.join(''), counts }
      }, seed)
    const { tokens, perSecond, text, counts } = await write(0n)
    expect([tokens, counts.at(-1)]).toEqual([64, 64])
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(perSecond).toBeGreaterThan(0)
    expect((await write(0n)).text).toBe(text)
    expect((await write(1n)).text).not.toBe(text)
  })

  test('nothing was logged as an error', () => expect(errors).toEqual([]))
})

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}
