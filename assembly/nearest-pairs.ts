// Step 2 of subset-sum.ts: the sums of both halves in one ascending list, and the least step from one kind to the other.
import { mergeRuns } from './bitonic'
import { A, B, CHUNKS, GAPS, MERGED, SENTINEL, TARGET2 } from './workspace'

/** Merges the sums a with t - b: 4q ascending vectors at MERGED. */
export function mergeHalves(q: u32, oddCount: bool): void {
  const t = v128.load(TARGET2)
  const zero = i32x4.splat(0)
  const quarter = <usize>q << 4
  const high = MERGED + 2 * quarter
  if (!oddCount) {
    for (let at: usize = 0; at < quarter; at += 16) {
      const a = v128.load(A + at)
      const b = v128.load(B + at)
      const aNegative = i32x4.sub(zero, a)
      const down = i32x4.add(t, b)
      const up = i32x4.sub(t, b)
      const mirrored = MERGED + quarter - 16 - at
      v128.store(mirrored, i32x4.min_s(aNegative, down))
      v128.store(mirrored + 2 * quarter, i32x4.max_s(aNegative, down))
      v128.store(MERGED + quarter + at, i32x4.min_s(a, up))
      v128.store(high + quarter + at, i32x4.max_s(a, up))
    }
  } else {
    // The second half has one item less: its 2q/2 vectors follow q sentinels.
    const sentinel = i32x4.splat(SENTINEL)
    for (let at: usize = 0; at < quarter; at += 16) {
      v128.store(MERGED + quarter - 16 - at, i32x4.sub(zero, v128.load(A + at)))
      v128.store(high + at, sentinel)
    }
    const eighth = quarter >> 1
    for (let at: usize = 0; at < eighth; at += 16) {
      const b = v128.load(B + at)
      const down = i32x4.add(t, b)
      const up = i32x4.sub(t, b)
      const a0 = v128.load(A + eighth - 16 - at)
      const a1 = v128.load(A + eighth + at)
      const mirrored = quarter + eighth - 16 - at
      v128.store(MERGED + mirrored, i32x4.min_s(a0, down))
      v128.store(high + mirrored, i32x4.max_s(a0, down))
      v128.store(MERGED + quarter + eighth + at, i32x4.min_s(a1, up))
      v128.store(high + quarter + eighth + at, i32x4.max_s(a1, up))
    }
  }
  mergeRuns(MERGED, q << 2, q)
}

/** Least odd difference of neighbours, per lane and per chunk of eight; sign bit marks odd, so that signed min finds it. */
export function nearestPairs(q: u32): void {
  const length = <usize>q << 6
  v128.store(MERGED + length, v128.load(MERGED + length - 16))
  let best = i32x4.splat(0)
  let chunk = CHUNKS
  let current = v128.load(MERGED)
  for (let at = MERGED; at < MERGED + length; at += 128, chunk += 16) {
    let least = i32x4.splat(0)
    for (let j: usize = 16; j <= 128; j += 16) {
      const next = v128.load(at + j)
      const difference = i32x4.sub(next, current)
      least = i32x4.min_s(least, v128.or(difference, i32x4.shl(difference, 31)))
      current = next
    }
    v128.store(chunk, least)
    best = i32x4.min_s(best, least)
  }
  v128.store(GAPS, best)
}
