import { describe, expect, test } from 'vitest'
import { nodeDeflate } from '../../src/engine/node.js'
import { expectToRun } from '../../src/engine/running-model.js'
import { openTicketBytes, PAGE_MEMORY_LIMIT, rebuildPairs } from '../../src/engine/web-ticket.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { inspectTicket } from '../../src/inspect/inspect-ticket.js'
import type { Kernels } from '../../src/kernels/index.js'
import { generateWeights } from '../../src/random/index.js'
import { InputError, MEMORY_LIMIT, MemoryLimitError, memorySource } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { openSafetensors } from '../../src/safetensors/open.js'
import { hashOf } from '../../src/ticket/hash.js'
import {
  encodeSearchedTicket,
  expectPruned,
  expectSearched,
  materialiseSearched,
  openTicket,
  searchedContent,
} from '../../src/ticket/index.js'
import { watchAllocations } from '../fuzz/allocations.js'
import { exampleTicket, masks, pairs } from './example.js'
import { forge, type Loose } from './forge.js'
import { emptyTicket as empty, emptyContent, randomContent, smallConfig } from './searched-example.js'

const open = (bytes: Uint8Array, memoryLimit?: number) =>
  openTicket(memorySource(bytes, 'x'), nodeSha256, { memoryLimit })

