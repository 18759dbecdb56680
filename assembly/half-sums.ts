// Sorted signed sums of one half of the items, four problems at a time.
//
// The 2^h sums +-y_1 +- ... +- y_h are symmetric about 0, so only their 2^(h-1) absolute values are kept, ascending: P.
// One more item of size y turns P into the absolute values of P + y and P - y. Written as
// Z = (P[q-1] + y, ..., P[0] + y, |P[0] - y|, ..., |P[q-1] - y|), which falls and then rises, it is bitonic, and one
// merge of 2q vectors sorts it: half the work of merging the full lists.
import { mergeRuns } from './bitonic'

/**
 * @param sizes |y| of `count` items (4 to 14), i32x4 each
 * @param p receives 2^(count-1) ascending vectors
 */
export function sortHalfSums(sizes: usize, count: u32, p: usize): void {
  const y0 = v128.load(sizes)
  const y1 = v128.load(sizes, 16)
  const y2 = v128.load(sizes, 32)
  const y3 = v128.load(sizes, 48)
  // One item: (y0). Two: (|y0 - y1|, y0 + y1).
  const low = i32x4.abs(i32x4.sub(y0, y1))
  const high = i32x4.add(y0, y1)
  // Three: Z = (high + y2, low + y2, |low - y2|, |high - y2|); its largest is known.
  const z1 = i32x4.add(low, y2)
  const z2 = i32x4.abs(i32x4.sub(low, y2))
  const z3 = i32x4.abs(i32x4.sub(high, y2))
  const e1 = i32x4.min_s(z1, z3)
  const e3 = i32x4.max_s(z1, z3)
  const p0 = i32x4.min_s(z2, e1)
  const p1 = i32x4.max_s(z2, e1)
  const p2 = e3
  const p3 = i32x4.add(high, y2)
  // |low - y2| <= low + y2 and |low - y2| <= max(...): e3 is above both p0 and p1.
  // Four: Z of eight vectors, three stages in registers.
  const f0 = i32x4.add(p3, y3)
  const f1 = i32x4.add(p2, y3)
  const f2 = i32x4.add(p1, y3)
  const f3 = i32x4.add(p0, y3)
  const f4 = i32x4.abs(i32x4.sub(p0, y3))
  const f5 = i32x4.abs(i32x4.sub(p1, y3))
  const f6 = i32x4.abs(i32x4.sub(p2, y3))
  const f7 = i32x4.abs(i32x4.sub(p3, y3))
  const g0 = i32x4.min_s(f0, f4)
  const g4 = i32x4.max_s(f0, f4)
  const g1 = i32x4.min_s(f1, f5)
  const g5 = i32x4.max_s(f1, f5)
  const g2 = i32x4.min_s(f2, f6)
  const g6 = i32x4.max_s(f2, f6)
  const g3 = i32x4.min_s(f3, f7)
  const g7 = i32x4.max_s(f3, f7)
  const h0 = i32x4.min_s(g0, g2)
  const h2 = i32x4.max_s(g0, g2)
  const h1 = i32x4.min_s(g1, g3)
  const h3 = i32x4.max_s(g1, g3)
  const h4 = i32x4.min_s(g4, g6)
  const h6 = i32x4.max_s(g4, g6)
  const h5 = i32x4.min_s(g5, g7)
  const h7 = i32x4.max_s(g5, g7)
  v128.store(p, i32x4.min_s(h0, h1), 0)
  v128.store(p, i32x4.max_s(h0, h1), 16)
  v128.store(p, i32x4.min_s(h2, h3), 32)
  v128.store(p, i32x4.max_s(h2, h3), 48)
  v128.store(p, i32x4.min_s(h4, h5), 64)
  v128.store(p, i32x4.max_s(h4, h5), 80)
  v128.store(p, i32x4.min_s(h6, h7), 96)
  v128.store(p, i32x4.max_s(h6, h7), 112)

  let q: u32 = 8
  for (let k: u32 = 4; k < count; k++, q <<= 1) {
    const y = v128.load(sizes + (<usize>k << 4))
    const half = <usize>q << 4
    let front = p
    let back = p + half - 16
    // The first stage of the merge, fused with making Z; mirrored positions together so that it works in place.
    for (; front < back; front += 16, back -= 16) {
      const a = v128.load(front)
      const b = v128.load(back)
      const aPlus = i32x4.add(a, y)
      const bPlus = i32x4.add(b, y)
      const aMinus = i32x4.abs(i32x4.sub(a, y))
      const bMinus = i32x4.abs(i32x4.sub(b, y))
      v128.store(front, i32x4.min_s(bPlus, aMinus))
      v128.store(front + half, i32x4.max_s(bPlus, aMinus))
      v128.store(back, i32x4.min_s(aPlus, bMinus))
      v128.store(back + half, i32x4.max_s(aPlus, bMinus))
    }
    mergeRuns(p, q << 1, q >> 1)
  }
}
