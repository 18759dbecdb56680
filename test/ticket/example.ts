import { nodeSha256 } from '../../src/files/sha256.js'
import { memorySource } from '../../src/safetensors/byte-source.js'
import type { PairMasks, PairReport, PairSpec, TicketStorage, TicketWriterOptions } from '../../src/ticket/index.js'
import { openTicket, openTicketWriter } from '../../src/ticket/index.js'
import { memoryStorage } from './memory-storage.js'

/** Two small pairs with awkward sizes, and one dense tensor. */
export const pairs: PairSpec[] = [
  {
    name: 'a.qk',
    inputs: 3,
    hidden: 6,
    outputs: 3,
    activation: 'linear',
    divisor: Math.sqrt(6),
    first: { stream: 0, init: { kind: 'uniform', range: 1.5650845800732873 } },
    second: { stream: 1, init: { kind: 'uniform', range: 1.5650845800732873 } },
  },
  {
    name: 'b',
    inputs: 2,
    hidden: 5,
    outputs: 1,
    activation: 'relu',
    divisor: 1,
    first: { stream: 2, init: { kind: 'normal', std: 1 } },
    second: { stream: 3, init: { kind: 'signed-constant', magnitude: 0.5 } },
  },
]

export const masks: PairMasks[] = [
  {
    spec: pairs[0],
    coordinate: Uint16Array.of(0, 1, 2, 0, 1, 0xffff),
    second: Uint8Array.of(0b01001101, 0b10110010, 0b01), // 18 bits
  },
  { spec: pairs[1], coordinate: Uint16Array.of(0, 0, 1, 1, 1), second: Uint8Array.of(0b10110) }, // 5 bits
]

export const report: PairReport = { weights: 9, unreachable: 1, maxError: 0.25, medianError: 1e-7, expectedGap: 2e-7 }

export const dense = [{ name: 'c.weight', shape: [2, 2], values: Float32Array.of(1, -2.5, 0, 3) }]

export function options(storage: TicketStorage = memoryStorage(), path = 'x'): TicketWriterOptions {
  return {
    path,
    seed: 0xfedcba9876543210n,
    config: null,
    pairs,
    dense,
    construction: { items: 2, scale: 'auto', method: 'balanced' },
    fingerprint: 'example',
    storage,
    createSha256: nodeSha256,
  }
}

/** The bytes of the example ticket. */
export async function exampleTicket(change: Partial<TicketWriterOptions> = {}): Promise<Uint8Array> {
  const storage = memoryStorage()
  const writer = await openTicketWriter({ ...options(storage), ...change })
  for (const mask of masks) await writer.writePair(mask, report)
  await writer.finish({ probe: { tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-4 } })
  return storage.published.get('x')!
}

export const open = (bytes: Uint8Array) => openTicket(memorySource(bytes, 'x'), nodeSha256)
