// Bitonic merging of vectors of four independent i32 lanes: lane l of every vector belongs to problem l, so a compare-
// exchange orders four problems at once and no branch depends on the data (Batcher, "Sorting networks", 1968).

/** One stage: compare-exchange of all elements `stride` vectors apart, over `length` vectors. */
// @ts-ignore: decorator
@inline
function stage(base: usize, length: u32, stride: u32): void {
  const step = <usize>stride << 4
  const end = base + (<usize>length << 4)
  for (let block = base; block < end; block += step << 1) {
    for (let at = block; at < block + step; at += 16) {
      const a = v128.load(at)
      const b = v128.load(at + step)
      v128.store(at, i32x4.min_s(a, b))
      v128.store(at + step, i32x4.max_s(a, b))
    }
  }
}

/** Two stages, strides 2s and s, in registers. */
// @ts-ignore: decorator
@inline
function twoStages(base: usize, length: u32, s: u32): void {
  const step = <usize>s << 4
  const end = base + (<usize>length << 4)
  for (let block = base; block < end; block += step << 2) {
    for (let at = block; at < block + step; at += 16) {
      const a0 = v128.load(at)
      const a1 = v128.load(at + step)
      const a2 = v128.load(at + 2 * step)
      const a3 = v128.load(at + 3 * step)
      const b0 = i32x4.min_s(a0, a2)
      const b2 = i32x4.max_s(a0, a2)
      const b1 = i32x4.min_s(a1, a3)
      const b3 = i32x4.max_s(a1, a3)
      v128.store(at, i32x4.min_s(b0, b1))
      v128.store(at + step, i32x4.max_s(b0, b1))
      v128.store(at + 2 * step, i32x4.min_s(b2, b3))
      v128.store(at + 3 * step, i32x4.max_s(b2, b3))
    }
  }
}

/** Three stages, strides 4s, 2s and s, of the eight vectors at `at`, `at + step`, ... in registers. */
// @ts-ignore: decorator
@inline
function eight(at: usize, step: usize): void {
  const a0 = v128.load(at)
  const a1 = v128.load(at + step)
  const a2 = v128.load(at + 2 * step)
  const a3 = v128.load(at + 3 * step)
  const a4 = v128.load(at + 4 * step)
  const a5 = v128.load(at + 5 * step)
  const a6 = v128.load(at + 6 * step)
  const a7 = v128.load(at + 7 * step)
  const b0 = i32x4.min_s(a0, a4)
  const b4 = i32x4.max_s(a0, a4)
  const b1 = i32x4.min_s(a1, a5)
  const b5 = i32x4.max_s(a1, a5)
  const b2 = i32x4.min_s(a2, a6)
  const b6 = i32x4.max_s(a2, a6)
  const b3 = i32x4.min_s(a3, a7)
  const b7 = i32x4.max_s(a3, a7)
  const c0 = i32x4.min_s(b0, b2)
  const c2 = i32x4.max_s(b0, b2)
  const c1 = i32x4.min_s(b1, b3)
  const c3 = i32x4.max_s(b1, b3)
  const c4 = i32x4.min_s(b4, b6)
  const c6 = i32x4.max_s(b4, b6)
  const c5 = i32x4.min_s(b5, b7)
  const c7 = i32x4.max_s(b5, b7)
  v128.store(at, i32x4.min_s(c0, c1))
  v128.store(at + step, i32x4.max_s(c0, c1))
  v128.store(at + 2 * step, i32x4.min_s(c2, c3))
  v128.store(at + 3 * step, i32x4.max_s(c2, c3))
  v128.store(at + 4 * step, i32x4.min_s(c4, c5))
  v128.store(at + 5 * step, i32x4.max_s(c4, c5))
  v128.store(at + 6 * step, i32x4.min_s(c6, c7))
  v128.store(at + 7 * step, i32x4.max_s(c6, c7))
}

function threeStages(base: usize, length: u32, s: u32): void {
  const step = <usize>s << 4
  const end = base + (<usize>length << 4)
  for (let block = base; block < end; block += step << 3) {
    for (let at = block; at < block + step; at += 16) eight(at, step)
  }
}

function lastThreeStages(base: usize, length: u32): void {
  const end = base + (<usize>length << 4)
  for (let at = base; at < end; at += 128) eight(at, 16)
}

/**
 * Sorts, per lane, each run of `2 * stride` vectors, every run bitonic: the stages stride, stride / 2, ..., 1.
 * `length` and `stride` are powers of two, stride >= 4.
 */
export function mergeRuns(base: usize, length: u32, stride: u32): void {
  let s = stride
  // Stages above stride 4 go three at a time; what does not divide by three goes first.
  let rest = ctz(s) - 2
  const odd = rest % 3
  if (odd == 1) {
    stage(base, length, s)
    s >>= 1
    rest -= 1
  } else if (odd == 2) {
    twoStages(base, length, s >> 1)
    s >>= 2
    rest -= 2
  }
  for (; rest > 0; rest -= 3) {
    threeStages(base, length, s >> 2)
    s >>= 3
  }
  lastThreeStages(base, length)
}
