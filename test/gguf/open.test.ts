import { describe, expect, test } from 'vitest'
import {
  arrayOf,
  bool,
  float32,
  type MetadataValue,
  openGguf,
  planGguf,
  startsAsGguf,
  text,
  uint32,
} from '../../src/gguf/index.js'
import { createMemoryBudget, memorySource } from '../../src/safetensors/index.js'
import { readVector } from './vector.js'

const open = (bytes: Uint8Array) => openGguf(memorySource(bytes, 'x.gguf'))

test('metadata of every type is read as llama.cpp wrote it', async () => {
  const { metadata } = await open(await readVector('types.gguf'))
  const values = Object.fromEntries([...metadata].map(([key, { value }]) => [key.replace('types.', ''), value]))
  expect(values).toEqual({
    'general.architecture': 'types',
    'general.alignment': 64,
    uint8: 200,
    int8: -100,
    uint16: 60000,
    int16: -30000,
    uint32: 4000000000,
    int32: -2000000000,
    float32: Math.fround(0.1),
    bool: true,
    string: 'Größe \u{1f600}',
    uint64: 2n ** 63n + 1n,
    int64: -(2n ** 53n),
    float64: 0.1,
    strings: ['a', '', '\u2581ä'],
    integers: [1, -2, 3],
    floats: [0.5, -0.25],
  })
})

const entriesOf = (words: number): [string, MetadataValue][] => [
  ['general.architecture', text('x')],
  ['x.size', uint32(2 ** 32 - 1)],
  ['x.rate', float32(0.5)],
  ['x.flag', bool(false)],
  ['x.none', arrayOf('string', [])],
  [
    'x.words',
    arrayOf(
      'string',
      Array.from({ length: words }, (_, i) => `word ${i} ä`),
    ),
  ],
  ['x.numbers', arrayOf('int32', [-1, 2])],
]
const plans = [
  { name: 'a', type: 'F32', shape: [3, 2] },
  { name: 'b', type: 'TQ2_0', shape: [2, 256] },
  { name: 'c', type: 'F16', shape: [5] },
] as const

/** A file whose tensor t is full of the byte t. */
function written(words: number): Uint8Array {
  const { header, tensors, size } = planGguf(new Map(entriesOf(words)), plans)
  const whole = new Uint8Array(size)
  whole.set(header)
  let at = header.length
  for (const [t, { bytes, padding }] of tensors.entries()) {
    whole.fill(t + 1, at, at + bytes)
    at += bytes + padding
  }
  return whole
}

test('what is written is read: metadata, longer than what is read at a time, and tensors at multiples of 32', async () => {
  const file = await open(written(200_000)) // 4 MB
  expect([...file.metadata]).toEqual(entriesOf(200_000))
  for (const [t, { name, type, shape }] of plans.entries()) {
    const found = file.tensors.get(name)!
    expect([found.type, found.shape]).toEqual([type, shape])
    expect(found.byteOffset % 32).toBe(0)
    const bytes = await file.source.read(found.byteOffset, found.byteLength)
    expect(bytes.every((byte) => byte === t + 1)).toBe(true)
  }
})

test('a file is told by its first bytes', () => {
  expect(startsAsGguf(new TextEncoder().encode('GGUF'))).toBe(true)
  expect(startsAsGguf(new TextEncoder().encode('GGU'))).toBe(false)
})

/** A header of numbers and texts, little-endian: a number is a uint32, a bigint a uint64, a text has its length before it. */
function bytes(...parts: readonly (number | bigint | string)[]): Uint8Array {
  const chunks = parts.map((part) => {
    if (typeof part === 'number') return new Uint8Array(Uint32Array.of(part).buffer)
    if (typeof part === 'bigint') return new Uint8Array(BigUint64Array.of(part).buffer)
    const own = new TextEncoder().encode(part)
    return Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(own.length)).buffer), own])
  })
  return new Uint8Array(Buffer.concat([new TextEncoder().encode('GGUF'), ...chunks, new Uint8Array(96)]))
}

/** One tensor: name, dimensions, lengths, type, offset. */
const tensor = (...fields: readonly (number | bigint | string)[]) => bytes(3, 1n, 0n, ...fields)
const entry = (...fields: readonly (number | bigint | string)[]) => bytes(3, 0n, 1n, ...fields)
const alignment = (value: number, type = 4) => entry('general.alignment', type, value)

