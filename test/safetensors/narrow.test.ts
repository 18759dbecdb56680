import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bfloat16Bytes, float16Bytes, toFloat32, toUint16 } from '../../src/safetensors/index.js'

const file = new URL('../vectors/narrow/narrow.json', import.meta.url)
const vectors: Record<'float32' | 'float16' | 'bfloat16', number[]> = JSON.parse(readFileSync(file, 'utf8'))
const numbers = new Float32Array(Uint32Array.from(vectors.float32).buffer)

test.each([
  ['float16', float16Bytes, 'F16'],
  ['bfloat16', bfloat16Bytes, 'BF16'],
] as const)('%s rounds as PyTorch does, and what it holds is read back', (name, encode, dtype) => {
  expect(numbers.length).toBeGreaterThan(8000)
  const bits = toUint16(encode(numbers))
  const wrong = vectors[name].findIndex((expected, i) => expected !== bits[i])
  expect(wrong, `${numbers[wrong]} became ${bits[wrong]}, not ${vectors[name][wrong]}`).toBe(-1)
  expect(encode(toFloat32(dtype, encode(numbers)))).toEqual(encode(numbers))
})

test('not a number stays none', () => {
  for (const [encode, dtype] of [
    [float16Bytes, 'F16'],
    [bfloat16Bytes, 'BF16'],
  ] as const) {
    expect(toFloat32(dtype, encode(Float32Array.of(Number.NaN)))[0]).toBeNaN()
  }
})
