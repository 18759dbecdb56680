/** Binary attention masks a_i: which positions each position may look at. */

/**
 * 'encoder' lets every position see every position, 'causal' lets position i see 0..i; a Uint8Array [T, T] of 0 and 1,
 * row i for query position i, says anything else (at least one 1 a row).
 */
export type AttentionMask = 'encoder' | 'causal' | Uint8Array

/**
 * Throws TypeError for an unknown kind, RangeError unless a custom mask is [length, length], holds only 0 and 1, and has
 * a 1 in every row.
 */
export function checkAttentionMask(mask: AttentionMask, length: number): void {
  if (mask === 'encoder' || mask === 'causal') return
  if (!(mask instanceof Uint8Array))
    throw new TypeError(`"mask" expected 'encoder', 'causal' or a Uint8Array, got ${typeof mask}`)
  if (mask.length !== length * length)
    throw new RangeError(`"mask" expected ${length} x ${length} values, got ${mask.length}`)
  for (let i = 0; i < length; i++) {
    let ones = 0
    for (let j = 0; j < length; j++) {
      const value = mask[i * length + j]
      if (value > 1) throw new RangeError(`"mask[${i},${j}]" expected 0 or 1, got ${value}`)
      ones += value
    }
    if (ones === 0) throw new RangeError(`"mask" expected at least one 1 in row ${i}, got none`)
  }
}

/** Number of leading positions that query `i` can see at most: i + 1 under a causal mask, else T. */
export function visibleEnd(mask: AttentionMask, i: number, length: number): number {
  return mask === 'causal' ? i + 1 : length
}
