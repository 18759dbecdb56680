import { describe, expect, test } from 'vitest'
import { memorySource } from '../../src/safetensors/byte-source.js'
import { InputError } from '../../src/safetensors/input-error.js'
import { openSafetensors } from '../../src/safetensors/open.js'

/** A file of a header text, a stated header length and some data. */
function fileOf(header: string, data = 8, length = BigInt(new TextEncoder().encode(header).length)): Uint8Array {
  const text = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + text.length + data)
  new DataView(file.buffer).setBigUint64(0, length, true)
  file.set(text, 8)
  return file
}

const tensor = (fields: object) => JSON.stringify({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } })

const cases: [string, Uint8Array, RegExp][] = [
  ['a header past the end', fileOf('{}', 0, 1000n), /header length 1000 goes past the end of the file \(10 bytes\)/],
  ['a header of 2^60 bytes', fileOf('{}', 0, 1n << 60n), /over the limit/],
  ['a header of 2^64 - 1 bytes', fileOf('{}', 0, (1n << 64n) - 1n), /over the limit/],
  ['no JSON', fileOf('{nope', 0), /not JSON/],
  ['invalid UTF-8', fileOf('{"a":1}', 0).map((byte) => (byte === 0x61 ? 0xff : byte)), /not JSON in UTF-8/],
  ['an unknown dtype', fileOf(tensor({ dtype: 'F33' })), /"x" has the unknown dtype "F33"/],
  ['a dtype of the prototype', fileOf(tensor({ dtype: 'toString' })), /unknown dtype/],
  ['no dtype', fileOf(tensor({ dtype: undefined })), /unknown dtype undefined/],
  ['a negative dimension', fileOf(tensor({ shape: [-2] })), /impossible shape \[-2\]/],
  ['a fractional dimension', fileOf(tensor({ shape: [0.5] })), /impossible shape/],
  ['a dimension of 2^60', fileOf(tensor({ shape: [2 ** 60] })), /impossible shape/],
  ['an overflowing product', fileOf(tensor({ shape: [2 ** 31, 2 ** 31, 2 ** 31] })), /impossible shape/],
  ['an overflow hidden by a zero', fileOf(tensor({ shape: [0, 2 ** 52, 2 ** 52] })), /impossible shape/],
  ['a text as a dimension', fileOf(tensor({ shape: ['2'] })), /impossible shape/],
  ['a shape that is no list', fileOf(tensor({ shape: 2 })), /no shape/],
  ['reversed offsets', fileOf(tensor({ data_offsets: [8, 0] })), /ends \(0\) before it begins \(8\)/],
  ['offsets past the end', fileOf(tensor({ data_offsets: [8, 16] })), /ends at byte 16 of 8 bytes of data/],
  ['offsets of 2^60', fileOf(tensor({ data_offsets: [2 ** 60, 2 ** 60 + 8] })), /impossible data_offsets/],
  ['negative offsets', fileOf(tensor({ data_offsets: [-8, 0] })), /impossible data_offsets/],
  ['three offsets', fileOf(tensor({ data_offsets: [0, 4, 8] })), /impossible data_offsets/],
  ['a size that does not fit', fileOf(tensor({ shape: [1] })), /"x" has 8 bytes, but F32 \[1\] takes 4 bytes/],
  ['a hole', fileOf(tensor({ data_offsets: [8, 16] }), 16), /8 bytes before tensor "x" belong to no tensor/],
  ['bytes at the end', fileOf(tensor({}), 9), /the last 1 bytes belong to no tensor/],
  ['data without tensors', fileOf('{}', 8), /the last 8 bytes/],
  ['a truncated file', fileOf(tensor({})).slice(0, -1), /truncated/],
  [
    'an overlap',
    fileOf(
      '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
      12,
    ),
    /"y" overlaps the one before it/,
  ],
  ['a name twice', fileOf(`${tensor({}).slice(0, -1)},${tensor({}).slice(1)}`), /"x" is written twice/],
  [
    'a name twice, once escaped',
    fileOf(`${tensor({}).slice(0, -1)},${tensor({}).slice(1).replace('x', '\\u0078')}`),
    /"x" is written twice/,
  ],
  ['a dtype twice', fileOf(tensor({}).replace('"shape"', '"dtype":"F32","shape"')), /"dtype" is written twice/],
  ['a tensor that is no object', fileOf('{"x":1}'), /"x" is not an object/],
  ['metadata that is a list', fileOf('{"__metadata__":[]}', 0), /__metadata__ is not an object/],
  ['metadata with a number', fileOf('{"__metadata__":{"n":1}}', 0), /"n" is not a string/],
  [
    'a shape nested very deeply',
    fileOf(tensor({}).replace('[2]', '['.repeat(1e6) + ']'.repeat(1e6))),
    /the header has objects or lists more than 64 deep/,
  ],
  ['a shape nested 61 deep', fileOf(tensor({}).replace('[2]', '['.repeat(61) + ']'.repeat(61))), /impossible shape/],
  [
    'objects nested very deeply, of which each level would be kept',
    fileOf(tensor({}).replace('[2]', `${'{"":'.repeat(1e6)}1${'}'.repeat(1e6)}`)),
    /the header has objects or lists more than 64 deep/,
  ],
]

describe('refused in one line', () => {
  test.each(cases)('%s', async (_, bytes, message) => {
    const error = await openSafetensors(memorySource(bytes, 'some.file')).then(
      () => undefined,
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(InputError)
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/^some\.file: not a sound safetensors file: [^\n]+$/)
  })
})

describe('what is no safetensors file at all is called so', () => {
  test.each<[string, Uint8Array]>([
    ['it is empty', new Uint8Array(0)],
    ['it has only the bytes 01 02 03', Uint8Array.of(1, 2, 3)],
    ['it looks like zeros, as where a file was never written to its end', new Uint8Array(7)],
    ['it looks like a text', new TextEncoder().encode('torn')],
    ['it looks like a PNG picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13)],
    ['its first bytes are c8 e6 5a 5b 06 25 3d 0e', Uint8Array.of(0xc8, 0xe6, 0x5a, 0x5b, 6, 0x25, 0x3d, 0x0e, 9)],
    ['its first bytes are 02 00 00 00 00 00 00 00', fileOf('[]', 0)],
    ['its first bytes are 03 00 00 00 00 00 00 00', fileOf(' {}', 0)],
  ])('%s', async (reason, bytes) => {
    await expect(openSafetensors(memorySource(bytes, 'some.file'))).rejects.toThrow(
      new InputError(`some.file: not a safetensors file: ${reason}`),
    )
  })
})

test('a hostile name cannot reach the terminal', async () => {
  const bytes = fileOf(`{"\\u001b[31m\\u009b${'x'.repeat(10_000)}":1}`)
  const error: Error = await openSafetensors(memorySource(bytes)).catch((reason) => reason)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(error.message.length).toBeLessThan(200)
})

test('an empty tensor and a scalar are sound', async () => {
  const header =
    '{"e":{"dtype":"F64","shape":[3,0],"data_offsets":[0,0]},"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}'
  const file = await openSafetensors(memorySource(fileOf(header)))
  expect((await file.readTensor('e')).length).toBe(0)
  expect((await file.readTensor('s')).length).toBe(8)
  await expect(file.readTensor('t')).rejects.toThrow('memory: there is no tensor "t"')
})
