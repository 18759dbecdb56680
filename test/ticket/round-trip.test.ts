import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { gpt2Shapes } from '../../src/families/gpt2/config.js'
import { denseParameters } from '../../src/families/pair-plan.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { expectPruned, keptDense, openTicketWriter } from '../../src/ticket/index.js'
import { dense, exampleTicket, masks, open, options, pairs, report } from './example.js'
import { memoryStorage } from './memory-storage.js'

test('what is written is read back', async () => {
  const ticket = expectPruned(await open(await exampleTicket()))
  expect(ticket.seed).toBe(0xfedcba9876543210n)
  expect([...ticket.pairs.values()]).toEqual(pairs)
  expect(ticket.reports.get('b')).toEqual(report)
  expect(ticket.metadata.construction).toEqual({ items: 2, scale: 'auto', method: 'balanced' })
  expect(ticket.metadata.probe).toEqual({ tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-4 })
  for (const mask of masks) expect(await ticket.readMasks(mask.spec.name)).toEqual(mask)
  expect(await ticket.readDense('c.weight')).toEqual(dense[0].values)
  await expect(ticket.readMasks('c')).rejects.toThrow('x: there is no pair "c"')
  await expect(ticket.readDense('a.qk.second')).rejects.toThrow('there is no dense tensor')
})

test('the data region holds the bytes of docs/ticket-format.md, in that order', async () => {
  const bytes = await exampleTicket()
  const dataOffset = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
  expect(Buffer.from(bytes.subarray(dataOffset)).toString('hex')).toBe(
    [
      '0000803f000020c00000000000004040', // c.weight: 1, -2.5, 0, 3
      '0000010002000000'.concat('0100ffff'), // a.qk.coordinate: 0 1 2 0 1 dropped
      '00000000010001000100', // b.coordinate: 0 0 1 1 1
      '4db201', // a.qk.second, 18 bits
      '16', // b.second, 5 bits
    ].join(''),
  )
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, dataOffset)))
  const { slt, 'slt.sha256': sha256, format } = header.__metadata__
  expect(format).toBe('pt')
  const hash = createHash('sha256').update(slt).update(bytes.subarray(dataOffset)).digest('hex')
  expect(sha256).toBe(hash)
})

test('the hash of the example ticket is frozen', async () => {
  // docs/ticket-format.md prints it; only a new format version may change it.
  expect((await open(await exampleTicket())).sha256).toBe(
    'ef5ebd7ebaf754e15eddb5fa24a8ca677ef45ec89f3372816127f960a886b4d3',
  )
})

test('the header has room for the longest reports and the largest probe', async () => {
  const longest = 0.0000010000000000000002
  const storage = memoryStorage()
  const writer = await openTicketWriter(options(storage))
  const weights = Number.MAX_SAFE_INTEGER
  for (const mask of masks) {
    const errors = { maxError: longest, medianError: 1.7976931348623157e308, expectedGap: longest }
    await writer.writePair(mask, { weights, unreachable: weights, ...errors })
  }
  const tokens = new Array(64).fill(Number.MAX_SAFE_INTEGER)
  await writer.finish({ probe: { tokens, logits: new Array(64).fill(-longest), tolerance: longest } })
  const ticket = expectPruned(await open(storage.published.get('x')!))
  expect(ticket.reports.get('b')?.medianError).toBe(Number.MAX_VALUE)
})

test('plans, masks and reports that do not fit are refused before anything is written', async () => {
  const storage = memoryStorage()
  const bad = async (change: object) => openTicketWriter({ ...options(storage), ...change })
  await expect(bad({ seed: -1 })).rejects.toThrow('"seed"')
  await expect(bad({ pairs: [pairs[0], pairs[0]] })).rejects.toThrow('stream "0" is used twice')
  await expect(bad({ pairs: [{ ...pairs[0], hidden: 0 }] })).rejects.toThrow('"a.qk.hidden" expected an integer')
  await expect(bad({ pairs: [{ ...pairs[0], divisor: Number.NaN }] })).rejects.toThrow('"a.qk.divisor"')
  await expect(bad({ dense: [{ ...dense[0], shape: [3] }] })).rejects.toThrow('"c.weight" expected 3 values, got 4')
  const nan = { ...dense[0], values: Float32Array.of(1, 2, Number.NaN, 3) }
  await expect(bad({ dense: [nan] })).rejects.toThrow('"c.weight" expected finite values, got NaN at 2')
  expect(storage.partial.length).toBe(0)

  const writer = await openTicketWriter(options(storage))
  const [{ spec, coordinate, second }] = masks
  const write = (change: object) => writer.writePair({ spec, coordinate, second, ...change }, report)
  await expect(write({ coordinate: coordinate.with(0, 3) })).rejects.toThrow('got 3 at unit 0')
  await expect(write({ second: second.with(2, 4) })).rejects.toThrow('zero bits past its end')
  await expect(write({ second: second.slice(1) })).rejects.toThrow('expected 3 bytes, got 2')
  await expect(write({ spec: { ...spec, name: 'z' } })).rejects.toThrow('expected a planned pair, got "z"')
  const infinite = { ...report, expectedGap: Number.POSITIVE_INFINITY }
  await expect(writer.writePair(masks[0], infinite)).rejects.toThrow('"a.qk.expectedGap" expected a finite number')
  await expect(writer.finish()).rejects.toThrow('"a.qk" is missing')
  await writer.writePair(masks[0], report)
  await expect(writer.writePair(masks[0], report)).rejects.toThrow('unfinished pair')
  expect(storage.published.size).toBe(0)
})

test('the dense tensors of a ticket are those that the model keeps', () => {
  for (const config of Object.values(gpt2Shapes)) {
    const expected = new Map(denseParameters(config, 'embeddings').map(({ name, shape }) => [name, shape]))
    expect(new Map(keptDense(config, options().construction).map(({ name, shape }) => [name, shape]))).toEqual(expected)
  }
})

test('a hash in pieces is the hash of the whole', () => {
  const hash = nodeSha256()
  hash.update(new TextEncoder().encode('a'))
  hash.update(new TextEncoder().encode('bc'))
  // FIPS 180-2, appendix B.1
  expect(hash.digest()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
