import { describe, expect, test } from 'vitest'
import { nodeDeflate } from '../../src/engine/node.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { packCoordinates, unpackCoordinates } from '../../src/ticket/coordinates.js'
import { hashOf } from '../../src/ticket/hash.js'
import {
  encodeSearchedTicket,
  expectPruned,
  type MaskCoding,
  maskCodings,
  recodePruned,
  searchedContent,
} from '../../src/ticket/index.js'
import { exampleTicket, masks, open, pairs } from './example.js'
import { forge, refusal } from './forge.js'
import { openSearched, randomContent, runnableConfig, smallConfig } from './searched-example.js'

const content = randomContent(runnableConfig, { norms: 'learned', redrawn: 5 })
const scores = (coding: MaskCoding, from = content) => {
  const matrices = from.matrices.map((matrix, i) => ({ ...matrix, scores: 2 ** 45 + i }))
  return encodeSearchedTicket({ ...from, coding, matrices }, nodeSha256, nodeDeflate).bytes
}

describe.each(maskCodings)('searched, %s', (coding) => {
  test('masks and generations come back; version and coding say how they were stored', async () => {
    const ticket = await openSearched(scores(coding))
    expect(ticket.coding).toBe(coding)
    expect(ticket.metadata.version).toBe(coding === 'bits' ? '1' : '2')
    const plain = await openSearched(scores('bits'))
    for (const name of plain.matrices.keys()) {
      const { mask, generations } = await ticket.readMask(name)
      const expected = await plain.readMask(name)
      expect({ mask, generations }).toEqual({ mask: expected.mask, generations: expected.generations })
    }
  })

  test('from any coding to any other and back the file is the same', async () => {
    for (const other of maskCodings) {
      const ticket = await openSearched(scores(coding))
      const there = { ...(await searchedContent(ticket, (i) => 2 ** 45 + i)), coding: other }
      const between = await openSearched(encodeSearchedTicket(there, nodeSha256, nodeDeflate).bytes)
      const back = { ...(await searchedContent(between, (i) => 2 ** 45 + i)), coding }
      expect(encodeSearchedTicket(back, nodeSha256, nodeDeflate).bytes).toEqual(scores(coding))
    }
  })
})

describe.each(maskCodings)('pruned, %s', (coding) => {
  test('coordinates and masks come back, and so does the file', async () => {
    const original = await exampleTicket()
    const { text, tensors } = await recodePruned(expectPruned(await open(original)), coding, nodeDeflate)
    const ticket = expectPruned(await open(original))
    const bytes = []
    for (const tensor of tensors) {
      const dense = tensor.bytes ?? new Uint8Array((await ticket.readDense(tensor.dense!)).buffer)
      bytes.push({ ...tensor, bytes: dense })
    }
    const sha256 = hashOf(nodeSha256, new TextEncoder().encode(text), ...bytes.map((tensor) => tensor.bytes))
    const recoded = expectPruned(await open(encodeSafetensors(bytes, { slt: text, 'slt.sha256': sha256 })))
    expect(recoded.coding).toBe(coding)
    for (const mask of masks) expect(await recoded.readMasks(mask.spec.name)).toEqual(mask)
    const back = await recodePruned(recoded, 'bits')
    expect(back.text).toBe((await openSafetensors(memorySource(original))).metadata.get('slt'))
  })
})

test('coordinates take as many bits as they need', () => {
  const [spec] = pairs // three inputs, and a dropped unit: 2 bits
  expect(packCoordinates(masks[0].coordinate, spec)).toEqual(Uint8Array.of(0b00100100, 0b1101))
  const wide = { ...spec, inputs: 65535, hidden: 3 }
  const coordinate = Uint16Array.of(65534, 0xffff, 0)
  expect(unpackCoordinates(packCoordinates(coordinate, wide), wide)).toEqual(coordinate)
  expect(() => unpackCoordinates(Uint8Array.of(0xff, 0x7f), { ...spec, inputs: 4, hidden: 5 })).toThrow(
    '"a.qk.coordinate" expected at most 4, got 7 at unit 0',
  )
})

