import { describe, expect, test } from 'vitest'
import { nodeDeflate } from '../../src/engine/node.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { matricesOf } from '../../src/families/family.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { getBit, unpackBits } from '../../src/mask/index.js'
import { generateWeights } from '../../src/random/index.js'
import { encodeSearchedTicket, maskCodings, materialiseSearched, searchedContent } from '../../src/ticket/index.js'
import { dressedContent, type Wardrobe } from './packed-example.js'
import { encode, openSearched, randomContent, runnableConfig, smallConfig, summary } from './searched-example.js'

const wardrobes: Record<string, Wardrobe & { norms?: 'gains'; redrawn?: number; untied?: boolean }> = {
  'a mask alone': {},
  'three coats': { coats: [0.5, 0.3] },
  'fifteen coats': { coats: new Array(14).fill(0.95) },
  'two coats that are the same': { coats: [1] },
  'inverted weights': { inverted: 0.4 },
  'a scale': { scale: 0.37 },
  'gains without shifts': { norms: 'gains' },
  'unused rows': { rows: 4 },
  'a row that unused tokens share': { rows: 4, shared: true },
  'a shared row that wears all of it': {
    ...{ coats: [0.5, 0.3], inverted: 0.4, scale: 1.3, rows: 3, redrawn: 3, shared: true, untied: true },
  },
  'all of it, with generations': { coats: [0.5, 0.3], inverted: 0.4, scale: 1.3, rows: 3, norms: 'gains', redrawn: 3 },
}

describe.each(Object.entries(wardrobes))('%s', (_, { norms, redrawn, untied = false, ...wardrobe }) => {
  const config = { ...runnableConfig, vocabulary: 300, tiedHead: !untied }
  const content = dressedContent(config, wardrobe, {
    ...(norms && { norms }),
    ...(redrawn && { redrawn }),
    probe: null,
  })

  test.each(maskCodings)('comes back under the coding %s, and gives the weights of its definition', async (coding) => {
    const { bytes } = encodeSearchedTicket({ ...content, coding }, nodeSha256, nodeDeflate)
    const ticket = await openSearched(bytes)
    expect(ticket.metadata.version).toBe('4')
    const read = await searchedContent(ticket, () => null)
    expect(encodeSearchedTicket(read, nodeSha256, nodeDeflate).bytes).toEqual(bytes)
    const weights = await materialiseSearched(ticket, generateWeights)
    for (const threads of [1, 2]) {
      const { parameters } = await rebuildTicket(ticket, { threads })
      for (const [name, values] of weights) expect(parameters.get(name)).toEqual(values)
      for (const [name, values] of content.dense) expect(parameters.get(name)).toEqual(values)
    }
    for (const [i, { name, shape }] of matricesOf(config).entries()) {
      const { init, stream, mask, generations, coats = [], inverted, scale = 1, rows } = content.matrices[i]
      const count = shape[0] * shape[1]
      const flags = unpackBits(mask, count)
      const found = weights.get(name)!
      for (let place = 0; place < count; place += 7) {
        const isCopied = rows !== undefined && !getBit(rows, Math.floor(place / shape[1]))
        const j = isCopied ? content.sharedRow! * shape[1] + (place % shape[1]) : place
        const drawn = {
          seed: content.seed,
          stream: stream + (generations?.[j] ?? 0) * 2 ** 20,
          init,
          start: j,
          count: 1,
        }
        const base = Math.fround(generateWeights(drawn)[0] * Math.fround(scale))
        const k = 1 + coats.filter((coat) => getBit(coat, j)).length
        expect(found[place]).toBe(flags[j] ? Math.fround(base * (inverted && getBit(inverted, j) ? -k : k)) : 0)
      }
    }
  })
})

test('rows that are never used cost at most a bit each', async () => {
  const config = { ...runnableConfig, width: 128, vocabulary: 256 }
  const bytesOf = (rows: number) => encode({ ...dressedContent(config, { rows }), coding: 'range' }).length
  const [all, quarter] = [bytesOf(1), bytesOf(4)]
  // Masks that keep half of everything take a bit a weight.
  expect(quarter).toBeLessThan(all - (192 * 128) / 8 + 192 / 8 + 16)
})

test('a listed row that keeps nothing is no copy, even where leaving it out would take fewer bytes', async () => {
  const content = dressedContent({ ...runnableConfig, width: 128 }, { rows: 4, shared: true }, { probe: null })
  const ticket = await openSearched(encode(content))
  const { copies } = await ticket.readMask('wte')
  expect(await ticket.readCopies('wte')).toEqual(copies)
  expect([0, 1, 2, 4].map((row) => getBit(copies!.own, row))).toEqual([1, 1, 0, 1])
  expect(await ticket.readCopies('wpe')).toBeNull()
  const weights = (await materialiseSearched(ticket, generateWeights)).get('wte')!
  expect(weights.subarray(0, 128).every((value) => value === 0)).toBe(true)
  expect(weights.subarray(2 * 128, 3 * 128)).toEqual(weights.subarray(128, 2 * 128))
})

