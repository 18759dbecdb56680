import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { fillWords, generateWeights, type Initialisation } from '../../src/random/index.js'
import {
  CENTRE_DENOMINATOR,
  CENTRE_NUMERATOR,
  MIDDLE_DENOMINATOR,
  MIDDLE_NUMERATOR,
} from '../../src/random/normal-quantile.js'
import { materialiseSearched } from '../../src/ticket/index.js'
import { exampleTicket, open } from './example.js'
import { encode, exampleContent, openSearched } from './searched-example.js'

const page = await readFile(new URL('../../docs/ticket-format.md', import.meta.url), 'utf8')

test("the page's example is the example", async () => {
  const bytes = await exampleTicket()
  expect(page).toContain(`\`${(await open(bytes)).sha256}\``)
  expect(page).toContain(`The file has ${bytes.length.toLocaleString('en-US')} bytes`)
  // Every line of data in the dump: address, bytes, two spaces or more, what it is.
  const dump = page.matchAll(/^0000(11[0-9a-f]{2}) {2}((?:[0-9a-f]{2} ? ?)+) /gm)
  const shown = [...dump].map(([, address, hex]) => [Number.parseInt(address, 16), hex.replaceAll(' ', '')] as const)
  expect(shown.length).toBe(5)
  for (const [address, hex] of shown) {
    expect(Buffer.from(bytes.subarray(address, address + hex.length / 2)).toString('hex')).toBe(hex)
  }
})

test("the page's searched example is the example", async () => {
  const bytes = encode(exampleContent())
  const ticket = await openSearched(bytes)
  expect(page).toContain(`\`${ticket.sha256}\``)
  expect(page).toContain(`The file has ${bytes.length.toLocaleString('en-US')} bytes`)
  const shown = [...page.matchAll(/^00000(a[0-9a-f]{2}) {2}((?:[0-9a-f]{2} ?)+) /gm)]
  expect(shown.length).toBe(9)
  for (const [, address, hex] of shown) {
    const at = Number.parseInt(address, 16)
    const expected = hex.replaceAll(' ', '')
    expect(Buffer.from(bytes.subarray(at, at + expected.length / 2)).toString('hex')).toBe(expected)
  }
  const weights = await materialiseSearched(ticket, generateWeights)
  for (const name of ['wte', 'h.0.attn.v']) {
    const words = [...new Uint32Array(weights.get(name)!.buffer)].map((word) => word.toString(16).padStart(8, '0'))
    expect(page).toMatch(new RegExp(`^${name} +${words.join(' ')}$`, 'm'))
  }
})

test("the page's coded mask is one of the vectors", async () => {
  const text = await readFile(new URL('../vectors/coding/masks.json', import.meta.url), 'utf8')
  const vectors = JSON.parse(text) as { coded: string; mask: string; start: number }[]
  const [, start, coded, mask] = page.match(/p0 = (\d+), contextBits 3.*\n`([0-9a-f]+)` is the mask `([0-9a-f]+)`/)!
  expect(vectors).toContainEqual(expect.objectContaining({ start: Number(start), coded, mask }))
})

test("the page's vectors are what the generator gives", () => {
  const seed = 18364758544493064720n
  const rows = [...page.matchAll(/^\| (\d) \| ([^|]+) \| ([0-9a-f |]+)\|$/gm)]
  expect(rows.length).toBe(7)
  for (const [, streamText, what, cells] of rows) {
    const stream = Number(streamText)
    const expected = cells
      .split('|')
      .map((cell) => cell.trim())
      .filter(Boolean)
    const words = new Uint32Array(expected.length)
    if (what === 'words') fillWords(seed, stream, 0, words)
    else {
      const weights = generateWeights({ seed, stream, init: initOf(what), count: expected.length })
      words.set(new Uint32Array(weights.buffer))
    }
    expect([...words].map((word) => word.toString(16).padStart(8, '0'))).toEqual(expected)
  }
})

test("the page's coefficients of the normal quantile are the code's", () => {
  const shown = [...page.matchAll(/^([A-D]) = \[([^\]]+)\]$/gm)]
  const found = Object.fromEntries(shown.map(([, name, numbers]) => [name, numbers.split(',').map(Number)]))
  expect(found).toEqual({ A: CENTRE_NUMERATOR, B: CENTRE_DENOMINATOR, C: MIDDLE_NUMERATOR, D: MIDDLE_DENOMINATOR })
})

/** `uniform, range 1` and so on. */
function initOf(what: string): Initialisation {
  const scale = Number(what.match(/[\d.]+$/)?.[0])
  if (what.startsWith('uniform')) return { kind: 'uniform', range: scale }
  return what.startsWith('normal') ? { kind: 'normal', std: scale } : { kind: 'signed-constant', magnitude: scale }
}
