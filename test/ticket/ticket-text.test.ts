import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../../src/safetensors/index.js'
import {
  checkPage,
  fromBase64url,
  fromDigits,
  LINK_LIMIT,
  readTicketText,
  ticketLink,
  toBase64url,
  toDigits,
} from '../../src/ticket/ticket-text.js'

const page = 'https://example.org/slt/'
const bytesOf = (first = 1) => fc.uint8Array({ maxLength: 600 }).map((rest) => Uint8Array.of(first, ...rest))

test("base64url is that of Node's Buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase64url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(fromBase64url(text)).toEqual(bytes)
    }),
  )
})

test('base64url has one form: no other characters, no bits behind the last byte', () => {
  for (const text of ['A', 'AQ=', 'AQ==', 'AR', 'AQ+A', 'AQI/', 'AQB', 'é'])
    expect(() => fromBase64url(text)).toThrow(RangeError)
  expect(fromBase64url('AQ')).toEqual(Uint8Array.of(1))
})

test('digits are those of the integer, and zeros behind the first byte are not lost', () => {
  // The vector of docs/ticket-format.md; Python: int.from_bytes(bytes([1, 0, 255, 0]), 'big')
  expect(toDigits(Uint8Array.of(1, 0, 255, 0))).toBe('16842496')
  expect(ticketLink(Uint8Array.of(1, 0, 255, 0))).toBe('#ticket=AQD_AA')
  fc.assert(
    fc.property(bytesOf(), (bytes) => {
      const digits = toDigits(bytes)
      expect(digits).toMatch(/^[1-9]\d*$/)
      expect(fromDigits(digits)).toEqual(bytes)
      expect(BigInt(digits)).toBe(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
    }),
  )
  expect(() => toDigits(Uint8Array.of(0, 1))).toThrow('first byte from 1 to 255, got 0')
  expect(() => toDigits(new Uint8Array(0))).toThrow('first byte from 1 to 255, got undefined')
})

test('every form of a text is read, however its lines are broken', () => {
  fc.assert(
    fc.property(bytesOf(), (bytes) => {
      const base64 = toBase64url(bytes)
      const digits = toDigits(bytes)
      const texts = [base64, digits, ticketLink(bytes), ticketLink(bytes, page), `ticket=${base64}`]
      for (const text of [...texts, `${page}#ticket10=${digits}`, `#ticket10=${digits}`]) {
        expect(readTicketText('x', text)).toEqual(bytes)
        expect(readTicketText('x', `\n ${text.replace(/(.{60})/g, '$1\r\n')}\n`)).toEqual(bytes)
      }
    }),
  )
})

describe('refused in one line:', () => {
  test.each([
    ['', 'x: empty'],
    [' \n', 'x: empty'],
    ['hello world!', 'x: no link, fragment or digits of a ticket: character 10 expected base64url, got "!"'],
    ['missing', 'x: no link, fragment or digits of a ticket: a ticket begins with AQ to BP'],
    ['https://example.org/slt/', 'x: no link, fragment or digits of a ticket: a link of a ticket has #ticket= in it'],
    ['#ticket=', 'x: the text is not whole or was changed: nothing behind the sign ='],
    ['#ticket=A', 'x: the text is not whole or was changed: the base64url ends in the middle of a byte'],
    ['#ticket10=', 'x: the text is not whole or was changed: expected decimal digits, the first of them not 0'],
    ['#ticket10=012', 'x: the text is not whole or was changed: expected decimal digits, the first of them not 0'],
    ['#ticket10=AQ', 'x: the text is not whole or was changed: expected decimal digits, the first of them not 0'],
    [
      '9'.repeat(7090),
      'x: no link, fragment or digits of a ticket: expected at most 7089 digits, as a QR code has, got 7090',
    ],
    ['A'.repeat(2 * LINK_LIMIT + 1), 'x: expected at most 2097152 characters, got 2097153'],
  ])('%#', (text, message) => {
    expect(() => readTicketText('x', text)).toThrow(new InputError(message))
  })
  test('a link that is too long', () => {
    const most = Math.floor(((LINK_LIMIT - 8) * 3) / 4)
    expect(ticketLink(new Uint8Array(most)).length).toBe(LINK_LIMIT)
    expect(() => ticketLink(new Uint8Array(most + 1))).toThrow(
      'at most 1048576 characters, this one would have 1048578',
    )
  })
  test('what is no page', () => {
    for (const wrong of ['ftp://a', 'example.org', 'https://a/#b', 'https://a b', 'https://é', 'https://']) {
      expect(() => checkPage(wrong)).toThrow('"page" expected an address such as https://host/path')
      expect(() => ticketLink(Uint8Array.of(1), wrong)).toThrow(RangeError)
    }
    checkPage('http://localhost:8080/index.html?a=b')
  })
})
