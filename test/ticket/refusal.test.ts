import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gpt2Shapes } from '../../src/families/gpt2/config.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { exampleTicket } from './example.js'
import { forge, type Loose, mutate, refusal, replaceAt } from './forge.js'

/** The example with its metadata or tensors changed and a right hash. */
const forged = async (...changes: Parameters<typeof forge> extends [unknown, ...infer Rest] ? Rest : never) =>
  forge(await exampleTicket(), ...changes)

const pair = (metadata: Loose) => (metadata.pairs as Record<string, unknown>[])[0]

const cases: [string, (metadata: Loose) => void, RegExp][] = [
  ['an unknown version', (m) => (m.version = '5'), /format version "5" is unknown/],
  ['a numeric version', (m) => (m.version = 1), /format version 1 is unknown/],
  ['an unknown generator', (m) => (m.generator = { name: 'mt19937', version: '1' }), /generator .* is unknown/],
  ['a seed of 2^64', (m) => (m.seed = '18446744073709551616'), /"seed"/],
  ['a numeric seed', (m) => (m.seed = 7), /"seed"/],
  [
    'an unknown kind',
    (m) => (m.kind = 'other'),
    /"kind" expected pruned-gpt2, pruned-pairs, searched-gpt2, got "other"/,
  ],
  ['a model without configuration', (m) => (m.kind = 'pruned-gpt2'), /"config" expected an object/],
  [
    'a model whose pairs are missing',
    (m) => Object.assign(m, { kind: 'pruned-gpt2', config: gpt2Shapes['gpt2-nano-sort'] }),
    /"pairs" expected at least 9 for the configuration, got 2/,
  ],
  [
    'a model of a billion layers',
    (m) => Object.assign(m, { kind: 'pruned-gpt2', config: { ...gpt2Shapes['gpt2-mini'], layers: 1e9 } }),
    /"pairs" expected at least 8000000000/,
  ],
  ['items 0', (m) => Object.assign(m.construction as object, { items: 0 }), /"construction.items"/],
  ['a huge width', (m) => (pair(m).hidden = 2 ** 40), /"a.qk.hidden" expected matrices of at most 2\^30/],
  ['another width', (m) => (pair(m).hidden = 7), /"a.qk.coordinate" expected U16 \[7\], got U16 \[6\]/],
  ['too many inputs', (m) => (pair(m).inputs = 65536), /"a.qk.inputs" expected an integer from 1 to 65535/],
  ['fewer inputs than coordinates', (m) => (pair(m).inputs = 2), /"a.qk.coordinate" expected inputs below 2, got 2/],
  ['a name with a slash', (m) => (pair(m).name = '../x'), /"pair.name"/],
  ['a divisor of zero', (m) => (pair(m).divisor = 0), /"a.qk.divisor"/],
  ['an unknown initialisation', (m) => (pair(m).first = { stream: 0, init: { kind: 'cauchy' } }), /"init" expected/],
  ['a stream used twice', (m) => (pair(m).second = pair(m).first), /"a.qk.second.stream" expected another/],
  ['pairs that are no list', (m) => (m.pairs = {}), /expected lists/],
  ['a pair that is null', (m) => (m.pairs = [null, null]), /"pair" expected an object/],
  ['a missing report', (m) => (m.reports = []), /"reports" expected one a pair \(2\), got 0/],
  [
    'a dense tensor more',
    (m) => (m.dense = [...(m.dense as object[]), { name: 'd', shape: [] }]),
    /expected 6 tensors/,
  ],
  ['a probe without tokens', (m) => (m.probe = { tokens: [], logits: [1], tolerance: 1 }), /"probe.tokens" length/],
]

describe('refused in one line', () => {
  test.each(cases)('%s', async (_, change, message) => {
    expect(await refusal(await forged(change))).toMatch(message)
  })
  test('bits past the end of a mask', async () => {
    const bytes = await forged(
      () => {},
      (tensors) => (tensors.get('b.second')![0] |= 0x20),
    )
    expect(await refusal(bytes)).toBe('x: "b.second" expected zero bits past its end')
  })
  test('a dense value that is not finite', async () => {
    const bytes = await forged(
      () => {},
      (tensors) => tensors.get('c.weight')!.set([0, 0, 0xc0, 0x7f], 4),
    )
    expect(await refusal(bytes)).toBe('x: "c.weight" holds NaN at index 1')
  })
  test('metadata that is not JSON, and none', async () => {
    expect(await refusal(encodeSafetensors([], { slt: '{' }))).toBe("x: the ticket's metadata: not JSON")
    expect(await refusal(encodeSafetensors([]))).toBe('x: not a ticket (no "slt" in its metadata)')
    expect(await refusal(encodeSafetensors([], { slt: 'null' }))).toBe('x: "metadata" expected an object')
  })
})

test('an unchanged forgery is read (so the cases above fail for their own reason)', async () => {
  expect(await refusal(await forged(() => {}))).toBe('')
})

test('every single changed byte outside the padding is noticed', async () => {
  const bytes = await exampleTicket()
  const dataOffset = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const text = new TextDecoder().decode(bytes.subarray(8, dataOffset)).trimEnd()
  const harmless: string[] = []
  for (let at = 0; at < bytes.length; at++) {
    if (at >= 8 + text.length && at < dataOffset) continue
    const changed = bytes.with(at, bytes[at] ^ 1)
    if ((await refusal(changed)) === '') harmless.push(text.slice(Math.max(0, at - 14), at - 2))
  }
  // Only the spelling of "format":"pt" is covered by nothing: it says nothing about the ticket.
  expect(harmless.every((before) => /__metadata_|etadata__":|"format|"for|"pt|"f/.test(before))).toBe(true)
  expect(harmless.length).toBeLessThanOrEqual(8)
})

test('5,000 mutated tickets are read or refused, never worse', async () => {
  const whole = await exampleTicket()
  const mutation = fc.record({ at: fc.nat(), to: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'drop', 'double') })
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
      await refusal(mutate(whole, mutations))
    }),
    { seed: 1, numRuns: 5_000 },
  )
})

test('3,000 forged metadata are read or refused, never worse', async () => {
  const path = fc.array(fc.nat(), { minLength: 1, maxLength: 4 })
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(0, -1, 0.5, 65535, 65536, 2 ** 31, 2 ** 53, 1e300, null, ''))
  await fc.assert(
    fc.asyncProperty(path, value, async (steps, replacement) => {
      await refusal(await forged((metadata) => replaceAt(metadata, steps, replacement)))
    }),
    { seed: 2, numRuns: 3_000 },
  )
})
