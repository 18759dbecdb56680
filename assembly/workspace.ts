// Working memory of the subset-sum kernel: lane l of every vector belongs to problem l of the four in flight. Room for 28 items.

export const ITEMS: usize = memory.data(28 * 4 * 8, 16) // f64 [n][4]: items
export const TARGETS: usize = memory.data(4 * 8, 16) // f64 [4]
export const SIGNED: usize = memory.data(28 * 16, 16) // i32x4 [n]: fixed-point items
export const SIZES: usize = memory.data(28 * 16, 16) // i32x4 [n]: their magnitudes
export const A: usize = memory.data((1 << 13) * 16, 16)
export const B: usize = memory.data((1 << 13) * 16, 16)
export const MERGED: usize = memory.data(((1 << 15) + 8) * 16, 16)
export const CHUNKS: usize = memory.data((1 << 12) * 16, 16)
export const SLACK: usize = memory.data(16, 16) // i32x4: how far above the best gap the optimum may hide
export const TARGET2: usize = memory.data(16, 16) // i32x4: twice the target, centred, in fixed point
export const GAPS: usize = memory.data(16, 16) // i32x4: best fixed-point gap, sign bit set
export const LIMITS: usize = memory.data(16, 16) // i32x4: near-tie threshold, sign bit set
export const BUDGETS: usize = memory.data(16, 16) // u32 [4]: steps that looking up near ties may still take
export const OFFSETS: usize = memory.data((1 << 12) * 4, 16) // i32: partial signed sums while looking a sum up
export const MASKS_A: usize = memory.data((1 << 14) * 4, 16)
export const MASKS_B: usize = memory.data((1 << 14) * 4, 16)
export const BEST_MASK: usize = memory.data(4 * 4, 16)
export const BEST_ERROR: usize = memory.data(4 * 8, 16)
export const REACHABLE: usize = memory.data(4, 4)

export const FULL: f64 = 536870848.0 // 2^29 - 64: room for the roundings of the items
export const SENTINEL: i32 = 0x7ffffffe // above every centred target minus half-sum, which stay below 2^30
