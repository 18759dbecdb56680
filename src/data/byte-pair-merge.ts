/**
 * Byte-pair encoding (Sennrich, Haddow, Birch 2016; on bytes, Radford et al. 2019): of all pairs of neighbours that make a
 * token, the one of lowest rank is joined, the leftmost among equals, until none is left.
 *
 * The pairs wait in a heap, so a word of n bytes takes O(n log n) steps: a line of a megabyte without a space (a genome) is
 * one word. A word takes about 26 n bytes of memory meanwhile.
 */

import type { Steps } from './tokenizer.js'

/** The tokens of a vocabulary as far as merging needs them. */
export interface MergeTable {
  /** Token of each single byte, [256]. */
  readonly ofByte: Uint16Array
  /** The token that two neighbours are joined to, which is the rank of the pair too; -1 where they stay two. */
  rankOf(left: number, right: number): number
}

/** Positions fit in the lower part of a heap entry, ranks (below 2^16) in the upper. */
const POSITIONS = 2 ** 36

/**
 * The tokens of one word.
 * @param word its bytes, at least one
 */
export function mergeBytePairs(table: MergeTable, word: Uint8Array): Uint16Array {
  if (word.length === 1) return Uint16Array.of(table.ofByte[word[0]])
  const merge = createMerge(table, word)
  merge.advance(Number.POSITIVE_INFINITY)
  return merge.tokens()
}

/** Positions and pairs that are looked at in one step: 50 to 100 ms. */
const PAIRS = 2 ** 17

/** The same tokens in steps: a word of 2^20 bytes takes half a second. */
export function* mergeInSteps(table: MergeTable, word: Uint8Array): Steps<Uint16Array> {
  const merge = createMerge(table, word)
  while (merge.advance(PAIRS)) yield
  return merge.tokens()
}

/** The merging of a word, as far as it is. */
function createMerge({ ofByte, rankOf }: MergeTable, word: Uint8Array) {
  const { length } = word
  const tokens = new Uint16Array(length)
  for (let i = 0; i < length; i++) tokens[i] = ofByte[word[i]]
  // A list of the parts left: each starts at a position, `next` is where the following one starts (length: none).
  const next = new Int32Array(length)
  const previous = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    next[i] = i + 1
    previous[i] = i - 1
  }
  // Each of the at most length - 1 joins takes one entry out and puts at most two in.
  const heap = createHeap(2 * length)
  const rankAt = (at: number) => (next[at] < length ? rankOf(tokens[at], tokens[next[at]]) : -1)
  const offer = (at: number) => {
    const rank = rankAt(at)
    if (rank >= 0) heap.push(rank * POSITIONS + at)
  }
  let offered = 0
  let left = length
  return {
    /** Looks at so many positions and pairs. @returns whether there are more */
    advance(pairs: number): boolean {
      for (; offered < length - 1; offered++) {
        if (pairs-- <= 0) return true
        offer(offered)
      }
      while (heap.size() > 0) {
        if (pairs-- <= 0) return true
        const entry = heap.pop()
        const at = entry % POSITIONS
        const rank = Math.floor(entry / POSITIONS)
        if (next[at] < 0 || rankAt(at) !== rank) continue // joined or changed since it was offered
        const joined = next[at]
        tokens[at] = rank
        next[at] = next[joined]
        next[joined] = -1
        if (next[at] < length) previous[next[at]] = at
        left--
        if (previous[at] >= 0) offer(previous[at])
        offer(at)
      }
      return false
    },
    tokens(): Uint16Array {
      const merged = new Uint16Array(left)
      for (let i = 0, at = 0; i < left; i++, at = next[at]) merged[i] = tokens[at]
      return merged
    },
  }
}

/** A binary heap of at most `room` numbers. */
function createHeap(room: number) {
  const heap = new Float64Array(room)
  let size = 0
  return {
    size: () => size,
    push(value: number): void {
      let at = size++
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (heap[parent] <= value) break
        heap[at] = heap[parent]
        at = parent
      }
      heap[at] = value
    },
    /** Takes the least out; there must be one. */
    pop(): number {
      const least = heap[0]
      const last = heap[--size]
      let at = 0
      for (let child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && heap[child + 1] < heap[child]) child++
        if (heap[child] >= last) break
        heap[at] = heap[child]
        at = child
      }
      heap[at] = last
      return least
    },
  }
}