describe('hostile files are refused in one line', () => {
  const table: [string, Uint8Array, string][] = [
    ['empty', new Uint8Array(0), 'not a GGUF file'],
    ['a PNG picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'not a GGUF file: it looks like a PNG picture'],
    ['torn in the version', bytes().subarray(0, 6), 'the header goes past the end of the file (6 bytes)'],
    ['version 1', bytes(1), 'version 1 is not supported; 2 and 3 are'],
    ['big-endian', bytes(3 * 2 ** 24), 'it is big-endian, which is not supported'],
    [
      '2^60 tensors',
      bytes(3, 2n ** 60n, 0n),
      '1152921504606846976 tensors do not fit into the 104 bytes that are left',
    ],
    ['2^60 entries', bytes(3, 0n, 2n ** 60n), '1152921504606846976 entries of metadata do not fit into the 96 bytes'],
    ['a key of 2^60 bytes', entry(2n ** 60n), 'the length of the key of entry 0 is 1152921504606846976'],
    [
      'a key beyond the end',
      entry(2n ** 40n),
      'the key of entry 0 has 1099511627776 bytes, more than the 96 that are left',
    ],
    ['a key that is no UTF-8', entry(1n, 0xff), 'the key of entry 0 is no text in UTF-8'],
    ['a type that is none', entry('a', 13), '"a" has the type 13'],
    ['2^60 items', entry('a', 9, 4, 2n ** 60n), '1152921504606846976 items of "a" do not fit into the 96 bytes'],
    ['2^60 texts', entry('a', 9, 8, 2n ** 60n), '1152921504606846976 items of "a" do not fit'],
    ['arrays of arrays', entry('a', 9, 9, 1n), '"a" is an array of arrays, which is not supported'],
    ['a text beyond the end', entry('a', 8, 1000n), '"a" has 1000 bytes, more than the 96 that are left'],
    ['a key twice', bytes(3, 0n, 2n, 'a', 4, 1, 'a', 4, 2), '"a" is there twice'],
    ['alignment 0', alignment(0), 'general.alignment expected a power of two from 8 to 65536, got 0'],
    ['alignment 48', alignment(48), 'general.alignment expected a power of two from 8 to 65536, got 48'],
    ['alignment 2^31', alignment(2 ** 31), 'general.alignment expected a power of two from 8 to 65536, got 2147483648'],
    ['a signed alignment', alignment(32, 5), 'general.alignment expected a power of two from 8 to 65536, got 32'],
    ['no dimensions', tensor('w', 0), 'tensor "w" has 0 dimensions, expected 1 to 4'],
    ['2^32 - 1 dimensions', tensor('w', 2 ** 32 - 1), 'tensor "w" has 4294967295 dimensions, expected 1 to 4'],
    ['a length of 0', tensor('w', 2, 4n, 0n, 0, 0n), 'tensor "w" has the shape [4, 0]'],
    ['a length of 2^60', tensor('w', 1, 2n ** 60n, 0, 0n), 'a length of tensor "w" is 1152921504606846976'],
    ['2^100 numbers', tensor('w', 2, 2n ** 50n, 2n ** 50n, 0, 0n), 'tensor "w" has the impossible shape'],
    [
      'a type that is not read',
      tensor('w', 1, 256n, 12, 0n),
      'tensor "w" has the type Q4_K, which is not read; what is: F32, F16',
    ],
    ['an unknown type', tensor('w', 1, 256n, 99, 0n), 'tensor "w" has the type number 99, which is not read'],
    [
      'a row that is no blocks',
      tensor('w', 1, 128n, 35, 0n),
      'tensor "w" has rows of 128, no multiple of the 256 in a block of TQ2_0',
    ],
    [
      'beyond the end',
      tensor('w', 1, 1000n, 0, 0n),
      'tensor "w" ends at byte 4000 of 89 bytes of data (file truncated?)',
    ],
    ['an offset of 2^60', tensor('w', 1, 4n, 0, 2n ** 60n), 'the offset of tensor "w" is 1152921504606846976'],
    ['an offset that is not aligned', tensor('w', 1, 4n, 0, 8n), 'tensor "w" begins at byte 8, no multiple of 32'],
    ['a tensor twice', bytes(3, 2n, 0n, 'w', 1, 1n, 0, 0n, 'w', 1, 1n, 0, 0n), 'tensor "w" is there twice'],
    [
      'one in another',
      bytes(3, 2n, 0n, 'v', 1, 9n, 0, 0n, 'w', 1, 1n, 0, 32n),
      'tensor "w" overlaps the one before it',
    ],
  ]
  test.each(table)('%s', async (_, file, message) => {
    const error = await open(file).then(
      () => new Error('it was read'),
      (reason: Error) => reason,
    )
    expect(error.name).toBe('InputError')
    expect(error.message).toContain(message)
    expect(error.message).toMatch(/^x\.gguf: [^\n]+$/)
  })

  test('every torn file is', async () => {
    const whole = written(20)
    const { byteOffset, byteLength } = (await open(whole)).tensors.get('c')!
    for (let size = 0; size < byteOffset + byteLength; size += 3) {
      await expect(open(whole.subarray(0, size))).rejects.toThrow(/^x\.gguf: /)
    }
  })

  test('a header that takes more memory than it may', async () => {
    const source = memorySource(written(20_000), 'x.gguf')
    await expect(openGguf(source, createMemoryBudget('x.gguf', 1e6))).rejects.toThrow(
      /x\.gguf: needs 1\.\d\d MB of memory to read its header, the limit is 1\.00 MB/,
    )
  })
})