describe('refused in one line', () => {
  const small = randomContent(smallConfig)
  const coded = (coding: MaskCoding) => scores(coding, small)
  const damaged = (coding: MaskCoding, name: string, damage: (bytes: Uint8Array) => void) =>
    forge(
      coded(coding),
      () => {},
      (tensors) => damage(tensors.get(name)!),
    )

  test('a coding that is none', async () => {
    const change = (coding: unknown) => forge(coded('range'), (metadata) => (metadata.coding = coding))
    expect(await refusal(await change('zip'))).toBe('x: "coding" expected deflate, range, got "zip"')
    expect(await refusal(await change('bits'))).toBe('x: "coding" expected deflate, range, got "bits"')
    expect(await refusal(await change(undefined))).toBe('x: "coding" expected deflate, range, got undefined')
  })

  test('scores that are no stream', async () => {
    const bytes = await forge(coded('range'), (metadata) => {
      ;(metadata.matrices as { scores: unknown }[])[0].scores = -1
    })
    expect(await refusal(bytes)).toBe('x: "wte.scores" expected an integer >= 0, got -1')
  })

  test('a mask that inflates to more than its declared size, and what is no deflate', async () => {
    const bomb = nodeDeflate(new Uint8Array(100_000))
    const large = { ...small, matrices: small.matrices.map((m, i) => ({ ...m, scores: 2 ** 45 + i })) }
    expect(bomb.length).toBeGreaterThan(100)
    const file = encodeSearchedTicket({ ...large, coding: 'deflate' }, nodeSha256, () => bomb.slice(0, 60)).bytes
    expect(await refusal(file)).toMatch(
      /^x: "wte.mask": (inflates to more than the declared 2 bytes|is not sound deflate)$/,
    )
    const short = encodeSearchedTicket({ ...large, coding: 'deflate' }, nodeSha256, () =>
      nodeDeflate(new Uint8Array(3)),
    ).bytes
    expect(await refusal(short)).toBe('x: "wte.mask": inflates to more than the declared 2 bytes')
    expect(await refusal(await damaged('deflate', 'wte.mask', (bytes) => bytes.fill(0xff)))).toBe(
      'x: "wte.mask": is not sound deflate',
    )
  })

  test('range codes that go on, stop early, or stand for another number of kept weights', async () => {
    expect(await refusal(await damaged('range', 'wte.mask', (bytes) => bytes.fill(0)))).toBe(
      'x: "wte.mask": a state is below 2^16',
    )
    const other = await forge(coded('range'), (metadata) => {
      ;(metadata.matrices as { kept: number }[])[0].kept += 1
    })
    expect(await refusal(other)).toMatch(/^x: "wte.mask"(:| expected \d+ kept weights)/)
  })

  test('a mask too small or too large for its declared size', async () => {
    const few = { ...smallConfig, vocabulary: 2 ** 20, width: 16 }
    const none = encodeSearchedTicket(
      { ...randomContent({ ...few, vocabulary: 5 }), coding: 'deflate' },
      nodeSha256,
      nodeDeflate,
    ).bytes
    const lie = await forge(none, (metadata) => {
      ;(metadata.config as { vocabulary: number }).vocabulary = 2 ** 20
      ;(metadata.matrices as { shape: number[] }[])[0].shape[0] = 2 ** 20
    })
    expect(await refusal(lie)).toMatch(/^x: tensor "wte.mask" expected 2033 to \d+ coded bytes, got \d+$/)
    const long = encodeSearchedTicket({ ...small, coding: 'deflate' }, nodeSha256, () => new Uint8Array(200)).bytes
    expect(await refusal(long)).toBe('x: tensor "wte.mask" expected 1 to 68 coded bytes, got 200')
  })
})
