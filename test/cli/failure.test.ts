import { expect, test } from 'vitest'
import { inOneLine } from '../../src/cli/failure.js'

test('a message of several lines is one, without the white space around their ends', () => {
  expect(inOneLine('one \n\n  two\n three ')).toBe('one two three')
})

test('a million spaces take no more than a look at each', () => {
  const spaces = ' '.repeat(1_000_000)
  expect(inOneLine(`a${spaces}b`)).toBe(`a${spaces}b`)
})
