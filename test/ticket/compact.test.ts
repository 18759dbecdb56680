import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matricesOf } from '../../src/families/family.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { keptCount } from '../../src/mask/index.js'
import { fillWords } from '../../src/random/index.js'
import { InputError } from '../../src/safetensors/index.js'
import { decodeCompact, encodeCompact } from '../../src/ticket/compact.js'
import { createFieldReader, createFieldWriter } from '../../src/ticket/compact-fields.js'
import { decodeMasks, encodeMasks } from '../../src/ticket/compact-masks.js'
import type { SearchedContent } from '../../src/ticket/index.js'
import { partShape, partsOf } from '../../src/ticket/parts.js'
import { ticketLink } from '../../src/ticket/ticket-text.js'
import { followingScores, searched } from './compact-example.js'
import { encode, exampleContent, openSearched, randomContent, smallConfig } from './searched-example.js'

const compact = async (content: SearchedContent, lean = false) =>
  encodeCompact(await openSearched(encode(content)), nodeSha256, { lean })

const learned = randomContent({ ...smallConfig, layers: 2, tiedHead: false }, { norms: 'learned', redrawn: 6 })
const contents: Record<string, SearchedContent> = {
  example: exampleContent(),
  'bits, keep 0.3': searched(0.3, 'bits'),
  'range, keep 0.3': searched(0.3, 'range'),
  'range, keep 0.125': searched(0.125, 'range'),
  'range, keep 1/3, which is no short decimal': searched(1 / 3, 'range'),
  'no probe': searched(0.5, 'range', { probe: null }),
  'no search': searched(0.5, 'bits', { search: null }),
  'learned norms, generations, a head of its own': learned,
  'the same under range': { ...learned, coding: 'range' },
  'the highest generation': randomContent(smallConfig, { redrawn: 255 }),
  bytes: randomContent({ ...smallConfig, vocabulary: 256 }),
  'other streams and scores': {
    ...learned,
    coding: 'range',
    matrices: learned.matrices.map((matrix, i) => ({
      ...matrix,
      stream: 999 - i,
      scores: i % 2 ? null : 2 ** 53 - 1 - i,
    })),
  },
  'a loss that is not known, and words of others': searched(0.3, 'range', {
    search: {
      algorithm: 'annealing',
      keep: 0.3,
      selection: 'per-row',
      qkScale: 2.8284271247461903,
      initialisation: 'fan-in',
      steps: 7,
      batch: 3,
      length: 11,
      tokens: 12,
      validLoss: null,
      corpus: { name: 'größer', sha256: 'ab'.repeat(32), tokenizer: 'letters' },
    },
  }),
}

describe('a file comes back bit for bit from its compact form:', () => {
  test.each(Object.entries(contents))('%s', async (_, content) => {
    const file = encode(content)
    const { bytes, sha256 } = await compact(content)
    const back = decodeCompact('x', bytes, nodeSha256)
    expect(back.sha256).toBe(sha256)
    expect(Buffer.compare(back.bytes, file)).toBe(0)
  })

  test.each(Object.entries(contents))('lean is the ticket without probe and search: %s', async (_, content) => {
    const { bytes } = await compact(content, true)
    const back = decodeCompact('x', bytes, nodeSha256)
    expect(Buffer.compare(back.bytes, encode({ ...content, probe: null, search: null }))).toBe(0)
    const full = await compact(content)
    if (content.search || content.probe) expect(bytes.length).toBeLessThan(full.bytes.length)
  })
})

test('what is not masks takes at most 150 bytes', async () => {
  const full = await compact(searched(0.3, 'range'))
  const lean = await compact(searched(0.3, 'range'), true)
  expect(full.bytes.length - full.maskBytes).toBeLessThanOrEqual(150)
  expect(lean.bytes.length - lean.maskBytes).toBeLessThanOrEqual(50)
})

test('masks of which only the density is known take log2 of (count choose kept) bits, and 4 bytes', async () => {
  const content = searched(0.3, 'bits')
  const { maskBytes } = await compact(content)
  let bits = 0
  for (const { shape } of matricesOf(content.config)) {
    const n = shape[0] * shape[1]
    for (let i = 0; i < keptCount(n, 0.3); i++) bits += Math.log2((n - i) / (i + 1))
  }
  expect(maskBytes).toBeGreaterThanOrEqual(bits / 8)
  expect(maskBytes).toBeLessThanOrEqual(bits / 8 + 6)
})

test('masks that follow the scores of the seed take less than their entropy', async () => {
  const content = searched(0.25, 'range')
  const ticket = await openSearched(encode(content))
  const following = followingScores(content).matrices.map(({ mask }) => mask)
  const known = [...ticket.matrices.values()].map((spec) => ({
    shape: partShape(spec, partsOf(spec)[0], 3),
    kept: spec.kept,
  }))
  const bytes = encodeMasks(following, known)
  expect(decodeMasks(bytes, known)).toEqual(following)
  const own = encodeMasks(
    content.matrices.map(({ mask }) => mask),
    known,
  )
  expect(bytes.length).toBeLessThan(0.8 * own.length)
})

