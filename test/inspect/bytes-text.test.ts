import { expect, test } from 'vitest'
import { bytesText } from '../../src/inspect/bytes-text.js'

test('bytes are said in the unit that fits, in three digits', () => {
  const said = [0, 812, 999, 1000, 1534, 999_499, 999_500, 999_999, 1_530_000, 999_500_000, 2e12].map(bytesText)
  expect(said).toEqual([
    '0 B',
    '812 B',
    '999 B',
    '1.00 kB',
    '1.53 kB',
    '999 kB',
    '1.00 MB',
    '1.00 MB',
    '1.53 MB',
    '1.00 GB',
    '2.00 TB',
  ])
})
