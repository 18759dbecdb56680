import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertName, printableName } from '../../src/ticket/corpus-name.js'

const isSound = (name: unknown) => {
  try {
    assertName('name', name)
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    expect(error.message).toMatch(/^"name" expected 1 to 200 printable characters, got /)
    return false
  }
}

const face = '\u{1f600}'

describe('a name that is read', () => {
  test.each([
    ['a pair of surrogates at each place', face.repeat(200)],
    ['characters that no Unicode version has assigned yet', '\u{1fbff}\u0378\u{3ffff}'],
    ['private use, joiners, soft hyphens and line separators', '\ue000\u200d\u00ad\u2028\u2029'],
    ['letters of any script', '\u4f60\u597d e\u0301'],
  ])('may be %s', (_, name) => expect(isSound(name)).toBe(true))

  test.each([
    ['empty', ''],
    ['too long', face.repeat(201)],
    ['half a pair', 'a\ud83d'],
    ['a pair the wrong way round', '\ude00\ud83d'],
    ['control characters', '\u001b[31m'],
    ['C1 controls', 'a\u009bb'],
    ['a mark that turns the direction of text', 'txt.\u202egpj'],
    ['no text', 7],
  ])('is not %s', (_, name) => expect(isSound(name)).toBe(false))

  test('what an older reader accepted is accepted', () => {
    const older = /^\P{C}{1,200}$/u // with the Unicode version of this machine
    const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 250 }).filter((name) => older.test(name))
    fc.assert(fc.property(names, isSound))
  })
})

describe('a name that is written', () => {
  test('any text becomes a name, of at most 100 characters and 255 bytes', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const name = printableName(text)
        return isSound(name) && [...name].length <= 100 && new TextEncoder().encode(name).length <= 255
      }),
    )
  })

  test('it is cut between two characters', () => {
    expect(printableName(`${'x'.repeat(99)}${face}.txt`)).toBe(`${'x'.repeat(99)}${face}`)
    expect(printableName(face.repeat(100))).toBe(face.repeat(63)) // 252 bytes
    expect(printableName('\u4f60'.repeat(100))).toBe('\u4f60'.repeat(85))
  })

  test('what it cannot hold is a question mark', () => {
    expect(printableName('a\u001b[31m\n')).toBe('a?[31m?')
    expect(printableName('\ud83d.txt')).toBe('?.txt')
    expect(printableName('')).toBe('?')
  })
})
