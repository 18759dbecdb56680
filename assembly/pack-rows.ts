/**
 * Turns the masks of a column's problems into rows of packed bits: bit i of row k is bit k of masks[i].
 * masks u32 [count]; rows u8 [n][rowBytes], rowBytes = ceil(count / 8), least significant bit first, spare bits 0.
 */
export function packRows(masks: usize, count: u32, n: u32, rows: usize): void {
  const rowBytes = (count + 7) >> 3
  for (let byte: u32 = 0; byte < rowBytes; byte++) {
    const first = byte << 3
    const lanes = min<u32>(8, count - first)
    for (let k: u32 = 0; k < n; k++) {
      let bits: u32 = 0
      for (let i: u32 = 0; i < lanes; i++) bits |= ((load<u32>(masks + (<usize>(first + i) << 2)) >> k) & 1) << i
      store<u8>(rows + <usize>k * rowBytes + byte, <u8>bits)
    }
  }
}
