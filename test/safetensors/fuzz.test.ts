import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memorySource } from '../../src/safetensors/byte-source.js'
import { type Dtype, tensorBytes } from '../../src/safetensors/dtype.js'
import { InputError } from '../../src/safetensors/input-error.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { openSafetensors } from '../../src/safetensors/open.js'
import { duplicateKey } from '../../src/safetensors/strict-json.js'

const tensors = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== '__metadata__'),
      dtype: fc.constantFrom<Dtype>('U8', 'U16', 'F32', 'F64', 'BF16'),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(255),
    }),
    { selector: ({ name }) => name, maxLength: 6 },
  )
  .map((list) =>
    list.map(({ seed, ...tensor }) => {
      const bytes = new Uint8Array(tensorBytes(tensor.dtype, tensor.shape)).map((_, i) => seed + i)
      return { ...tensor, bytes }
    }),
  )

test('what is written is read back (fast-check)', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string()), async (list, metadata) => {
      const bytes = encodeSafetensors(list, metadata)
      const file = await openSafetensors(memorySource(bytes))
      expect(file.dataOffset % 8).toBe(0)
      expect(Object.fromEntries(file.metadata)).toEqual({ format: 'pt', ...metadata })
      expect(new Set(file.tensors.keys())).toEqual(new Set(list.map(({ name }) => name)))
      for (const { name, dtype, shape, bytes } of list) {
        expect(file.tensors.get(name)).toMatchObject({ dtype, shape })
        expect(await file.readTensor(name)).toEqual(bytes)
      }
    }),
    { seed: 1, numRuns: 500 },
  )
})

/** Reads everything; the only way to fail is InputError. */
async function readOrRefuse(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    const file = await openSafetensors(memorySource(bytes))
    for (const name of file.tensors.keys()) await file.readTensor(name)
    return 'read'
  } catch (error) {
    if (!(error instanceof InputError) || error.message.includes('\n')) throw error
    return 'refused'
  }
}

test('20,000 headers of arbitrary JSON are read or refused', async () => {
  const number = fc.oneof(fc.integer({ min: -1, max: 9 }), fc.double(), fc.constantFrom(2 ** 60, -0, 1e308))
  const entry = fc.record(
    {
      dtype: fc.oneof(fc.constantFrom('F32', 'U8', '__proto__'), fc.jsonValue()),
      shape: fc.oneof(fc.array(number, { maxLength: 3 }), fc.jsonValue()),
      data_offsets: fc.oneof(fc.tuple(number, number), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  const headers = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__metadata__', '__proto__')), entry)
  await fc.assert(
    fc.asyncProperty(headers, fc.nat(16), async (header, data) => {
      const text = new TextEncoder().encode(JSON.stringify(header))
      const bytes = new Uint8Array(8 + text.length + data)
      new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
      bytes.set(text, 8)
      await readOrRefuse(bytes)
    }),
    { seed: 3, numRuns: 20_000 },
  )
})

test('duplicate keys are found exactly where JSON has them (fast-check)', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      expect(duplicateKey(text)).toBeUndefined()
    }),
    { seed: 4, numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), (key, a, b) => {
      const name = JSON.stringify(key)
      expect(duplicateKey(`{"z":[{${name}:${a},"\\\\":{"}":1}, ${name} :${b}}]}`)).toBe(key)
    }),
    { seed: 5, numRuns: 2_000 },
  )
})
