import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { matricesOf } from '../../src/families/family.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { getBit } from '../../src/mask/index.js'
import { memorySource } from '../../src/safetensors/index.js'
import { runSearch } from '../../src/search/run.js'
import { openSearchSession } from '../../src/search/session.js'
import { chooseSettings, type SearchSettings } from '../../src/search/settings.js'
import { expectSearched, openTicket } from '../../src/ticket/index.js'
import { corpusOfBytes } from '../../web/src/views/search/corpus-bytes.js'
import { launchBrowser, noBrowser, SWIFTSHADER } from './browser.js'
import { type Served, servePage } from './site.js'

const STEPS = 8
const settings = chooseSettings(
  { kind: 'search', model: 'micro', width: '32', heads: 2, layers: 2, context: 16, batch: 4, steps: STEPS, seed: 5n },
  { name: 'bytes', vocabulary: 256 },
)
const llama = chooseSettings(
  {
    kind: 'search',
    model: 'llama-micro',
    width: '64',
    heads: 2,
    layers: 1,
    context: 32,
    batch: 4,
    steps: STEPS,
    seed: 5n,
  },
  { name: 'bytes', vocabulary: 256 },
)
const data = new URL('../../data/tinyshakespeare/input.txt', import.meta.url)
const text = { name: 'tiny Shakespeare', bytes: new Uint8Array(readFileSync(data).subarray(0, 20_000)) }
const namesOf = ({ config }: SearchSettings) => matricesOf(config).map(({ name }) => name)

/** What Node's search of the same settings does. */
interface Expected {
  readonly before: Map<string, Uint8Array>
  readonly after: Map<string, Uint8Array>
  readonly losses: readonly number[]
}

describe.skipIf(noBrowser)('a search in a worker of a page', () => {
  let served: Served
  let expected: Expected
  const browsers: Browser[] = []
  const errors: string[] = []
  const open = async (flags?: readonly string[]): Promise<Page> => {
    const browser = await launchBrowser(flags)
    browsers.push(browser)
    const page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(served.url)
    await page.waitForFunction(() => 'startSearch' in globalThis)
    return page
  }

  beforeAll(async () => {
    served = await servePage('search')
    expected = await searchInNode(settings)
    expect(expected.losses).toHaveLength(STEPS)
  })
  afterAll(async () => {
    for (const browser of browsers) await browser.close()
    await served?.close()
  })

  test("the first masks are Node's bit for bit, the first loss to 1e-5, later ones and masks nearly", async () => {
    const page = await open()
    const found = await searchInPage(page, 'wasm', settings)
    expect(found.opening.device).toBe('wasm')
    expect(found.before).toEqual(expected.before)
    expect(Math.abs(found.losses[0] - expected.losses[0])).toBeLessThan(1e-5)
    expect(farthest(found.losses, expected.losses)).toBeLessThan(1e-3)
    expect(differing(found.after, expected.after)).toBeLessThan(1e-3)
    expect(differing(found.after, found.before)).toBeGreaterThan(1e-2) // that it moved at all
  })

  test("a Llama's search too: rotary positions, grouped heads, a gated feed-forward layer", async () => {
    const wanted = await searchInNode(llama)
    const found = await searchInPage(await open(), 'wasm', llama)
    expect(found.before).toEqual(wanted.before)
    expect(Math.abs(found.losses[0] - wanted.losses[0])).toBeLessThan(1e-5)
    expect(farthest(found.losses, wanted.losses)).toBeLessThan(1e-3)
    expect(differing(found.after, found.before)).toBeGreaterThan(1e-2)
  })

  test('the same through WebGPU, on SwiftShader', async () => {
    const found = await searchInPage(await open(SWIFTSHADER), 'webgpu', settings)
    expect(found.opening.device).toBe('webgpu')
    expect(found.before).toEqual(expected.before)
    expect(Math.abs(found.losses[0] - expected.losses[0])).toBeLessThan(1e-5)
    expect(differing(found.after, expected.after)).toBeLessThan(1e-3)
  })

  test('nothing was logged as an error', () => expect(errors).toEqual([]))
})

async function searchInNode(settings: SearchSettings): Promise<Expected> {
  const corpus = corpusOfBytes(text, settings.config.positions)
  const session = await openSearchSession(settings, corpus, createGraphRunner({ threads: 1 }), loadKernels)
  const masks = () => new Map(namesOf(settings).map((name) => [name, session.algorithm.ticket!.mask(name)]))
  const losses: number[] = []
  const before = masks()
  await runSearch({
    ...session,
    cadence: { validateEvery: 0, sampleEvery: 0, checkpointEvery: 0, checkpointSeconds: 0 },
    from: { step: 0, seconds: 0 },
    validate: session.validation(4),
    record: ({ loss }) => void losses.push(loss),
    async checkpoint() {},
    async pause() {},
    now: () => performance.now(),
  })
  const after = masks()
  await session.release()
  return { before, after, losses }
}

async function searchInPage(page: Page, device: 'wasm' | 'webgpu', settings: SearchSettings) {
  const names = namesOf(settings)
  const arithmetic = 'float32' as const
  const input = {
    settings,
    device,
    arithmetic,
    sharers: 1,
    matrix: names[0],
    sampleSeconds: Number.POSITIVE_INFINITY,
    held: true,
  }
  await page.evaluate(
    ({ input, name, bytes }) => {
      globalThis.search = globalThis.startSearch({ ...input, text: { name, bytes: Uint8Array.from(bytes) } })
    },
    { input, name: text.name, bytes: [...text.bytes] },
  )
  await page.waitForFunction(() => globalThis.search.opening !== undefined)
  const ticket = () => page.evaluate(async () => [...(await globalThis.search.client.call('ticket', undefined)).bytes])
  const before = await masksOf(names, await ticket())
  const { losses, end, opening } = await page.evaluate(async () => {
    const { client, rows, end, opening } = globalThis.search
    await client.call('proceed', undefined)
    const reached = await end
    return { losses: rows.map(({ loss }) => loss), end: reached, opening: opening! }
  })
  expect(end).toEqual({ end: 'finished', step: STEPS })
  return { before, after: await masksOf(names, await ticket()), losses, opening }
}

async function masksOf(names: readonly string[], bytes: readonly number[]): Promise<Map<string, Uint8Array>> {
  const ticket = expectSearched(await openTicket(memorySource(Uint8Array.from(bytes), 'page'), nodeSha256))
  const masks = new Map<string, Uint8Array>()
  for (const name of names) masks.set(name, (await ticket.readMask(name)).mask)
  return masks
}

/** The part of all mask bits that differ. */
function differing(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): number {
  let [different, count] = [0, 0]
  for (const [name, bits] of a) {
    const other = b.get(name)!
    expect(other.length).toBe(bits.length)
    for (let i = 0; i < 8 * bits.length; i++) if (getBit(bits, i) !== getBit(other, i)) different++
    count += 8 * bits.length
  }
  return different / count
}

const farthest = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
