/**
 * A compact ticket as text: base64url in the fragment of a link, decimal digits in a QR code, whose numeric mode holds them at
 * 3 1/3 bits each. docs/ticket-format.md specifies both under *As text*.
 */
import { InputError } from '../safetensors/input-error.js'
import { quoted } from '../safetensors/strict-json.js'

/** What is told of a text of which a part is missing or was changed. */
export const DAMAGED = 'the text is not whole or was changed'

/** What is told of a text that is none at all. */
const NO_TEXT = 'no link, fragment or digits of a ticket'

/** Most characters of a link; longer ones are refused. Beyond the second many programs cut links. */
export const LINK_LIMIT = 2 ** 20
export const LINK_LONG = 8000

/** Most digits of a ticket: what the largest QR code holds. */
export const DIGITS_LIMIT = 7089

const LINK_KEY = '#ticket='
const DIGITS_KEY = '#ticket10='

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Bytes in base64url (RFC 4648, section 5), without padding. */
export function toBase64url(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(word >> shift) & 63])
    parts.push(letters.slice(0, Math.min(bytes.length - i, 3) + 1).join(''))
  }
  return parts.join('')
}

/** @throws RangeError for a character that does not belong, or an end that no bytes have */
export function fromBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let word = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const value = ALPHABET.indexOf(text[i])
    if (value < 0) throw new RangeError(`character ${i} expected base64url, got ${quoted(text[i])}`)
    word = ((word << 6) | value) & 0xffffff
    const bits = ((i + 1) * 6) % 8 // that are left over
    if (i % 4 !== 0) bytes[at++] = (word >> bits) & 255
  }
  const left = (text.length * 6) % 8
  if (left === 6 || (word & (2 ** left - 1)) !== 0) throw new RangeError('the base64url ends in the middle of a byte')
  return bytes
}

/**
 * Bytes as decimal digits: those of the integer that they are, most significant byte first.
 * @param bytes the first of them not 0, so that none is lost: a compact ticket begins with its version
 */
export function toDigits(bytes: Uint8Array): string {
  if (!(bytes[0] > 0)) throw new RangeError(`"bytes" expected a first byte from 1 to 255, got ${bytes[0]}`)
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`).toString()
}

/** @param digits at most 7,089 of them, the first not 0 @throws RangeError for others */
export function fromDigits(digits: string): Uint8Array {
  if (digits.length > DIGITS_LIMIT) {
    throw new RangeError(`expected at most ${DIGITS_LIMIT} digits, as a QR code has, got ${digits.length}`)
  }
  if (!/^[1-9]\d*$/.test(digits)) throw new RangeError('expected decimal digits, the first of them not 0')
  const hex = BigInt(digits).toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => Number.parseInt(even.slice(2 * i, 2 * i + 2), 16))
}

/**
 * Throws unless a page can stand before a fragment.
 * @throws RangeError unless it is an http or https address in printable ASCII, without a fragment
 */
export function checkPage(page: string): void {
  const isSound = /^https?:\/\/[\x21-\x7e]{1,2000}$/.test(page) && !page.includes('#') && URL.canParse(page)
  if (!isSound) {
    throw new RangeError(
      `"page" expected an address such as https://host/path without a fragment, got ${JSON.stringify(page)}`,
    )
  }
}

/**
 * The link of a compact ticket: `<page>#ticket=<base64url>`.
 * @param page address that opens it; none by default, so that the fragment stands alone
 * @throws RangeError for a page that is none, or when the link has more than 1,048,576 characters
 */
export function ticketLink(compact: Uint8Array, page = ''): string {
  if (page !== '') checkPage(page)
  const length = page.length + LINK_KEY.length + Math.ceil((compact.length * 4) / 3)
  if (length > LINK_LIMIT) {
    throw new RangeError(
      `a link expected at most ${LINK_LIMIT} characters, this one would have ${length}: the ticket travels as a file`,
    )
  }
  return page + LINK_KEY + toBase64url(compact)
}

/** The text of a QR code: what stands before the digits, and the digits. */
export interface DigitText {
  /** `<page>#ticket10=`, or empty without a page. */
  readonly prefix: string
  readonly digits: string
}

/** The digits of a compact ticket, behind a page that opens them or alone. @throws RangeError for a page that is none */
export function ticketDigits(compact: Uint8Array, page = ''): DigitText {
  if (page !== '') checkPage(page)
  return { prefix: page === '' ? '' : page + DIGITS_KEY, digits: toDigits(compact) }
}

/**
 * The compact ticket of a text: a link, its fragment, base64url or digits alone. White space is ignored, also inside: programs
 * break long lines.
 * @param name of where the text comes from, for messages
 * @throws InputError in one line when it is none of these
 */
export function readTicketText(name: string, text: string): Uint8Array {
  if (text.length > 2 * LINK_LIMIT)
    throw new InputError(`${name}: expected at most ${2 * LINK_LIMIT} characters, got ${text.length}`)
  const joined = text.replace(/\s+/g, '')
  if (joined === '') throw new InputError(`${name}: empty`)
  const found = /(?:^|#)(ticket(?:10)?)=([^#]*)$/.exec(joined)
  const key = found?.[1]
  const payload = found?.[2] ?? joined
  const isDigits = key === 'ticket10' || (key === undefined && /^\d+$/.test(payload))
  if (key === undefined && /^https?:\/\//i.test(joined)) {
    throw new InputError(`${name}: ${NO_TEXT}: a link of a ticket has #ticket= in it`)
  }
  try {
    const bytes = isDigits ? fromDigits(payload) : fromBase64url(payload)
    if (bytes.length === 0) throw new RangeError('nothing behind the sign =')
    // Any word is base64url; a ticket begins with a byte from 1 to 4, the number of its form (compact-head.ts).
    if (key === undefined && !isDigits && !(bytes[0] >= 1 && bytes[0] <= 4)) {
      throw new RangeError('a ticket begins with AQ to BP')
    }
    return bytes
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const what = key === undefined ? NO_TEXT : DAMAGED
    throw new InputError(`${name}: ${what}: ${error.message}`)
  }
}
