// The gradient of an embedding table: each row of dL/d(embedded) is added to the row of its token.

/**
 * Adds rows float32 [n, width] to the rows `indices` (i32 [n]) of table float32 [height, width], in order.
 * Returns the position of the first index outside 0..height - 1, and then adds nothing; or n.
 */
export function addRows(table: usize, height: u32, width: u32, rows: usize, indices: usize, n: u32): u32 {
  for (let r: u32 = 0; r < n; r++) if (load<u32>(indices + (<usize>r << 2)) >= height) return r
  const bytes = <usize>width << 2
  const whole = bytes & ~15
  for (let r: u32 = 0; r < n; r++) {
    const from = rows + <usize>r * bytes
    const to = table + <usize>load<u32>(indices + (<usize>r << 2)) * bytes
    let at: usize = 0
    for (; at < whole; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)))
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at))
  }
  return n
}
