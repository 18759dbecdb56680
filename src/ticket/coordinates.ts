import { packedBytes, tailIsZero } from '../mask/packed-bits.js'
import { coordinateBits } from './format.js'
import { DROPPED, type PairSpec } from './pair.js'

/** The coordinates of a pair in as few bits as its inputs need, least significant first; `inputs` stands for a dropped unit. */
export function packCoordinates(coordinate: Uint16Array, { inputs }: Pick<PairSpec, 'inputs'>): Uint8Array {
  const size = coordinateBits(inputs)
  const bytes = new Uint8Array(packedBytes(coordinate.length * size) + 3)
  for (const [k, value] of coordinate.entries()) {
    const at = k * size
    const shifted = (value === DROPPED ? inputs : value) * 2 ** (at % 8) // at most 16 + 7 bits
    for (let byte = 0; byte < 3; byte++) bytes[Math.floor(at / 8) + byte] |= (shifted >>> (8 * byte)) & 255
  }
  return bytes.slice(0, -3)
}

/**
 * The opposite of {@link packCoordinates}: uint16 [n].
 * @throws RangeError when a number is above `inputs`, or bits past the end are not zero
 */
export function unpackCoordinates(bytes: Uint8Array, { name, inputs, hidden }: PairSpec): Uint16Array {
  const size = coordinateBits(inputs)
  if (!tailIsZero(bytes, hidden * size)) throw new RangeError(`"${name}.coordinate" expected zero bits past its end`)
  const coordinate = new Uint16Array(hidden)
  for (let k = 0; k < hidden; k++) {
    const at = k * size
    const byte = Math.floor(at / 8)
    const three = bytes[byte] | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16)
    const value = (three >>> (at % 8)) & (2 ** size - 1)
    if (value > inputs) {
      throw new RangeError(`"${name}.coordinate" expected at most ${inputs}, got ${value} at unit ${k}`)
    }
    coordinate[k] = value === inputs ? DROPPED : value
  }
  return coordinate
}
