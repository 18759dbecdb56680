import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { generateWeights } from '../../src/random/index.js'
import { launchBrowser, noBrowser, SWIFTSHADER } from './browser.js'
import { boundLogits, smallGpt2 } from './pages/small-gpt2.js'
import { type Served, servePage } from './site.js'

interface Answer {
  device: string
  reason: string
  threads: number
  free: Float32Array
  bound: Float32Array
}

describe.skipIf(noBrowser)('in a worker of a page', () => {
  let served: Served
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
    await page.waitForFunction(() => 'client' in globalThis)
    return page
  }
  const logits = async (page: Page, device: string): Promise<Answer> => {
    const found = await page.evaluate(async (device) => {
      const { free, bound, ...rest } = await globalThis.client.call('logits', { device } as { device: 'auto' })
      return { ...rest, free: [...free], bound: [...bound] }
    }, device)
    return { ...found, free: Float32Array.from(found.free), bound: Float32Array.from(found.bound) }
  }
  let expected: Float32Array

  beforeAll(async () => {
    served = await servePage('engine')
    const runner = createGraphRunner({ threads: 1 })
    const model = smallGpt2(runner)
    expected = await model.logits(model.tokens, 2, 8)
    expect(await boundLogits(runner)).toEqual(expected)
    expect(Math.max(...expected)).toBeGreaterThan(1)
  })
  afterAll(async () => {
    for (const browser of browsers) await browser.close()
    await served?.close()
  })

  test("WebAssembly on threads: Node's logits to 1e-5, run freely and bound", async () => {
    const page = await open()
    const found = await logits(page, 'wasm')
    expect(found.device).toBe('wasm')
    expect(found.threads).toBe(await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency)))
    expect(found.reason).toMatch(/^WebAssembly, as asked; on/)
    expect(farthest(found.free, expected)).toBeLessThan(1e-5)
    expect(farthest(found.bound, expected)).toBeLessThan(1e-5)
  })

  test("WebGPU on SwiftShader: Node's logits to 1e-5, run freely and bound", async () => {
    const page = await open(SWIFTSHADER)
    const found = await logits(page, 'webgpu')
    expect(found.device).toBe('webgpu')
    expect(farthest(found.free, expected)).toBeLessThan(1e-5)
    expect(farthest(found.bound, expected)).toBeLessThan(1e-5)
    const chosen = await logits(await open(SWIFTSHADER), 'auto')
    expect(chosen.device).toBe('wasm')
    expect(chosen.reason).toMatch(/only WebGPU adapter is software/)
  })

  test('without WebGPU: it says so, and auto is WebAssembly', async () => {
    const page = await open(['--disable-features=WebGPU', '--disable-gpu', '--disable-software-rasterizer'])
    expect((await logits(page, 'auto')).device).toBe('wasm')
    const refusal = page.evaluate(() =>
      globalThis.client.call('logits', { device: 'webgpu' }).catch(({ message }) => message),
    )
    expect(await refusal).toMatch(/^WebGPU cannot be used: .+ WebAssembly works everywhere\.$/)
  })

  test('kernels and SHA-256 work in a worker', async () => {
    const page = await open()
    const { weights, hash } = await page.evaluate(async () => {
      const found = await globalThis.client.call('weights', undefined)
      return { weights: [...found.weights], hash: found.hash }
    })
    const init = { kind: 'uniform', range: 1 } as const
    expect(Float32Array.from(weights)).toEqual(generateWeights({ seed: 7, stream: 0, init, count: 1000 }))
    expect(hash).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad') // FIPS 180-4
  })

  test('nothing was logged as an error', () => expect(errors).toEqual([]))
})

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}
