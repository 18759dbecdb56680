/**
 * The one free text of a ticket: the name of the corpus that it was searched on. Readers check it, because it ends in
 * terminals and pages. The rule lists code points: a property such as \p{C} grows with every Unicode version, and a file
 * must be sound for every reader or for none.
 */
import { quoted } from '../safetensors/strict-json.js'

/** Most code points of a name that is read, and of one that is written. */
const READ_LIMIT = 200
const WRITE_LIMIT = 100

/** Most bytes of UTF-8 of a name that is written: the compact form (compact-fields.ts) has room for no more. */
const BYTE_LIMIT = 255

/**
 * No character of a name: controls (C0, DEL, C1), halves of a surrogate pair, and the marks that turn the direction of
 * text, which would let a name rewrite the line around it. With the flag u a whole pair is one character, and no half.
 */
const refused =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Throws RangeError unless `text` is 1 to 200 code points, none of them refused. */
export function assertName(field: string, text: unknown): void {
  const isSound = typeof text === 'string' && text !== '' && text.search(refused) < 0 && [...text].length <= READ_LIMIT
  if (!isSound) throw new RangeError(`"${field}" expected 1 to 200 printable characters, got ${quoted(text)}`)
}

/**
 * A name as a ticket holds it, from any text: what a name cannot hold becomes `?`, and the end is cut off between two code
 * points where there are more than 100, or more than 255 bytes of UTF-8.
 */
export function printableName(text: string): string {
  const encoder = new TextEncoder()
  let name = ''
  let bytes = 0
  for (const character of [...text.replace(refused, '?')].slice(0, WRITE_LIMIT)) {
    bytes += encoder.encode(character).length
    if (bytes > BYTE_LIMIT) break
    name += character
  }
  return name === '' ? '?' : name
}
