/** What the bytes of a file are, told by the first of them and by the control characters among them. */
import { otherFormat, SIGNATURE_BYTES, signatureOf, startsAsSafetensors } from '../safetensors/index.js'

/** Bytes from a file's start that its form is told by. */
export const HEAD_BYTES = SIGNATURE_BYTES

/** How the bytes of a text stand for characters; `text` is UTF-8, or any other encoding in which ASCII keeps its bytes. */
export type TextEncoding = 'text' | 'UTF-8 with a byte order mark' | 'UTF-16LE' | 'UTF-16BE'

/** Whether a file begins as gzip does: RFC 1952 has the magic number and one method, deflate. */
export const isGzip = ([first, second, method]: Uint8Array): boolean =>
  first === 0x1f && second === 0x8b && method === 8

/**
 * The encoding of a text by its byte order mark.
 * @param head its first {@link HEAD_BYTES} bytes, fewer where the file is shorter
 * @returns what the file is instead, with its article, where a signature tells that it is no text we read
 */
export function encodingOf(head: Uint8Array): { encoding: TextEncoding } | { other: string } {
  const startsWith = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte)
  if (startsWith(0xff, 0xfe, 0, 0) || startsWith(0, 0, 0xfe, 0xff)) return { other: 'a text in UTF-32' }
  if (startsWith(0xff, 0xfe)) return { encoding: 'UTF-16LE' }
  if (startsWith(0xfe, 0xff)) return { encoding: 'UTF-16BE' }
  if (startsWith(0xef, 0xbb, 0xbf)) return { encoding: 'UTF-8 with a byte order mark' }
  if (startsAsSafetensors(head)) return { other: 'a safetensors file' }
  const other = signatureOf(head) ?? otherFormat(head)
  return other === undefined || other === 'a text' ? { encoding: 'text' } : { other }
}

/** Control characters that texts hold: 8 (overstriking), 9 to 13 (tabs, ends of lines and pages), 27 (colours of a terminal). */
const inTexts = [8, 9, 10, 11, 12, 13, 27]

/** For each byte 1 where it is a control character that texts do not hold; [256]. */
const isControl = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 32 && !inTexts.includes(byte)))

/** Control characters that a piece of a text may hold: a few strays in a short one, one in a hundred in a longer one. */
const MOST_CONTROLS = 3
const MOST_CONTROL_SHARE = 0.01

/** Control characters among some bytes. */
export interface Controls {
  readonly count: number
  /** Index of the first. */
  readonly first: number
}

/**
 * Counts the control characters of a piece of a text, or of its tokens where each is a byte.
 * @returns undefined where there are no more than a text may hold: 3, or 1 in 100. Random bytes have 9.8 in 100, programs
 *   and arrays of small numbers 20 to 75
 */
export function tooManyControls(bytes: Uint8Array | Uint16Array): Controls | undefined {
  let count = 0
  let first = -1
  for (let i = 0; i < bytes.length; i++) {
    if (isControl[bytes[i]] !== 1) continue
    if (count === 0) first = i
    count++
  }
  return count > MOST_CONTROLS && count > MOST_CONTROL_SHARE * bytes.length ? { count, first } : undefined
}

/** Whether most bytes at even or at odd places are zero, and few others, as in English UTF-16. */
export function hasZeroHalves(bytes: Uint8Array): boolean {
  const zeros = [0, 0]
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) zeros[i & 1]++
  return Math.max(...zeros) > 0.4 * bytes.length && Math.min(...zeros) < 0.1 * bytes.length
}
