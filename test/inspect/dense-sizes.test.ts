import { expect, test } from 'vitest'
import { denseSizes } from '../../src/inspect/index.js'

test('4.5 and 8.5 bits a weight where 32 divides the inputs; vectors stay float32', () => {
  const sizes = denseSizes([[64, 10]], () => false)
  expect(sizes).toEqual([
    { name: 'float32', bytes: 2560, bitsPerWeight: 32 },
    { name: 'float16', bytes: 1280, bitsPerWeight: 16 },
    { name: '8-bit', bytes: 680, bitsPerWeight: 8.5 },
    { name: '4-bit', bytes: 360, bitsPerWeight: 4.5 },
  ])
  const withBias = denseSizes([[64, 10], [10]], () => false)
  expect(withBias.map(({ bytes }) => bytes)).toEqual([2600, 1300, 720, 400])
})

test('a block that is not full has its own weights and a scale; a table has blocks along its rows', () => {
  expect(denseSizes([[33, 1]], () => false)[3].bytes).toBe(17 + 2 * 2) // 33 codes of 4 bits, two scales
  expect(denseSizes([[33, 1]], () => false)[2].bytes).toBe(33 + 2 * 2)
  expect(denseSizes([[1, 33]], () => false)[3].bytes).toBe(17 + 33 * 2)
  expect(denseSizes([[1, 33]], () => true)[3].bytes).toBe(17 + 2 * 2)
  expect(denseSizes([], () => false)[0].bitsPerWeight).toBe(0)
})

test('from width 2 on, 8 bits take no more than float16, and 4 bits less than 8', () => {
  for (const width of [2, 3, 8, 12, 16, 24, 31, 33, 48, 100]) {
    const [, half, eight, four] = denseSizes([[width, 4 * width]], () => false)
    expect(eight.bytes, `width ${width}`).toBeLessThanOrEqual(half.bytes)
    expect(four.bytes, `width ${width}`).toBeLessThan(eight.bytes)
  }
  const [, , eight, four] = denseSizes([[16, 64]], () => false)
  expect([eight.bitsPerWeight, four.bitsPerWeight]).toEqual([9, 5])
})
