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

test('a block that is not full takes the room of a full one; a table has blocks along its rows', () => {
  expect(denseSizes([[33, 1]], () => false)[3].bytes).toBe(2 * 18)
  expect(denseSizes([[1, 33]], () => false)[3].bytes).toBe(33 * 18)
  expect(denseSizes([[1, 33]], () => true)[3].bytes).toBe(2 * 18)
  expect(denseSizes([], () => false)[0].bitsPerWeight).toBe(0)
})