describe('refused when it is written, by name', () => {
  const matrices = dressedContent(smallConfig, { coats: [0.5], inverted: 0.5, scale: 2 }).matrices
  const change = (of: object) => () =>
    encode({
      ...randomContent(smallConfig, { layout: 'packed' }),
      matrices: [{ ...matrices[0], ...of }, ...matrices.slice(1)],
    })
  const all = Uint8Array.of(255, 3)
  const none = Uint8Array.of(0, 0)
  test.each([
    ['a coat outside of the mask', { coats: [all] }, '"wte.coat.2" expected weights of coat 1 alone, got others'],
    [
      'a coat outside of the coat before',
      { mask: all, coats: [none, all], inverted: undefined },
      '"wte.coat.3" expected weights of coat 2 alone, got others',
    ],
    ['a coat of another length', { coats: [Uint8Array.of(0)] }, '"wte.coat.2" expected 2 bytes, got 1'],
    [
      'sixteen coats',
      { mask: all, coats: new Array(15).fill(all) },
      '"wte.coats" expected at most 15 coats in all, got 16',
    ],
    [
      'inverted weights outside of the mask',
      { inverted: all },
      '"wte.inverted" expected kept weights alone, got others',
    ],
    ['a scale of 0', { scale: 0 }, '"wte.scale" expected a float32 number > 0, at most 2^32, got 0'],
    ['a scale of NaN', { scale: Number.NaN }, '"wte.scale" expected a float32 number > 0, at most 2^32, got NaN'],
    [
      'an infinite scale',
      { scale: Number.POSITIVE_INFINITY },
      '"wte.scale" expected a float32 number > 0, at most 2^32, got Infinity',
    ],
    [
      'a scale that float32 does not hold',
      { scale: 0.1 },
      '"wte.scale" expected a float32 number > 0, at most 2^32, got 0.1',
    ],
  ])('%s', (_, of, message) => {
    expect(change(of)).toThrow(new RangeError(message))
  })

  test('gains that fp16 does not hold', () => {
    const content = dressedContent(smallConfig, {}, { norms: 'gains' })
    const [name] = content.dense.keys()
    const dense = new Map([...content.dense, [name, Float32Array.of(1, 1.0001)]])
    expect(() => encode({ ...content, dense })).toThrow(
      new RangeError(`"${name}" expected numbers that fp16 holds, got ${Math.fround(1.0001)} at 1`),
    )
  })

  test.each([
    [
      'a shared row without a list',
      { rows: undefined },
      TypeError,
      '"wte.rows" expected a list of rows beside a shared one, got none',
    ],
    [
      'a list without it',
      { rows: Uint8Array.of(0b10101) },
      RangeError,
      '"wte.rows" expected the shared row 1 among its rows, got others',
    ],
    ['a list of another length', { rows: Uint8Array.of(2, 0) }, RangeError, '"wte.rows" expected 1 bytes, got 2'],
    [
      'weights of a copy',
      { mask: all },
      RangeError,
      '"wte.mask" expected weights of its listed rows alone, got others',
    ],
  ])('%s', (_, of, error, message) => {
    const content = dressedContent(smallConfig, { rows: 2, shared: true })
    const [first, ...others] = content.matrices
    expect(() => encode({ ...content, matrices: [{ ...first, ...of }, ...others] })).toThrow(new error(message))
  })

  test('a list where no row is shared', () => {
    const { sharedRow: _, ...content } = dressedContent(smallConfig, { rows: 2, shared: true })
    expect(() => encode(content)).toThrow(new RangeError('"wte.rows" expected none where no row is shared'))
  })

  test.each([{ coats: [0.5] }, { inverted: 0.5 }, { scale: 2 }, { rows: 2, shared: true }])(
    '%j in the layout of older versions',
    (wardrobe) => {
      const content = dressedContent(smallConfig, wardrobe, { layout: 'separate' })
      expect(() => encode(content)).toThrow(/^"layout" expected packed for coats, inverted weights, scales/)
    },
  )
})

test('the description of a micro ticket takes at most 1,500 bytes', async () => {
  const config: Gpt2Config = {
    ...{ layers: 4, width: 128, heads: 2, inner: 512, positions: 128, vocabulary: 256, activation: 'relu' },
    ...{ layerNormEpsilon: 1e-5, tiedHead: true },
  }
  const magnitudes = [0.161376953125, 0.05706787109375, 0.028533935546875]
  const corpus = { name: 'wiki.train.raw', sha256: 'ab'.repeat(32), tokenizer: 'bytes' }
  const found = { steps: 2000, batch: 16, length: 128, tokens: 2000 * 16 * 128, validLoss: 1.8767928756298295 }
  const logits = Array.from({ length: 16 }, (_, i) => -(3.9893 - 0.1 * i).toFixed(4))
  const { matrices, ...content } = dressedContent(
    config,
    {},
    {
      search: { ...summary, ...found, selection: 'per-layer', initialisation: 'signed-constant', corpus },
      probe: { tokens: new Array(16).fill(107), logits, tolerance: 1e-3 },
    },
  )
  const bytes = encode({
    ...content,
    coding: 'range',
    matrices: matrices.map((matrix, i) => {
      return { ...matrix, init: { kind: 'signed-constant', magnitude: magnitudes[i % 3] } as const }
    }),
  })
  const ticket = await openSearched(bytes)
  const masks = [...ticket.storedBytes.values()].reduce((sum, size) => sum + size, 0)
  expect(bytes.length - masks).toBeLessThanOrEqual(1500)
  expect(ticket.metadata.search?.tokens).toBe(found.tokens)
  expect(ticket.metadata.search?.corpus).toEqual(corpus)
})
