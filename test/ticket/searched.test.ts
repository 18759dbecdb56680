import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matricesOf } from '../../src/families/index.js'
import { packBits } from '../../src/mask/index.js'
import { generateWeights } from '../../src/random/index.js'
import { memorySource } from '../../src/safetensors/index.js'
import { openSafetensors } from '../../src/safetensors/open.js'
import { expectPruned, expectSearched, materialiseMatrix, materialiseSearched } from '../../src/ticket/index.js'
import { generationBits } from '../../src/ticket/searched.js'
import { packGenerations, unpackGenerations } from '../../src/ticket/searched-masks.js'
import { exampleTicket, open } from './example.js'
import { encode, exampleContent, openSearched, randomContent, smallConfig } from './searched-example.js'

const bitOf = (packed: Uint8Array, i: number) => (packed[i >> 3] >> (i & 7)) & 1

test('the hash of the example is frozen', async () => {
  // docs/ticket-format.md prints it; only a new format version may change it.
  const { sha256 } = await openSearched(encode(exampleContent()))
  expect(sha256).toBe('9ad38dad249fab7bfd72e1222cda760e8eaeb1bd161ada110a2bb7b2c34396d0')
})

test('what is written is read back', async () => {
  for (const redrawn of [0, 1, 6, 255]) {
    const content = randomContent({ ...smallConfig, tiedHead: false }, { norms: 'learned', redrawn })
    const ticket = await openSearched(encode(content))
    expect(ticket.seed).toBe(content.seed)
    expect(ticket.metadata).toMatchObject({ config: content.config, norms: 'learned', tokenizer: null })
    expect(ticket.metadata.search).toEqual(content.search)
    expect(ticket.metadata.probe).toEqual(content.probe)
    expect([...ticket.matrices.keys()]).toEqual(content.matrices.map(({ name }) => name))
    for (const { name, mask, generations, stream, init } of content.matrices) {
      const read = await ticket.readMask(name)
      expect(read.spec).toMatchObject({ stream, init })
      expect(read.mask).toEqual(mask)
      const kept = Array.from(generations ?? []).filter((_, i) => bitOf(mask, i))
      expect(read.generations === null ? kept.filter(Boolean) : [...read.generations]).toEqual(
        read.generations === null ? [] : kept,
      )
      expect(read.spec.generations).toBe(Math.max(0, ...kept))
    }
    for (const [name, values] of content.dense) expect(await ticket.readDense(name)).toEqual(values)
    await expect(ticket.readMask('h.9.attn.q')).rejects.toThrow('x: there is no matrix "h.9.attn.q"')
    await expect(ticket.readDense('wte')).rejects.toThrow('there is no dense tensor')
  }
})

test('equal content gives equal bytes, whatever the order of keys and the words for the seed', () => {
  const content = exampleContent()
  const turned = (value: object) => Object.fromEntries(Object.entries(value).reverse())
  const same = {
    ...turned({
      ...content,
      config: turned(content.config),
      search: turned(content.search!),
      probe: turned(content.probe!),
    }),
    matrices: content.matrices.map((matrix) => turned({ ...matrix, init: turned(matrix.init) })),
    ignored: 1,
  } as unknown as typeof content
  expect(encode(same)).toEqual(encode(content))
  expect(encode({ ...content, seed: 7 })).toEqual(encode({ ...content, seed: 7n }))
  expect(encode({ ...content, seed: 8 })).not.toEqual(encode({ ...content, seed: 7n }))
})

test('with plain norms a ticket holds masks alone: no float at all', async () => {
  const content = randomContent(smallConfig, { redrawn: 3 })
  const file = await openSafetensors(memorySource(encode(content)))
  expect([...file.tensors.values()].map(({ dtype }) => dtype)).toEqual(new Array(16).fill('U8'))
  const learned = await openSafetensors(memorySource(encode(randomContent(smallConfig, { norms: 'learned' }))))
  const floats = [...learned.tensors].filter(([, { dtype }]) => dtype === 'F32').map(([name]) => name)
  expect(floats).toEqual(['h.0.ln_1', 'h.0.ln_2', 'ln_f'].flatMap((norm) => [`${norm}.weight`, `${norm}.bias`]))
})

describe('generations', () => {
  test('take ceil(log2(highest + 1)) bits', () => {
    expect([0, 1, 2, 3, 4, 7, 8, 255].map(generationBits)).toEqual([0, 1, 2, 2, 3, 3, 4, 8])
  })

  test('are packed least significant bit first, for kept weights alone', () => {
    // kept: 5, 0, 1, 7, 2 in 3 bits each: 101 000 001 111 010 from the last to the first is 010 111 001 000 101
    const all = Uint8Array.of(5, 9, 0, 1, 7, 9, 2)
    const packed = packGenerations(all, packBits([1, 0, 1, 1, 1, 0, 1]))
    expect(packed).toEqual({ highest: 7, bytes: Uint8Array.of(0b01000101, 0b0101110) })
  })

  test('come back, for any masks and values', () => {
    const weight = fc.record({ kept: fc.boolean(), generation: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(weight, { maxLength: 40 }), fc.nat(8), (weights, drop) => {
        const all = Uint8Array.from(weights, ({ generation }) => generation >> drop)
        const mask = packBits(weights.map(({ kept }) => Number(kept)))
        const expected = all.filter((_, i) => weights[i].kept)
        const { highest, bytes } = packGenerations(all, mask)
        expect(bytes.length).toBe(Math.ceil((expected.length * generationBits(highest)) / 8))
        expect(unpackGenerations(bytes, expected.length, highest)).toEqual(expected)
      }),
      { seed: 4 },
    )
  })
})

