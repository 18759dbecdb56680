/** Masks that lie within another mask. */
import { getBit, packedBytes } from './packed-bits.js'

/** Whether every one of a mask is a one of the other. @param inner, outer packed bits of the same length */
export function liesWithin(inner: Uint8Array, outer: Uint8Array): boolean {
  return inner.length === outer.length && inner.every((byte, i) => (byte & ~outer[i]) === 0)
}

/**
 * The bits of a mask that stand where another has ones, one behind another.
 * @param mask, outer packed bits [count]
 * @param ones of `outer`
 * @returns packed bits [ones]
 */
export function gatherBits(mask: Uint8Array, outer: Uint8Array, count: number, ones: number): Uint8Array {
  const gathered = new Uint8Array(packedBytes(ones))
  for (let i = 0, j = 0; i < count; i++) {
    if (!getBit(outer, i)) continue
    if (getBit(mask, i)) gathered[Math.floor(j / 8)] |= 1 << (j % 8)
    j++
  }
  return gathered
}

/** The opposite of {@link gatherBits}: packed bits [count], 0 where `outer` is 0. */
export function spreadBits(gathered: Uint8Array, outer: Uint8Array, count: number): Uint8Array {
  const mask = new Uint8Array(packedBytes(count))
  for (let i = 0, j = 0; i < count; i++) {
    if (!getBit(outer, i)) continue
    if (getBit(gathered, j++)) mask[Math.floor(i / 8)] |= 1 << (i % 8)
  }
  return mask
}

/**
 * Rows as a mask of all their bits.
 * @param rows packed bits, one a row
 * @param from, count bits of the matrix, row-major
 * @returns packed bits [count]: bit i is that of the row that bit `from + i` of the matrix lies in
 */
export function rowBits(rows: Uint8Array, columns: number, from: number, count: number): Uint8Array {
  const bits = new Uint8Array(packedBytes(count))
  for (let i = 0; i < count; ) {
    const row = Math.floor((from + i) / columns)
    const end = Math.min(count, (row + 1) * columns - from)
    if (getBit(rows, row)) for (let j = i; j < end; j++) bits[Math.floor(j / 8)] |= 1 << (j % 8)
    i = end
  }
  return bits
}

/** The rows of a mask that have any one: packed bits, one a row. */
export function usedRows(mask: Uint8Array, rows: number, columns: number): Uint8Array {
  const used = new Uint8Array(packedBytes(rows))
  for (let row = 0, i = 0; row < rows; row++) {
    let any = 0
    for (let column = 0; column < columns; column++, i++) any |= getBit(mask, i)
    if (any) used[row >>> 3] |= 1 << (row & 7)
  }
  return used
}
