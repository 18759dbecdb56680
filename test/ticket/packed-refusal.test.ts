import { describe, expect, test } from 'vitest'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { InputError } from '../../src/safetensors/index.js'
import { forge, type Loose, refusal } from './forge.js'
import { dressedContent } from './packed-example.js'
import { encode, openSearched, randomContent, smallConfig } from './searched-example.js'

const content = dressedContent(
  smallConfig,
  { coats: [0.6], inverted: 0.5, scale: 2 },
  { norms: 'gains', redrawn: 3, probe: null },
)
const ticket = encode(content)

/** The entry of the first matrix: flags, initialisation, kept, coat, inverted, scale (4 bytes), generations, lengths of four parts. */
const at = { flags: 0, init: 1, kept: 2, coat: 3, inverted: 4, scale: 5, generations: 9, lengths: 10 }

const withIndex = (change: (index: Uint8Array) => void) =>
  forge(
    ticket,
    () => {},
    (tensors) => change(tensors.get('default.masks')!),
  )

const withScale = (value: number) =>
  withIndex((index) => new DataView(index.buffer, index.byteOffset).setFloat32(at.scale, value, true))

test('the ticket itself is sound', async () => {
  expect(await refusal(await withIndex(() => {}))).toBe('')
})

describe('an index that lies is refused in one line:', () => {
  test.each([
    ['sixteen coats', at.flags, (flags: number) => flags | 15, '"wte.coats" expected at most 15 coats in all, got 16'],
    ['an unknown initialisation', at.init, () => 3, '"wte.init" expected an integer from 0 to 2, got 3'],
    ['more kept than there are', at.kept, () => 11, '"wte.kept" expected an integer from 0 to 10, got 11'],
    ['a coat that none wears', at.coat, () => 0, '"wte.coats" expected an integer from 1 to 4, got 0'],
    ['a coat larger than the one before', at.coat, () => 7, '"wte.coats" expected an integer from 0 to 4, got 7'],
    ['more inverted than kept', at.inverted, () => 7, '"wte.inverted" expected an integer from 0 to 4, got 7'],
    ['none inverted', at.inverted, () => 0, '"wte.inverted" expected an integer from 1 to 4, got 0'],
    ['generations that are none', at.generations, () => 0, '"wte.generations" expected at least 1, got 0'],
    ['a part that is too long', at.lengths, () => 3, '"wte.mask" expected 2 bytes, got 3'],
  ] as const)('%s', async (_, place, value, message) => {
    const bytes = await withIndex((index) => {
      index[place] = value(index[place])
    })
    expect(await refusal(bytes)).toBe(`x: ${message}`)
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 33])('a scale of %d', async (scale) => {
    expect(await refusal(await withScale(scale))).toBe(
      `x: "wte.scale" expected a float32 number > 0, at most 2^32, got ${scale}`,
    )
  })
})

test('ones other than the index says are refused by the name of the part', async () => {
  const more = await withIndex((index) => {
    index[at.coat]++
  })
  expect(await refusal(more)).toMatch(/^x: "wte\.coat\.2" expected \d kept weights, got \d$/)
})

describe('a shared row that lies is refused in one line:', () => {
  const shared = encode(dressedContent(smallConfig, { rows: 2, shared: true }, { probe: null }))
  const masks = (m: Loose) => (m.masks as Loose[])[0]
  const refusedWith = async (change: (mask: Loose) => void, of = shared) =>
    refusal(await forge(of, (m) => change(masks(m))))

  test('the ticket itself is sound', async () => {
    expect(await refusedWith(() => {})).toBe('')
  })

  test.each([
    [5, '"sharedRow" expected an integer from 0 to 4, got 5'],
    [-1, '"sharedRow" expected an integer from 0 to 4, got -1'],
    [1.5, '"sharedRow" expected an integer from 0 to 4, got 1.5'],
    ['1', '"sharedRow" expected an integer, got string'],
    [null, '"sharedRow" expected an integer, got object'],
    [3, '"wte.rows" expected the shared row 3 among its rows, got others'],
  ])('%j', async (row, message) => {
    expect(
      await refusedWith((mask) => {
        mask.sharedRow = row
      }),
    ).toBe(`x: ${message}`)
  })

  test('where no rows are listed', async () => {
    const line = await refusedWith((mask) => {
      mask.sharedRow = 1
    }, ticket)
    expect(line).toBe('x: "sharedRow" expected a list of rows in wte, got none')
  })

  test('and is refused where weights are made', async () => {
    const bytes = await forge(shared, (m) => {
      masks(m).sharedRow = 3
    })
    await expect(rebuildTicket(await openSearched(bytes), { threads: 1 })).rejects.toThrow(
      new InputError('x: "wte.rows" expected the shared row 3 among its rows, got others'),
    )
  })

  test('before version 4 the field means nothing', async () => {
    const old = encode(randomContent(smallConfig))
    const bytes = await forge(old, (m) => {
      m.sharedRow = 1
    })
    const [plain, named] = [await openSearched(old), await openSearched(bytes)]
    expect(named.metadata).toEqual(plain.metadata)
    expect((await rebuildTicket(named)).parameters).toEqual((await rebuildTicket(plain)).parameters)
  })
})

describe('metadata that lies is refused in one line:', () => {
  const masks = (m: Loose) => (m.masks as Loose[])[0]
  test.each<[string, (m: Loose) => void, RegExp]>([
    ['another generator', (m) => (m.generator = 'philox4x32-10/2'), /generator "philox4x32-10\/2" is unknown/],
    ['another kind', (m) => (m.kind = 'pruned'), /"kind" expected searched, got "pruned"/],
    ['no family', (m) => delete m.family, /"family" expected a name, got undefined/],
    ['an unknown family', (m) => (m.family = 'rnn'), /"family" expected gpt2, llama, bert/],
    ['an unknown coding', (m) => (m.coding = 'zip'), /"coding" expected bits, deflate, range, got "zip"/],
    ['no initialisations', (m) => (m.initialisations = {}), /"initialisations" expected 1 to 8 of them, got 0/],
    [
      'an unknown one',
      (m) => (m.initialisations = { zero: [1] }),
      /"initialisations" expected uniform, normal, signed-constant/,
    ],
    ['too many layers', (m) => ((m.config as Loose).layers = 1e9), /"masks" expected room for 1000000000 layers/],
    ['another width', (m) => ((m.config as Loose).width = 3), /tensor "default.gains" expected F16 \[9\]/],
    ['too few streams', (m) => (m.streams = [1]), /"streams" expected a list of 8/],
    ['streams that repeat', (m) => (m.streams = new Array(8).fill(1)), /stream "1" is used twice/],
    ['no masks', (m) => (m.masks = []), /"masks" length expected an integer from 1 to 1000, got 0/],
    ['a name that is none', (m) => (masks(m).name = 'a b'), /"masks.name" expected 1 to 64 letters/],
    ['norms of another kind', (m) => (masks(m).norms = 'batch'), /"norms" expected plain, learned, gains, got "batch"/],
    ['other norms', (m) => (masks(m).norms = 'plain'), /expected 1 tensors, got 2/],
    ['a summary that is none', (m) => (masks(m).search = 3), /"search" expected an object with a corpus, or null/],
    ['no probe', (m) => delete masks(m).probe, /"masks" expected a search and a probe, or null for them/],
  ])('%s', async (_, change, message) => {
    const line = await refusal(await forge(ticket, change))
    expect(line).toMatch(message)
    expect(line.startsWith('x: ')).toBe(true)
  })
})