/** The line that refuses some work, which must come before anything large is allocated. */
async function refused(work: () => Promise<unknown>): Promise<string> {
  let line = ''
  const largest = await watchAllocations(async () => {
    const error = await work().then(
      () => 'nothing was refused',
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(MemoryLimitError)
    line = (error as Error).message
  })
  expect(largest).toBeLessThan(2 ** 18)
  return line
}

describe('a few bytes may stand for many', () => {
  const large = empty({ vocabulary: 2 ** 16 }) // 2^20 weights, 128 kB of bits
  test('weights are summed before any is made', async () => {
    expect(large.length).toBeLessThan(8000)
    const ticket = expectSearched(await open(large, 4e6))
    expect((await ticket.readMask('wte')).mask.length).toBe(2 ** 17)
    expect(await refused(() => materialiseSearched(ticket, generateWeights))).toMatch(
      /^x: needs 8\.\d\d MB of memory to make its weights, the limit is 4\.00 MB$/,
    )
    const enough = expectSearched(await open(large, 12e6))
    expect((await materialiseSearched(enough, generateWeights)).get('wte')!.length).toBe(2 ** 20)
  })
  test('over many small matrices too', async () => {
    const many = empty({ layers: 12, width: 64, inner: 256 }) // of 4,096 and 16,384 weights, 589,824 in all
    const ticket = expectSearched(await open(many, 2e6))
    expect(await refused(() => materialiseSearched(ticket, generateWeights))).toMatch(
      /^x: needs 4\.88 MB of memory to make its weights, the limit is 2\.00 MB$/,
    )
  })
  test('a mask that is read alone', async () => {
    expect(await refused(() => open(large, 125e3))).toMatch(/to read its header|to open/)
  })
  test('lines that are counted, keys and values of a long context, everything that is read to be written again', async () => {
    const ticket = expectSearched(await open(large, 9e5))
    expect(await refused(() => inspectTicket(ticket))).toMatch(
      /needs 9\d\d\.\d\d kB of memory to inspect, the limit is 900\.00 kB$/,
    )
    const long = expectSearched(await open(empty({ positions: 2 ** 14, layers: 3 }), 1e6))
    expect(() => expectToRun(long)).toThrow(/^x: needs 3\.\d\d MB of memory to run, the limit is 1\.00 MB$/)
    const whole = expectSearched(await open(large, 2.5e5))
    expect(await refused(() => searchedContent(whole, () => null))).toMatch(/to read whole/)
  })
})

test('generations that are claimed are counted before they are inflated', async () => {
  const content = emptyContent({ vocabulary: 2 ** 16 })
  const all = new Uint8Array(2 ** 17).fill(255)
  const matrices = content.matrices.map((matrix, i) => {
    return i === 0 ? { ...matrix, mask: all, generations: new Uint8Array(2 ** 20).fill(255) } : matrix
  })
  const bytes = encodeSearchedTicket({ ...content, matrices }, nodeSha256, nodeDeflate).bytes
  expect(bytes.length).toBeLessThan(9000)
  expect(await refused(() => open(bytes, 2e6))).toMatch(
    /^x: needs 2\.\d\d MB of memory to open, the limit is 2\.00 MB$/,
  )
  const ticket = expectSearched(await open(bytes, 4e6))
  expect((await ticket.readMask('wte')).generations!.length).toBe(2 ** 20)
})

describe('refused by their lengths alone, before the hash is computed', () => {
  const lie = async (change: (metadata: Loose) => void, size: number) => {
    const content = { ...randomContent(smallConfig, { redrawn: 3 }), coding: 'deflate' as const }
    const bytes = encodeSearchedTicket(content, nodeSha256, nodeDeflate).bytes
    const lying = await forge(bytes, change)
    await expect(open(lying)).rejects.toThrow(`expected ${size} to`)
  }
  test('generations that no deflate of so few bytes holds', async () => {
    await lie((metadata) => {
      const config = metadata.config as { positions: number }
      const [, wpe] = metadata.matrices as { shape: number[]; kept: number; generations: number }[]
      config.positions = 2 ** 13 // the mask may be as short as this says
      wpe.shape[0] = 2 ** 13
      wpe.kept = 2 ** 14
      wpe.generations = 255
    }, 16)
  })
  test('coordinates likewise', async () => {
    const { spec } = masks[0]
    const text = JSON.stringify({
      ...{ version: '2', generator: { name: 'philox4x32-10', version: '1' }, seed: '7', kind: 'pruned-pairs' },
      ...{ coding: 'deflate', config: null, construction: { items: 2, scale: 'auto', method: 'plain' } },
      pairs: [{ ...spec, hidden: 2 ** 20, outputs: 1 }],
      dense: [],
      reports: [{ weights: 1, unreachable: 0, maxError: 0, medianError: 0, expectedGap: 0 }],
      probe: null,
    })
    const tensor = (name: string, size: number) => ({
      name,
      dtype: 'U8' as const,
      shape: [size],
      bytes: new Uint8Array(size),
    })
    const tensors = [tensor(`${spec.name}.coordinate`, 2), tensor(`${spec.name}.second`, 200)]
    const bytes = encodeSafetensors(tensors, { slt: text, 'slt.sha256': '' })
    await expect(open(bytes)).rejects.toThrow('tensor "a.qk.coordinate" expected 2033 to 4194368 coded bytes, got 2')
  })
})

test('a pair of plain bits: 16,384 units of 65,535 inputs are 4.3 GB of weights in 40 kB', async () => {
  const hidden = 2 ** 14
  const bytes = await forge(await exampleTicket(), (metadata) => {
    const [pair] = metadata.pairs as Record<string, unknown>[]
    Object.assign(pair, { inputs: 65535, hidden, outputs: 1 })
  })
  const file = await grown(bytes, hidden)
  expect(file.length).toBeLessThan(42_000)
  const ticket = expectPruned(await open(file))
  expect(await refused(() => rebuildPairs(ticket, {} as Kernels))).toBe(
    'x: needs 12.89 GB of memory to make its weights, the limit is 4.00 GB',
  )
})

/** The ticket with its first pair's tensors as long as `hidden` units ask. */
async function grown(bytes: Uint8Array, hidden: number): Promise<Uint8Array> {
  const file = await openSafetensors(memorySource(bytes))
  const tensors = []
  for (const [name, { dtype, shape }] of file.tensors) {
    const count = name === `${pairs[0].name}.coordinate` ? hidden : name === `${pairs[0].name}.second` ? hidden / 8 : 0
    const content = count === 0 ? await file.readTensor(name) : new Uint8Array(dtype === 'U16' ? 2 * count : count)
    tensors.push({ name, dtype, shape: count === 0 ? shape : [count], bytes: content })
  }
  const slt = file.metadata.get('slt')!
  const sha256 = hashOf(nodeSha256, new TextEncoder().encode(slt), ...tensors.map((tensor) => tensor.bytes))
  return encodeSafetensors(tensors, { slt, 'slt.sha256': sha256 })
}

test('a header that takes more than its length once it is parsed', async () => {
  const filler = `[${'{},'.repeat(300_000)}{}]`
  const json = new TextEncoder().encode(`{"__metadata__":{"slt":"{}"},"a":${filler}}`)
  const bytes = new Uint8Array(8 + json.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  await expect(open(bytes, 20e6)).rejects.toThrow(
    /^x: needs 28\.\d\d MB of memory to read its header, the limit is 20\.00 MB$/,
  )
})

test('sparse masks of any coding stay readable', async () => {
  const config = { vocabulary: 2 ** 12 }
  for (const coding of ['bits', 'deflate', 'range'] as const) {
    const content = emptyContent(config)
    const matrices = content.matrices.map((matrix) => ({ ...matrix, mask: matrix.mask.with(1, 0b100) }))
    const bytes = encodeSearchedTicket({ ...content, matrices, coding }, nodeSha256, nodeDeflate).bytes
    const ticket = expectSearched(await open(bytes))
    for (const name of ticket.matrices.keys()) expect((await ticket.readMask(name)).spec.kept).toBe(1)
  }
})

test('the limit is a number of bytes', async () => {
  const bytes = await exampleTicket()
  for (const limit of [0, -1, Number.NaN]) {
    await expect(open(bytes, limit)).rejects.toThrow(
      new RangeError(`"memoryLimit" expected a number of bytes > 0, got ${limit}`),
    )
  }
  await expect(open(bytes, '1' as never)).rejects.toThrow(TypeError)
  expect((await open(bytes)).memory.limit).toBe(MEMORY_LIMIT)
  expect((await openTicketBytes(bytes)).memory.limit).toBe(PAGE_MEMORY_LIMIT)
  expect((await openTicketBytes(bytes, 'x', { memoryLimit: Number.POSITIVE_INFINITY })).memory.limit).toBe(Infinity)
  await expect(openTicketBytes(bytes, 'x', { memoryLimit: 1000 })).rejects.toBeInstanceOf(InputError)
})
