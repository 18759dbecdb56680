/**
 * More items than an exact solver can take, and how random ones are still solved to float precision.
 *
 * Start from the nearer end of the reach: the subset that keeps all positive (or all negative) items. The target lies a
 * `deficit` inside; to flip item p moves the sum inwards by |p|, so the problem is to choose flips that sum to the
 * deficit. Two facts, exact but for the rounding of float64 sums (about n 2^-52 sum|p|), and one approximation:
 *
 * 1. With no flip the gap is the deficit, so a flip set holding an item above twice the deficit is never better. Such
 *    items are fixed. Hard problems, those with the target near the edge of the reach, shrink here.
 * 2. When at most MAX_EXACT_ITEMS flips remain, the exact solver finishes the problem: optimal up to that rounding.
 * 3. Otherwise FREE flips stay open and the others, the anchor, are fixed greedily, largest first, so that the rest of
 *    the deficit falls near the middle of what the open flips reach. Random open flips leave an expected gap of about
 *    2^-FREE of their spread, the size of a float32 rounding of the sum; a window of open flips that leaves more than
 *    FLOAT_PRECISION is followed by another, up to WINDOWS, and the best answer stays. Nothing is promised for items
 *    that are not random. Not proved optimal, and reported as such.
 */
import { reach, type SubsetSumBatch, type SubsetSumBatchProblem } from './problem.js'

/** An exact batch solver for up to MAX_EXACT_ITEMS items. */
export type ExactSolver = (problem: SubsetSumBatchProblem) => SubsetSumBatch

const FREE = 24
const WINDOWS = 6
/** A gap of this fraction of the largest item is a quarter of that item's float32 spacing: good enough. */
const FLOAT_PRECISION = 2 ** -26

interface Reduced {
  /** The extreme subset that flips start from, [n]. */
  start: Uint8Array
  deficit: number
  /** Indices of the items that may flip, by ascending magnitude. */
  flips: number[]
}

function reduce(items: Float64Array, target: number): Reduced {
  const { low, high } = reach(items)
  const fromHigh = high - target <= target - low
  const deficit = Math.max(0, fromHigh ? high - target : target - low)
  const start = Uint8Array.from(items, (p) => (fromHigh ? (p > 0 ? 1 : 0) : p < 0 ? 1 : 0))
  const flips = [...items.keys()].filter((k) => items[k] !== 0 && Math.abs(items[k]) <= 2 * deficit)
  flips.sort((a, b) => Math.abs(items[a]) - Math.abs(items[b]) || a - b)
  return { start, deficit, flips }
}

function canonicalError(items: Float64Array, target: number, keep: Uint8Array): number {
  let sum = 0
  for (let k = 0; k < items.length; k++) if (keep[k] === 1) sum += items[k]
  return sum - target
}

/** Fixes every flip outside `open` greedily; returns the flips taken and what they leave of the deficit. */
function anchor(items: Float64Array, reduced: Reduced, open: number[]): { taken: number[]; rest: number } {
  const isOpen = new Set(open)
  let rest = reduced.deficit - open.reduce((sum, k) => sum + Math.abs(items[k]), 0) / 2
  const middle = reduced.deficit - rest
  const taken: number[] = []
  for (let f = reduced.flips.length - 1; f >= 0; f--) {
    const k = reduced.flips[f]
    const size = Math.abs(items[k])
    if (isOpen.has(k) || Math.abs(rest - size) >= Math.abs(rest)) continue
    rest -= size
    taken.push(k)
  }
  return { taken, rest: rest + middle }
}

/**
 * Solves a batch of any size with an exact solver for small ones.
 *
 * @returns the batch's solutions and, per problem, 1 where the answer is proved optimal up to rounding
 */
export function solveAnchored(
  exact: ExactSolver,
  maxExact: number,
  problem: SubsetSumBatchProblem,
): SubsetSumBatch & { optimal: Uint8Array } {
  const { itemCount: n, items, targets } = problem
  const count = targets.length
  const words = Math.ceil(n / 32)
  const result = {
    masks: new Uint32Array(count * words),
    errors: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    reachable: new Uint8Array(count),
    optimal: new Uint8Array(count),
  }
  const itemsOf = (c: number) => items.subarray(c * n, (c + 1) * n)
  const offer = (c: number, keep: Uint8Array) => {
    const error = canonicalError(itemsOf(c), targets[c], keep)
    if (Math.abs(error) >= Math.abs(result.errors[c])) return
    result.errors[c] = error
    const mask = result.masks.subarray(c * words, (c + 1) * words).fill(0)
    for (let k = 0; k < n; k++) if (keep[k] === 1) mask[k >> 5] |= 1 << (k & 31)
  }

  const reduced = Array.from({ length: count }, (_, c) => reduce(itemsOf(c), targets[c]))
  const precision = (c: number) =>
    FLOAT_PRECISION * itemsOf(c).reduce((largest, p) => Math.max(largest, Math.abs(p)), 0)
  for (let c = 0; c < count; c++) {
    const { low, high } = reach(itemsOf(c))
    result.reachable[c] = targets[c] >= low && targets[c] <= high ? 1 : 0
    offer(c, reduced[c].start)
    if (reduced[c].flips.length <= maxExact) result.optimal[c] = 1
  }

  for (let window = 0; window < WINDOWS; window++) {
    // Problems of one size go to the exact solver together; sizes differ where rule 1 fixed items.
    const bySize = new Map<number, { c: number; open: number[]; taken: number[]; rest: number }[]>()
    for (let c = 0; c < count; c++) {
      const { flips } = reduced[c]
      if (flips.length === 0) continue
      const isExact = result.optimal[c] === 1
      if (window > 0 && (isExact || Math.abs(result.errors[c]) <= precision(c))) continue
      const step = isExact ? 0 : Math.floor(((flips.length - FREE) * window) / WINDOWS)
      const open = isExact ? flips : flips.slice(step, step + FREE)
      const part = { c, open, ...anchor(itemsOf(c), reduced[c], open) }
      const group = bySize.get(open.length)
      if (group) group.push(part)
      else bySize.set(open.length, [part])
    }
    for (const [size, parts] of bySize) {
      const sub: SubsetSumBatchProblem = {
        itemCount: size,
        items: Float64Array.from(parts.flatMap(({ c, open }) => open.map((k) => Math.abs(items[c * n + k])))),
        targets: Float64Array.from(parts, (part) => part.rest),
      }
      const solved = exact(sub)
      parts.forEach(({ c, open, taken }, i) => {
        const keep = Uint8Array.from(reduced[c].start)
        for (const k of taken) keep[k] ^= 1
        open.forEach((k, bit) => {
          if ((solved.masks[i] >>> bit) & 1) keep[k] ^= 1
        })
        offer(c, keep)
      })
    }
  }
  return result
}