test('a reader in plain Python, written from the specification, finds the masks that follow scores', async () => {
  // test/vectors/compact/generate.py made following.json from following.txt.
  const vector = (name: string) => readFileSync(new URL(`../vectors/compact/${name}`, import.meta.url), 'utf8')
  const content = followingScores(searched(0.25, 'range'))
  const { bytes } = await compact(content)
  expect(vector('following.txt')).toBe(`${ticketLink(bytes)}\n`)
  const { matrices, way, search } = JSON.parse(vector('following.json'))
  expect(way).toBeLessThan(128) // by the model, not the urn
  expect(way & 7).toBeGreaterThan(0) // with contexts of the scores
  expect(search).toEqual(content.search)
  for (const [i, { name, mask }] of content.matrices.entries()) {
    const hash = nodeSha256()
    hash.update(mask)
    expect(matrices[i].mask, name).toBe(hash.digest())
  }
})

test('fields come back, whatever they are', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x || 0)
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      finite,
      fc.double({ min: 0, max: 9, noNaN: true }),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (n, x, y, s) => {
        const short = Math.round(y * 1e4) / 1e4
        const writer = createFieldWriter()
        writer.integer('n', n)
        writer.number('x', x)
        writer.number('short', short)
        writer.long('s', s)
        writer.numberOrNull('none', null)
        writer.text('t', 'a\u{1f600}')
        const reader = createFieldReader(writer.done())
        const read = [reader.integer('n', 0), reader.number('x', 0), reader.number('short', 0), reader.long('s', 0n)]
        expect(read).toEqual([n, x, short, s])
        expect(reader.numberOrNull('none', 0)).toBe(null)
        expect(reader.text('t', '')).toBe('a\u{1f600}')
        expect(reader.rest().length).toBe(0)
      },
    ),
  )
  const writer = createFieldWriter()
  for (const value of [0.3, 1e-5, 0.0001, -2.5, 1, 0]) writer.number('x', value)
  expect(writer.done().length).toBe(12) // two bytes each
})

describe('refused in one line:', () => {
  const refusal = async (change: (bytes: Uint8Array) => Uint8Array) => {
    const { bytes } = await compact(searched(0.3, 'range'))
    const attempt = () => decodeCompact('x', change(bytes), nodeSha256)
    expect(attempt).toThrow(InputError)
    try {
      return attempt().toString()
    } catch (error) {
      return (error as Error).message
    }
  }
  test('another form', async () => {
    expect(await refusal((bytes) => bytes.with(0, 5))).toBe('x: compact form 5 is unknown')
  })
  test('a flipped bit of the masks', async () => {
    expect(await refusal((bytes) => bytes.with(bytes.length - 9, bytes[bytes.length - 9] ^ 1))).toMatch(
      /^x: the text is not whole or was changed: /,
    )
  })
  test('another checksum', async () => {
    const { bytes, maskBytes } = await compact(searched(0.3, 'range'))
    const at = bytes.length - maskBytes - 1
    expect(() => decodeCompact('x', bytes.with(at, bytes[at] ^ 1), nodeSha256)).toThrow(
      'x: the text is not whole or was changed: wrong checksum',
    )
  })
  test('something behind the end', async () => {
    expect(await refusal((bytes) => Uint8Array.of(...bytes, 0, 0))).toBe(
      'x: the text is not whole or was changed: 2 bytes are left over',
    )
  })
  test('every beginning of it', async () => {
    const { bytes } = await compact(searched(0.3, 'range'))
    for (let length = 0; length < bytes.length; length++) {
      const attempt = () => decodeCompact('x', bytes.subarray(0, length), nodeSha256)
      expect(attempt).toThrow(InputError)
      if (length > 0) expect(attempt).toThrow('x: the text is not whole or was changed: ')
    }
  })
  test('a model of many weights in few bytes', () => {
    const huge = createFieldWriter()
    for (const n of [1, 0, 0, 1024, 65536, 1, 2 ** 24, 2 ** 24, 2 ** 24]) huge.integer('n', n)
    huge.number('epsilon', 1e-5)
    expect(() => decodeCompact('x', huge.done(), nodeSha256)).toThrow(
      'a text holds tickets of at most 16777216 weights',
    )
  })
  test('masks under deflate, which each machine makes in its own way', async () => {
    const ticket = await openSearched(encode(exampleContent()))
    await expect(encodeCompact({ ...ticket, coding: 'deflate' }, nodeSha256)).rejects.toThrow(
      'slt recode --coding range does',
    )
  })
  test('a ticket that would not come back', async () => {
    const ticket = await openSearched(encode(exampleContent()))
    await expect(encodeCompact({ ...ticket, sha256: '0'.repeat(64) }, nodeSha256)).rejects.toThrow('by another program')
  })
})

test('3,000 mutations: a ticket of other content, or one line', async () => {
  const originals = await Promise.all(Object.values(contents).map(async (content) => (await compact(content)).bytes))
  const words = new Uint32Array(4 * 3000)
  fillWords(11, 0, 0, words)
  let refused = 0
  for (let i = 0; i < 3000; i++) {
    const [a, b, c, d] = words.subarray(4 * i, 4 * i + 4)
    const original = originals[a % originals.length]
    const at = (a & 1 ? b % 40 : b) % original.length // the head twice as often
    const bytes =
      c % 3 === 0
        ? original.with(at, d & 255)
        : c % 3 === 1
          ? Uint8Array.of(...original.subarray(0, at), d & 255, ...original.subarray(at))
          : Uint8Array.of(...original.subarray(0, at), ...original.subarray(at + 1))
    try {
      const { sha256 } = decodeCompact('x', bytes, nodeSha256)
      expect(sha256.length).toBe(64)
    } catch (error) {
      expect(error).toBeInstanceOf(InputError)
      expect((error as Error).message).toMatch(/^x: [^\n]{1,310}$/)
      refused++
    }
  }
  expect(refused).toBeGreaterThan(2600)
})
