import type { MaskGeometry } from './geometry.js'
import { type MaskParameters, unpackParameters } from './parameters.js'
import { CodingError } from './rans.js'

/**
 * What a score's magnitude tells: uint8 [count], 0 to 127 (with its sign to 255), of weights `start` and on. The seed gives the scores that a search
 * started from, and what started high is kept more often.
 */
export type Magnitudes = (start: number, count: number) => Uint8Array

/** What coder and decoder both know of a mask. */
export interface MaskShape {
  readonly geometry: MaskGeometry
  /** Probability that contexts start from, 1 to 4095; see `startProbability`. */
  readonly start: number
  /** Null where nothing is known of the scores: the parameters then have no context. */
  readonly magnitudes: Magnitudes | null
  /** Bits of what `magnitudes` gives: 7, or 8 where the score's sign stands before its magnitude. Default 7. */
  readonly magnitudeBits?: 7 | 8 | undefined
  /** Packed bits [count]: only bits that are one here are coded, the others are 0. Absent or null: all are coded. */
  readonly within?: Uint8Array | null | undefined
}

/** The up to eight bits of `within` from `index` on, of which `size` are there; all ones where there is no such mask. */
export function groupWithin(within: Uint8Array | null | undefined, index: number, size: number): number {
  const all = (1 << size) - 1
  if (!within) return all
  const byte = Math.floor(index / 8)
  return ((within[byte] | ((within[byte + 1] ?? 0) << 8)) >>> (index % 8)) & all
}

/** A coded mask in its parts: a byte of parameters, the length of every chunk but the last (uint32), the chunks. */
export interface CodedMask {
  readonly parameters: MaskParameters
  readonly chunks: readonly Uint8Array[]
}

/** The bytes of a coded mask. */
export function joinChunks(parameters: number, chunks: readonly Uint8Array[]): Uint8Array {
  const head = 1 + 4 * (chunks.length - 1)
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, head))
  const view = new DataView(bytes.buffer)
  bytes[0] = parameters
  let at = head
  for (const [i, chunk] of chunks.entries()) {
    if (i < chunks.length - 1) view.setUint32(1 + 4 * i, chunk.length, true)
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/**
 * Takes a coded mask apart; nothing is copied.
 * @throws CodingError when the lengths do not fit
 */
export function splitChunks(bytes: Uint8Array, { geometry, magnitudes }: MaskShape): CodedMask {
  const head = 1 + 4 * (geometry.chunks - 1)
  if (bytes.length < head) throw new CodingError(`expected at least ${head} bytes, got ${bytes.length}`)
  const parameters = unpackParameters(bytes[0])
  if (parameters.contextBits > 0 && magnitudes === null) throw new CodingError('scores are needed, but none are named')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const chunks: Uint8Array[] = []
  let at = head
  for (let i = 0; i < geometry.chunks; i++) {
    const length = i < geometry.chunks - 1 ? view.getUint32(1 + 4 * i, true) : bytes.length - at
    if (length > bytes.length - at) throw new CodingError(`chunk ${i} goes past the end`)
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return { parameters, chunks }
}
