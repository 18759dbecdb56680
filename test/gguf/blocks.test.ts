import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTensor, encodeTensor, openGguf, type TensorType, whyNotHeld } from '../../src/gguf/index.js'
import { isFloat16, ternaryBlocks, ternaryMagnitude, ternaryValues } from '../../src/gguf/ternary.js'
import { memorySource, toFloat32 } from '../../src/safetensors/index.js'
import { readVector } from './vector.js'

const file = await openGguf(memorySource(await readVector('types.gguf'), 'types.gguf'))
const bytesOf = async (name: string) => {
  const { byteOffset, byteLength } = file.tensors.get(name)!
  return file.source.read(byteOffset, byteLength)
}
const expectedOf = async (name: string) => toFloat32('F32', await bytesOf(`${name}.expected`))

describe("blocks are those of llama.cpp's Python package", () => {
  const names = [...file.tensors.keys()].filter((name) => !name.endsWith('.expected'))
  test.each(names)('%s stands for the same numbers', async (name) => {
    const { type } = file.tensors.get(name)!
    expect(decodeTensor(type, await bytesOf(name))).toEqual(await expectedOf(name))
  })

  test.each([
    ['general.f32', 'F32', 'general.f32'],
    ['general.f16', 'F16', 'general.f32'],
    ['general.q8_0', 'Q8_0', 'general.f32'],
    ['ternary.tq1_0', 'TQ1_0', 'ternary.tq1_0'],
    ['ternary.tq2_0', 'TQ2_0', 'ternary.tq2_0'],
  ] as const)('%s is written as the same bytes', async (name, type, of) => {
    const found = encodeTensor(type, await expectedOf(of))
    const expected = await bytesOf(name)
    if (!type.startsWith('TQ')) return expect(Buffer.from(found)).toEqual(Buffer.from(expected))
    // The package gives a block of zeros the scale 0, we the matrix' own: the digits are the same.
    const size = type === 'TQ2_0' ? 66 : 54
    const digits = (bytes: Uint8Array) => Buffer.from(bytes.filter((_, i) => i % size < size - 2))
    expect(digits(found)).toEqual(digits(expected))
    expect(Buffer.from(found.subarray(0, size))).toEqual(Buffer.from(expected.subarray(0, size)))
  })
})

describe('ternary blocks', () => {
  test.each(['TQ1_0', 'TQ2_0'] as const)('%s gives every ternary matrix back, bit for bit (fast-check)', (type) => {
    const digits = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 512, maxLength: 512 })
    const magnitudes = fc.constantFrom(1, 0.5, 65504, 2 ** -24, 2 ** -14, 0.11407470703125)
    fc.assert(
      fc.property(digits, magnitudes, (own, magnitude) => {
        const values = Float32Array.from(own, (digit) => digit * magnitude || 0)
        const back = ternaryValues(type, ternaryBlocks(type, values, magnitude))
        expect(back.map((value) => value || 0)).toEqual(values)
      }),
      { numRuns: 50 },
    )
  })

  test('the magnitude of a matrix is found, and several or none that is finite are not', () => {
    expect(ternaryMagnitude(Float32Array.of(0, 0.5, -0.5, 0))).toBe(0.5)
    expect(ternaryMagnitude(Float32Array.of(0, -0))).toBe(0)
    expect(ternaryMagnitude(Float32Array.of(0.5, 0.25))).toBeUndefined()
    expect(ternaryMagnitude(Float32Array.of(0, Number.NaN))).toBeUndefined()
    expect(ternaryMagnitude(Float32Array.of(Number.POSITIVE_INFINITY))).toBeUndefined()
  })

  test('fp16 holds what it holds', () => {
    expect([1, 2 ** -24, 65504, 1 + 2 ** -10].map(isFloat16)).toEqual([true, true, true, true])
    expect([65520, 2 ** -25, 1 + 2 ** -11, 0.1, Number.NaN].map(isFloat16)).toEqual([false, false, false, false, false])
  })
})

test('a type that cannot hold numbers says why', () => {
  const refusals: [TensorType, number[], string | undefined][] = [
    ['F32', [3e38], undefined],
    ['F32', [1, Number.NaN], 'its value 1 is NaN'],
    ['F16', [65519], undefined],
    ['F16', [0, -65520], 'its value 1 is -65520'],
    ['Q8_0', [1e9], 'its value 0 is 1000000000'],
    ['TQ2_0', [0.5, -0.5, 0], undefined],
    ['TQ2_0', [0.5, 0.25], 'its numbers are not all 0, +m or -m'],
    ['TQ1_0', [0.25 + 2 ** -13, 0], 'its magnitude is 0.2501220703125, which fp16 does not hold exactly'],
  ]
  for (const [type, values, reason] of refusals) {
    expect(whyNotHeld(type as 'F32', Float32Array.from(values))).toBe(reason)
  }
})
