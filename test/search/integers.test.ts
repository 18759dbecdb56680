import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { gradientGraph } from '../../src/families/loss-graph.js'
import type { GraphRunner } from '../../src/graph/index.js'
import { withArithmetic } from '../../src/jobs/run-arithmetic.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { chooseArithmetic, expectExactIntegers } from '../../src/search/integer-products.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'
import { hasExactIntegers } from '../exact-integers.js'
import { smallRun, writeText } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-integers-'))
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

let made = 0
const request = (changes: Partial<SettingsChoice>, more: Partial<SearchRequest> = {}): SearchRequest => {
  const run = smallRun(folder, { out: join(folder, `${made++}.safetensors`), ...more })
  return { ...run, choice: { ...run.choice, initialisation: 'signed-constant', ...changes } }
}

const runner = createGraphRunner({ threads: 1 })

/** A runner whose graphs give other results. */
const altered = (run: () => Promise<never> | Promise<Float32Array>): GraphRunner => ({
  prefersFused: true,
  load: async () => ({
    run: async () => ({ y: { dtype: 'float32', dims: [16, 32], data: await run() } }),
    bind: () => async () => {},
    release: async () => {},
  }),
})

describe.skipIf(!hasExactIntegers)('a search in integers', () => {
  test.each([
    ['signed constants', {}],
    ['signed constants in micro-batches', { microBatch: 2 }],
    ['normal weights', { initialisation: 'fan-in' }],
    ['a llama', { family: 'llama', model: 'llama-micro' }],
    ['a bert', { family: 'bert', model: 'bert-micro' }],
    ['GELU and an untied head', { activation: 'gelu_new', untied: true }],
  ] as const)('%s: steps follow those of float32, and are not the same', async (_name, changes) => {
    const losses: number[][] = []
    for (const arithmetic of ['float32', 'int8'] as const) {
      const own: number[] = []
      await search({ ...request({ ...changes, arithmetic }), onStep: ({ loss }) => own.push(loss) })
      losses.push(own)
    }
    const [exact, rounded] = losses
    expect(rounded).not.toEqual(exact)
    const distance = rounded.map((loss, i) => Math.abs(loss - exact[i]))
    expect(Math.max(...distance)).toBeLessThan(0.15)
    expect(rounded.at(-1)).toBeLessThan(rounded[0] - 0.3)
  })

  test('dense training learns in integers too', async () => {
    const losses: number[] = []
    const dense = request({ arithmetic: 'int8', initialisation: 'gpt2' }, { kind: 'train' })
    await search({ ...dense, onStep: ({ loss }) => losses.push(loss) })
    expect(losses.at(-1)).toBeLessThan(losses[0] - 0.3)
  })

  test('interrupted and resumed, it ends byte for byte as if it had not been; it cannot change on the way', async () => {
    const whole = request({ arithmetic: 'int8' })
    await search(whole)
    const parts = request({ arithmetic: 'int8' })
    const controller = new AbortController()
    const onStep = ({ step }: { step: number }) => step === 11 && controller.abort(new Error('interrupted'))
    await expect(search({ ...parts, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
    const resume = { ...parts, choice: {}, resume: `${parts.out}.run`, out: undefined }
    await expect(search({ ...resume, choice: { arithmetic: 'float32' } })).rejects.toThrow(
      'is a run of another configuration: --arithmetic is int8 there, float32 here',
    )
    await expect(search({ ...resume, arithmetic: 'auto' })).rejects.toThrow('a run keeps its own')
    await search(resume)
    expect(readFileSync(parts.out!).equals(readFileSync(whole.out!))).toBe(true)
  })
})

describe('what is asked for', () => {
  const bytes = { name: 'bytes', vocabulary: 256 } as const

  test.each(['auto', 'int4', 'INT8', '', null, 8])('%j is no arithmetic of settings and graphs', (arithmetic) => {
    const expected = `"arithmetic" expected float32 or int8, got ${arithmetic}`
    const given = arithmetic as 'int8'
    expect(() => chooseSettings({ kind: 'search', model: 'micro', arithmetic: given }, bytes)).toThrow(expected)
    const { config, norms } = chooseSettings({ kind: 'search', model: 'micro' }, bytes)
    expect(() => gradientGraph({ config, norms }, 1, 8, { arithmetic: given })).toThrow(expected)
  })

  test('a request takes auto alone beside its settings', async () => {
    const asked = request({}, { arithmetic: 'int8' as 'auto' })
    await expect(search(asked)).rejects.toThrow('"arithmetic" expected auto or, among the settings, float32 or int8')
    expect(existsSync(`${asked.out}.run`)).toBe(false)
  })

  test('sums that 32 bits may not hold are refused, and auto takes float32 for them', async () => {
    const choose = (choice: Partial<SettingsChoice>) =>
      chooseSettings({ kind: 'search', model: 'micro', arithmetic: 'int8', ...choice }, bytes)
    expect(choose({ context: 1024, batch: 64 }).microBatch).toBe(64)
    expect(choose({ context: 1024, batch: 128, microBatch: 64 }).batch).toBe(128)
    const windows =
      '"micro-batch" expected at most 64 in int8, whose sums over the 66,560 tokens of one run of the graph are of at most 66,311 products, got 65'
    expect(() => choose({ context: 1024, batch: 65 })).toThrow(windows)
    expect(() => choose({ context: 70000, batch: 1 })).toThrow('"context" expected at most 66311 in int8')
    expect(() => choose({ inner: 70000 })).toThrow(
      '"arithmetic" int8 expected sums of at most 66,311 products, got h.0.mlp.c_fc [128, 70000]',
    )
    const long = choose({ arithmetic: 'float32', context: 1024, batch: 65 })
    expect(await chooseArithmetic(runner, long, 65, 1024)).toEqual({ arithmetic: 'float32', reason: windows })
  })

  test('a device that cannot is refused before anything is written of a run', async () => {
    const settings = { ...chooseSettings({ kind: 'search', model: 'micro' }, bytes), arithmetic: 'int8' } as const
    const gpu = { runner: { ...runner, prefersFused: false }, device: 'webgpu', reason: '', summary: '' } as const
    await expect(withArithmetic(settings, undefined, gpu)).rejects.toThrow('this device computes elsewhere')
  })
})

describe('what a machine can', () => {
  test('this one multiplies integers exactly or is refused, and one of both is chosen', async () => {
    const settings = chooseSettings(
      { kind: 'search', model: 'micro', width: '64', heads: 1 },
      { name: 'bytes', vocabulary: 256 },
    )
    const exact = await expectExactIntegers(runner).then(
      () => true,
      (error: Error) => {
        expect(error.message).toContain('this CPU')
        return false
      },
    )
    const { arithmetic, reason } = await chooseArithmetic(runner, settings, settings.batch, settings.config.positions)
    if (exact) expect(reason).toMatch(/^a block of the model runs \d+\.\d\d times as fast in int8 as in float32$/)
    else expect(arithmetic).toBe('float32')
  })

  test('sums that saturate, a provider without the operator and a GPU are refused in one line', async () => {
    const saturated = altered(async () => new Float32Array(16 * 32).fill(TERMS_SATURATED))
    await expect(expectExactIntegers(saturated)).rejects.toThrow(
      '"arithmetic" int8 expected exact products of 8-bit integers, and this CPU\'s saturate: 256 times 255 x 127 gave 4194176, not 8290560 (float32 works everywhere)',
    )
    const without = altered(async () => {
      throw new Error('Could not find an implementation for MatMulIntegerToFloat(1)\nat somewhere')
    })
    await expect(expectExactIntegers(without)).rejects.toThrow(
      'and ONNX Runtime says: Could not find an implementation for MatMulIntegerToFloat(1) (float32',
    )
    const gpu = { ...saturated, prefersFused: false }
    await expect(expectExactIntegers(gpu)).rejects.toThrow('which the CPU has, and this device computes elsewhere')
    const settings = chooseSettings({ kind: 'search', model: 'micro' }, { name: 'bytes', vocabulary: 256 })
    const chosen = await chooseArithmetic(gpu, settings, 16, 128)
    expect(chosen.arithmetic).toBe('float32')
    expect(chosen.reason).toContain('which the CPU has')
  })

  test('auto is told, and stands in the run as what was chosen', async () => {
    const notes: string[] = []
    const auto = request({ steps: 2, warmUp: 0 }, { arithmetic: 'auto' })
    const report = await search({ ...auto, onNote: (line: string) => notes.push(line) })
    const note = notes.find((line) => line.startsWith('arithmetic: '))
    expect(note).toMatch(/^arithmetic: (int8|float32) \(/)
    expect(report.settings.arithmetic ?? 'float32').toBe(/int8|float32/.exec(note!)![0])
  })
})

/** What 256 pairs of products give that are kept below 2^15 and summed. */
const TERMS_SATURATED = 128 * 32767