test('effective weights are those of the seed under the mask, redrawn ones of their own stream', async () => {
  const content = randomContent({ ...smallConfig, tiedHead: false }, { redrawn: 6 })
  const ticket = await openSearched(encode(content))
  const weights = await materialiseSearched(ticket, generateWeights)
  expect([...weights.keys()]).toEqual(matricesOf(content.config).map(({ name }) => name))
  let redrawn = 0
  for (const { name, mask, generations, stream, init } of content.matrices) {
    const effective = weights.get(name)!
    for (let i = 0; i < effective.length; i++) {
      const g = generations![i]
      const [own] = generateWeights({ seed: content.seed, stream: stream + g * 1048576, init, start: i, count: 1 })
      expect(effective[i]).toBe(bitOf(mask, i) ? own : 0)
      if (bitOf(mask, i) && g > 0) redrawn++
    }
  }
  expect(redrawn).toBeGreaterThan(15)
})

test('redrawn weights, near and far apart and of many generations, are those of their streams', () => {
  const count = 40_000 // more than are redrawn at a time
  const init = { kind: 'normal', std: 1 } as const
  const isKept = (i: number) => i % 3 !== 1
  const all = Uint8Array.from({ length: count }, (_, i) => ((i >> 10) % 3 === 0 || i % 977 === 0 ? i % 6 : 0))
  const mask = packBits(all.map((_, i) => Number(isKept(i))))
  const generations = all.filter((_, i) => isKept(i))
  const weights = materialiseMatrix({ count, stream: 4, init, mask, generations }, 3, generateWeights)
  const streams = [0, 1, 2, 3, 4, 5].map((g) => generateWeights({ seed: 3, stream: 4 + g * 2 ** 20, init, count }))
  const expected = Float32Array.from(all, (g, i) => (isKept(i) ? streams[g][i] : 0))
  expect(weights.findIndex((weight, i) => weight !== expected[i])).toBe(-1)
})

test('without generations the mask alone decides', () => {
  const init = { kind: 'normal', std: 1 } as const
  const matrix = { count: 11, stream: 4, init, mask: Uint8Array.of(0b10110001, 0b101), generations: null }
  const whole = generateWeights({ seed: 3, stream: 4, init, count: 11 })
  const expected = whole.map((value, i) => (bitOf(matrix.mask, i) ? value : 0))
  expect(materialiseMatrix(matrix, 3, generateWeights)).toEqual(expected)
})

test('each kind of ticket is told from the other', async () => {
  const [pruned, searched] = [await open(await exampleTicket()), await open(encode(exampleContent()))]
  expect(expectPruned(pruned)).toBe(pruned)
  expect(expectSearched(searched)).toBe(searched)
  expect(() => expectPruned(searched)).toThrow('x: is a searched ticket (kind searched), but this needs a pruned one')
  expect(() => expectSearched(pruned)).toThrow(
    'x: is a pruned ticket (kind pruned-pairs), but this needs a searched one',
  )
})

describe('content that does not fit is refused when it is written', () => {
  const content = exampleContent()
  const [first, ...rest] = content.matrices
  const norms = { 'ln_f.weight': 2, 'ln_f.bias': 2 }
  const cases: [string, object, string][] = [
    ['a missing matrix', { matrices: rest }, '"matrices" expected 8 for the configuration, got 7'],
    ['another order', { matrices: [...rest, first] }, 'matrix 0 expected "wte", got "wpe"'],
    [
      'a short mask',
      { matrices: [{ ...first, mask: Uint8Array.of(1) }, ...rest] },
      '"wte.mask" expected 2 bytes, got 1',
    ],
    [
      'bits past the end',
      { matrices: [{ ...first, mask: Uint8Array.of(1, 4) }, ...rest] },
      '"wte.mask" expected zero bits past its end',
    ],
    ['a stream used twice', { matrices: [{ ...first, stream: 1 }, ...rest] }, 'stream "1" is used twice'],
    [
      'too few generations',
      { matrices: [{ ...first, generations: Uint8Array.of(1) }, ...rest] },
      'expected 10 generations',
    ],
    [
      'an infinite scale',
      { matrices: [{ ...first, init: { kind: 'normal', std: Number.POSITIVE_INFINITY } }, ...rest] },
      'expected a finite normal scale',
    ],
    ['norms that are plain', { dense: new Map(Object.entries(norms)) }, '"dense" expected 0 tensors, got 2'],
    ['norms that are missing', { norms: 'learned' }, '"dense" expected 6 tensors, got 0'],
    ['another vocabulary', { tokenizer: 'bytes' }, '"vocabulary" expected 256 for the tokenizer bytes, got 5'],
    ['a seed of 2^64', { seed: 1n << 64n }, '"seed"'],
    [
      'a loss that is no number',
      { search: { ...content.search, validLoss: Number.NaN } },
      '"search.validLoss" expected',
    ],
    ['a width that the heads do not divide', { config: { ...smallConfig, heads: 3 } }, '"heads" expected a divisor'],
  ]
  test.each(cases)('%s', (_, change, message) => {
    expect(() => encode({ ...content, ...change } as typeof content)).toThrow(message)
  })
  test('a norm that is not finite', () => {
    const learned = randomContent(smallConfig, { norms: 'learned' })
    learned.dense.get('h.0.ln_2.bias')![1] = Number.NaN
    expect(() => encode(learned)).toThrow('"h.0.ln_2.bias" expected finite values, got NaN at 1')
  })
})
