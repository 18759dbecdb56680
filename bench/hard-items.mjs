/** Items that are hard for one way of searching or another: ties, near ties, and sizes far apart. */
import { uniform } from '../dist/random/index.js'

const times = (n, item) => Array.from({ length: n }, (_, k) => item(k))

/** By kind: from n, 1 to 28, and random numbers u(0) to u(n) in -1..1, the items and the target of a problem. */
export const hardItems = {
  'one giant': (n, u) => [times(n, (k) => (k === n >> 1 ? 1e6 * u(k) : u(k))), u(n)],
  'one giant, first': (n, u) => [times(n, (k) => (k === 0 ? -1e9 : u(k))), u(n)],
  equal: (n) => [times(n, () => 0.1), 0.1 * (n >> 1) + 0.01],
  'equal and signed': (n, u) => [times(n, (k) => (u(k) > 0 ? 0.3 : -0.3)), 0.1],
  'equal but for their last bits': (n, u) => [
    times(n, (k) => 0.1 * (1 + 2 ** -50 * u(k))),
    0.1 * (n >> 1) + 2 ** -56 * u(n),
  ],
  'dwarfs first': (n, u) => [times(n, (k) => (k < n / 2 ? 1e-17 * u(k) : 0.1 * (1 + 2 ** -51 * u(k)))), 0.1 * (n >> 2)],
  'dwarfs last': (n, u) => [times(n, (k) => (k >= n / 2 ? 1e-17 * u(k) : 0.1 * (1 + 2 ** -51 * u(k)))), 0.1 * (n >> 2)],
  'powers of two': (n, u) => [times(n, (k) => 2 ** (k - 12)), 300.3 * Math.abs(u(n))],
  'powers of three': (n, u) => [times(n, (k) => 1e-3 * 3 ** k), 0.7e-3 * 3 ** (n - 1) * Math.abs(u(n))],
  'small whole numbers': (n, u) => [times(n, (k) => Math.round(4 * u(k))), Math.round(4 * u(n)) + 0.5],
  'zeros between': (n, u) => [times(n, (k) => (k % 3 === 0 ? u(k) : 0)), u(n)],
  'all zero': (n, u) => [times(n, () => 0), u(n)],
  'target far away': (n, u) => [times(n, u), 1e9],
  'target beyond rounding': (n, u) => [times(n, u), -(2 ** 53) + 1],
  'least numbers': (n, u) => [times(n, (k) => 40 * Number.MIN_VALUE * Math.round(8 * u(k))), 100 * Number.MIN_VALUE],
  'around the least normal number': (n, u) => [times(n, (k) => 2 ** -1022 * u(k)), 2 ** -1022 * u(n)],
  'sums that overflow': (n, u) => [times(n, (k) => 1.7e308 * u(k)), 1e308 * u(n)],
  'every size': (n, u) => [times(n, (k) => u(k) * 2 ** ((900 / n) * (k - n / 2))), 2 ** 300 * u(n)],
}

/** A batch of one kind. Streams 0.. of the seed, one a problem. */
export function hardBatch(kind, n, count, seed) {
  const items = new Float64Array(count * n)
  const targets = new Float64Array(count)
  for (let c = 0; c < count; c++) {
    const random = uniform(seed, c, n + 1)
    const [made, target] = hardItems[kind](n, (index) => random[index])
    items.set(made, c * n)
    targets[c] = target
  }
  return { itemCount: n, items, targets }
}
