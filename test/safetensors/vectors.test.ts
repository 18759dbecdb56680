import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { memorySource } from '../../src/safetensors/byte-source.js'
import { toFloat32 } from '../../src/safetensors/floats.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { openSafetensors } from '../../src/safetensors/open.js'

/** A file written by hand after the format's description: 8-byte length, JSON padded with spaces, data. */
const header = '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}} '
const bytes = Uint8Array.from([
  ...[88, 0, 0, 0, 0, 0, 0, 0],
  ...new TextEncoder().encode(header),
  ...[0x00, 0x00, 0x80, 0x3f], // 1
  ...[0x00, 0x00, 0x20, 0xc0], // -2.5
])

test('bytes written by hand are read', async () => {
  const file = await openSafetensors(memorySource(bytes))
  expect(file.metadata.get('format')).toBe('pt')
  expect([...file.tensors]).toEqual([['a', { dtype: 'F32', shape: [2, 1], byteOffset: 96, byteLength: 8 }]])
  expect([...toFloat32('F32', await file.readTensor('a'))]).toEqual([1, -2.5])
})

test('the writer gives those bytes', () => {
  const data = bytes.slice(96)
  expect(encodeSafetensors([{ name: 'a', dtype: 'F32', shape: [2, 1], bytes: data }])).toEqual(bytes)
})

test("a file of PyTorch's own writer is read", async () => {
  const path = new URL('../../data/gpt-nano-sort/model.safetensors', import.meta.url)
  const file = await openSafetensors(memorySource(await readFile(path)))
  expect(file.tensors.get('transformer.wte.weight')?.shape).toEqual([3, 48])
  const values = toFloat32('F32', await file.readTensor('transformer.ln_f.weight'))
  expect(values.length).toBe(48)
  expect(values.every((value) => Number.isFinite(value))).toBe(true)
})

test('half precision widens exactly', () => {
  // IEEE 754 binary16: 1, -2, largest, smallest subnormal, 1/3 rounded
  const half = Uint8Array.from([0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x55, 0x35])
  expect([...toFloat32('F16', half)]).toEqual([1, -2, 65504, 2 ** -24, 0.333251953125])
  expect(toFloat32('F16', Uint8Array.from([0, 0x7c]))[0]).toBe(Number.POSITIVE_INFINITY)
  expect(toFloat32('F16', Uint8Array.from([1, 0x7c]))[0]).toBeNaN()
  expect([...toFloat32('BF16', Uint8Array.from([0x80, 0x3f, 0x20, 0xc0]))]).toEqual([1, -2.5])
})
