import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CodingError,
  decodeMask,
  encodeMask,
  type MaskShape,
  maskGeometry,
  startProbability,
  unpackParameters,
} from '../../src/coding/index.js'
import { loadKernels } from '../../src/engine/node.js'
import { createMaskDecoder, type Kernels } from '../../src/kernels/index.js'
import { packBits } from '../../src/mask/index.js'
import { magnitudes } from '../../src/random/index.js'
import { entropy, type Sample, sample } from './shapes.js'

let kernels: Kernels
beforeAll(async () => {
  kernels = await loadKernels()
})

/** Both rungs, which must agree in everything. */
const decoders = {
  TypeScript: (bytes: Uint8Array, { shape }: Sample) => decodeMask(bytes, shape),
  WebAssembly: (bytes: Uint8Array, { shape, scores }: Sample) => createMaskDecoder(kernels)(bytes, shape, scores),
}
const rungs = Object.entries(decoders)

interface Vector {
  rows: number
  columns: number
  seed: string
  stream: number
  start: number
  parameters: ReturnType<typeof unpackParameters>
  mask: string
  coded: string
}
const vectors = JSON.parse(await readFile(new URL('../vectors/coding/masks.json', import.meta.url), 'utf8')) as Vector[]

describe("masks coded by the Python program of the format's page", () => {
  test.each(
    vectors.map((vector) => [`${vector.rows} x ${vector.columns} ${JSON.stringify(vector.parameters)}`, vector]),
  )('%s', (_, vector) => {
    const seed = BigInt(vector.seed)
    const shape: MaskShape = {
      geometry: maskGeometry(vector.rows * vector.columns, vector.columns),
      start: vector.start,
      magnitudes: (start, count) => magnitudes(seed, vector.stream, start, count),
    }
    const mask = new Uint8Array(Buffer.from(vector.mask, 'hex'))
    const coded = new Uint8Array(Buffer.from(vector.coded, 'hex'))
    expect(encodeMask(mask, shape, vector.parameters)).toEqual(coded)
    const all: Sample = { mask, shape, scores: { seed, stream: vector.stream } }
    for (const [, decode] of rungs) expect(decode(coded, all)).toEqual(mask)
  })
})

describe.each(rungs)('%s', (_, decode) => {
  test('what is coded comes back, whatever the shape, density and structure (fast-check)', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      columns: fc.integer({ min: 1, max: 70 }),
      density: fc.constantFrom(0, 0.01, 0.3, 0.5, 0.9, 1),
      structure: fc.constantFrom(0, 0.5, 0.9),
      byte: fc.option(fc.nat(255)),
    })
    fc.assert(
      fc.property(shapes, ({ rows, columns, density, structure, byte }) => {
        const one = sample(rows, columns, density, structure)
        const coded =
          byte === null ? encodeMask(one.mask, one.shape) : encodeMask(one.mask, one.shape, unpackParameters(byte))
        expect(decode(coded, one)).toEqual(one.mask)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('masks of many chunks and of columns beyond a line', () => {
    // 3,000 lines of 1,999 bits: two chunks, the second of which starts inside a byte
    for (const [rows, columns] of [
      [3000, 1999],
      [2, 70_000],
      [70_000, 1],
    ]) {
      const one = sample(rows, columns, 0.3, 0.7)
      const coded = encodeMask(one.mask, one.shape, { contextBits: 3, columnPrior: 1, linePrior: 1, lanes: 8 })
      expect(decode(coded, one)).toEqual(one.mask)
    }
  })

  test('what is no coded mask is refused', () => {
    const one = sample(100, 64, 0.3, 0.5)
    const coded = encodeMask(one.mask, one.shape)
    const refused = (bytes: Uint8Array, reason: RegExp) => {
      expect(() => decode(bytes, one)).toThrow(CodingError)
      expect(() => decode(bytes, one)).toThrow(reason)
    }
    refused(coded.slice(0, 3), /expected 4 bytes|end too early/)
    refused(coded.slice(0, -2), /end too early|wrong state/)
    refused(Uint8Array.of(...coded, 0, 0), /left over/)
    refused(
      coded.map((byte, i) => (i > 0 && i < 5 ? 0 : byte)),
      /state is below|wrong state/,
    )
    refused(new Uint8Array(0), /expected at least 1 bytes, got 0/)
    expect(() => decodeMask(coded, { ...one.shape, magnitudes: null })).toThrow('scores are needed, but none are named')
  })
})

test('200,000 bits of any mask take at most its entropy and 0.1 % (keep 0.3: 0.8813 and 0.0009 bits)', () => {
  for (const density of [0.05, 0.3, 0.5]) {
    const one = sample(400, 500, density, 0)
    const bits = (8 * encodeMask(one.mask, { ...one.shape, magnitudes: null }).length) / 200_000
    expect(bits).toBeLessThan(1.001 * entropy(density))
    expect(bits).toBeGreaterThan(0.999 * entropy(density))
  }
})

test('structure pays: of scores, of columns, of rows', () => {
  const one = sample(400, 500, 0.3, 0.5)
  const blind = encodeMask(one.mask, { ...one.shape, magnitudes: null }).length
  expect(encodeMask(one.mask, one.shape).length).toBeLessThan(0.75 * blind)
  const of = (density: (row: number, column: number) => number) => {
    const noise = sample(400, 500, 0.5, 0).mask
    const flags = Array.from({ length: 200_000 }, (_, i) => {
      const word = (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32
      return Number(((noise[i >> 3] >> (i & 7)) & 1) + word < 2 * density(Math.floor(i / 500), i % 500))
    })
    const kept = flags.reduce((sum, flag) => sum + flag, 0)
    const shape = { geometry: maskGeometry(200_000, 500), start: startProbability(kept, 200_000), magnitudes: null }
    return (8 * encodeMask(packBits(flags), shape).length) / 200_000 / entropy(kept / 200_000)
  }
  expect(of(() => 0.3)).toBeGreaterThan(0.99)
  expect(of((_, column) => (column % 3 === 0 ? 0.7 : 0.1))).toBeLessThan(0.8)
  expect(of((row) => (row % 3 === 0 ? 0.7 : 0.1))).toBeLessThan(0.8)
})

test('equal masks give equal bytes', () => {
  const one = sample(100, 64, 0.3, 0.5)
  expect(encodeMask(one.mask, one.shape)).toEqual(encodeMask(one.mask.slice(), one.shape))
})
