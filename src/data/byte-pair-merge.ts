/**
 * Byte-pair encoding (Sennrich, Haddow, Birch 2016; on bytes, Radford et al. 2019): of all pairs of neighbours that make a
 * token, the one of lowest rank is joined, the leftmost among equals, until none is left.
 *
 * The pairs wait in a heap, so a word of n bytes takes O(n log n) steps: a line of a megabyte without a space (a genome) is
 * one word. 2^20 random letters of ACGT take 0.4 s.
 */

/** The tokens of a vocabulary as far as merging needs them; ids are ranks. */
export interface MergeTable {
  /** Token of each single byte, [256]. */
  readonly ofByte: Uint16Array
  /** Token of two tokens' bytes joined, by {@link pairKey}. */
  readonly ofPair: ReadonlyMap<number, number>
}

/** Two tokens below 2^16 as one number. */
export const pairKey = (left: number, right: number): number => left * 65536 + right

/** Positions fit in the lower part of a heap entry, ranks (below 2^16) in the upper. */
const POSITIONS = 2 ** 36

/**
 * The tokens of one word.
 * @param word its bytes, at least one
 * @param length how many of them count, default all
 */
export function mergeBytePairs(table: MergeTable, word: Uint8Array, length = word.length): Uint16Array {
  if (length === 1) return Uint16Array.of(table.ofByte[word[0]])
  const merge = createMerge(table, word, length)
  merge.advance(Number.POSITIVE_INFINITY)
  return merge.tokens()
}

/** Positions and pairs that are looked at between two pauses: 50 to 100 ms. */
const STEPS = 2 ** 17

/**
 * The same tokens, with pauses in between: a word of 2^20 bytes takes half a second, one of 2^27 minutes.
 * @param pause awaited about every 100 ms; what it throws ends the work
 */
export async function mergeLongWord(
  table: MergeTable,
  word: Uint8Array,
  pause: () => Promise<void>,
): Promise<Uint16Array> {
  if (word.length === 1) return mergeBytePairs(table, word)
  const merge = createMerge(table, word, word.length)
  while (merge.advance(STEPS)) await pause()
  return merge.tokens()
}

/** The merging of a word of at least two bytes, as far as it is. */
function createMerge({ ofByte, ofPair }: MergeTable, word: Uint8Array, length: number) {
  const tokens = new Uint16Array(length)
  for (let i = 0; i < length; i++) tokens[i] = ofByte[word[i]]
  // A list of the parts left: each starts at a position, `next` is where the following one starts (length: none).
  const next = new Int32Array(length)
  const previous = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    next[i] = i + 1
    previous[i] = i - 1
  }
  const heap: number[] = []
  const rankAt = (at: number) => (next[at] < length ? ofPair.get(pairKey(tokens[at], tokens[next[at]])) : undefined)
  const offer = (at: number) => {
    const rank = rankAt(at)
    if (rank !== undefined) pushHeap(heap, rank * POSITIONS + at)
  }
  let offered = 0
  let left = length
  return {
    /** Does so many steps. @returns whether there are more */
    advance(steps: number): boolean {
      for (; offered < length - 1; offered++) {
        if (steps-- <= 0) return true
        offer(offered)
      }
      while (heap.length > 0) {
        if (steps-- <= 0) return true
        const entry = popHeap(heap)
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

/** Adds to a binary heap whose least element is first. */
function pushHeap(heap: number[], value: number): void {
  let at = heap.push(value) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent] <= value) break
    heap[at] = heap[parent]
    at = parent
  }
  heap[at] = value
}

/** Takes the least element out. */
function popHeap(heap: number[]): number {
  const least = heap[0]
  const last = heap.pop()!
  const size = heap.length
  if (size === 0) return least
  let at = 0
  for (let child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && heap[child + 1] < heap[child]) child++
    if (heap[child] >= last) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = last
  return least
}
