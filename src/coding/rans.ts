/**
 * A range coder in its asymmetric-numeral-systems form (rANS: Duda, arXiv 1311.2540), with several states that share one
 * sequence of 16-bit words (Giesen, arXiv 1402.3392), so that a decoder can work on all of them at once. Each state is a
 * number x in 2^16..2^32 - 1; a bit whose probability to be one is P/4096 is taken off by
 *
 *   s = x mod 4096;  bit = s < P;  x = bit ? P floor(x / 4096) + s : (4096 - P) floor(x / 4096) + s - P
 *
 * and where x falls below 2^16 the next word w is taken in: x = 2^16 x + w.
 */
import { PROBABILITY_BITS, PROBABILITY_ONE } from './parameters.js'

/** Least value of a state; what the encoder starts from and the decoder must end at. */
const LEAST = 2 ** 16

/** Where a decoder finds a stream unsound. */
export class CodingError extends RangeError {
  override name = 'CodingError'
}

/**
 * Codes bits, the last one first, so that a decoder reads them forwards.
 * @param probabilities of each bit to be one, 1 to 4095: [count]
 * @param bits 0 or 1: [count]
 * @param laneOf state of each bit, 0 to lanes - 1: [count]; null where there is one
 * @returns the states, uint32 little-endian, then the words, uint16 little-endian
 */
export function encodeBits(
  probabilities: Uint16Array,
  bits: Uint8Array,
  laneOf: Uint8Array | null,
  lanes: number,
): Uint8Array {
  const states = new Uint32Array(lanes).fill(LEAST)
  const words = new Uint16Array(bits.length + 1) // a bit gives a word at most
  let left = words.length
  for (let i = bits.length - 1; i >= 0; i--) {
    const lane = laneOf === null ? 0 : laneOf[i]
    const size = bits[i] ? probabilities[i] : PROBABILITY_ONE - probabilities[i]
    let x = states[lane]
    if (x >= size * 2 ** (32 - PROBABILITY_BITS)) {
      words[--left] = x & 0xffff
      x >>>= 16
    }
    const quotient = Math.floor(x / size)
    states[lane] = quotient * PROBABILITY_ONE + (x - quotient * size) + (bits[i] ? 0 : probabilities[i])
  }
  const used = words.subarray(left)
  const bytes = new Uint8Array(4 * lanes + 2 * used.length)
  const view = new DataView(bytes.buffer)
  for (const [lane, state] of states.entries()) view.setUint32(4 * lane, state, true)
  for (let i = 0; i < used.length; i++) view.setUint16(4 * lanes + 2 * i, used[i], true)
  return bytes
}

/** Takes bits off a stream. */
export interface BitDecoder {
  /** The next bit of a state. @param probability that it is one, 1 to 4095 */
  read(lane: number, probability: number): number
  /** Throws CodingError unless every word was used and every state is back at its start. */
  end(): void
}

/** @throws CodingError when there is no room for the states or one of them is below 2^16 */
export function createBitDecoder(bytes: Uint8Array, lanes: number): BitDecoder {
  if (bytes.length < 4 * lanes || bytes.length % 2 !== 0) {
    throw new CodingError(`expected ${4 * lanes} bytes and then whole words, got ${bytes.length} bytes`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const states = Uint32Array.from({ length: lanes }, (_, lane) => view.getUint32(4 * lane, true))
  if (states.some((x) => x < LEAST)) throw new CodingError('a state is below 2^16')
  let at = 4 * lanes
  return {
    read(lane, probability) {
      const x = states[lane]
      const slot = x & (PROBABILITY_ONE - 1)
      const bit = slot < probability ? 1 : 0
      const high = x >>> PROBABILITY_BITS
      let next = bit ? probability * high + slot : (PROBABILITY_ONE - probability) * high + slot - probability
      if (next < LEAST) {
        if (at === bytes.length) throw new CodingError('the coded bits end too early')
        next = next * 2 ** 16 + view.getUint16(at, true)
        at += 2
      }
      states[lane] = next
      return bit
    },
    end() {
      if (at !== bytes.length) throw new CodingError(`${bytes.length - at} bytes are left over`)
      if (states.some((x) => x !== LEAST)) throw new CodingError('the coded bits end in the wrong state')
    },
  }
}
