/** Changes of bytes, numbers and JSON, as accidents and malice make them. */
import { type Mutation, mutate } from '../ticket/forge.js'
import type { CaseRandom } from './case-random.js'

const kinds = ['set', 'cut', 'drop', 'double'] as const

/** One to three changed bytes, cuts, dropped and doubled runs. */
export function changedBytes(random: CaseRandom, bytes: Uint8Array): Uint8Array {
  const mutations = Array.from({ length: 1 + random.next(3) }, (): Mutation => {
    return { at: random.next(2 ** 31), to: random.next(256), kind: random.one(kinds) }
  })
  return mutate(bytes, mutations)
}

const hostile: readonly unknown[] = [
  ...[
    0,
    -1,
    -0,
    0.5,
    1,
    2,
    3,
    255,
    256,
    65535,
    65536,
    2 ** 20,
    2 ** 24,
    2 ** 30,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
  ],
  ...[
    1e300,
    5e-324,
    '',
    '0',
    'bits',
    'range',
    'deflate',
    '__proto__',
    '\u001b[31m',
    'x'.repeat(201),
    null,
    true,
    false,
  ],
  ...[[], {}, [[]], [0], [2, 5], [2 ** 30, 2 ** 30], { kind: 'normal', std: 1 }, { kind: 'uniform', range: 1e38 }],
]

export const hostileValue = (random: CaseRandom): unknown => structuredClone(random.one(hostile))

/** A number times 2^k, k from -3 to `most`, and sometimes one more or less. */
export const scaled = (random: CaseRandom, value: number, most = 40): number =>
  Math.floor(value * 2 ** (random.next(most + 4) - 3)) + random.next(3) - 1

/** A JSON text in which one number is another. */
export function changedNumber(random: CaseRandom, json: string): string {
  const numbers = [...json.matchAll(/-?\d+(?:\.\d+)?/g)]
  if (numbers.length === 0) return json
  const found = random.one(numbers)
  const value = random.next(4) === 0 ? random.next(1000) : scaled(random, Number(found[0]))
  return json.slice(0, found.index) + String(value) + json.slice(found.index + found[0].length)
}

/** A safetensors file whose header is another text; its length is told rightly. */
export function withHeader(file: Uint8Array, change: (json: string) => string): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const json = new TextDecoder().decode(file.subarray(8, 8 + length))
  const header = new TextEncoder().encode(change(json))
  const changed = new Uint8Array(8 + header.length + file.length - 8 - length)
  new DataView(changed.buffer).setBigUint64(0, BigInt(header.length), true)
  changed.set(header, 8)
  changed.set(file.subarray(8 + length), 8 + header.length)
  return changed
}
