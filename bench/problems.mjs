import { uniform } from '../dist/random/index.js'

/**
 * Random subset-sum problems as Lemma 4 draws them: items are products of two uniforms on (-1, 1), targets uniform on
 * (-1, 1). Streams 0, 1 and 2 of the seed.
 */
export function randomProblems(seed, count, itemCount) {
  const first = uniform(seed, 0, count * itemCount)
  const second = uniform(seed, 1, count * itemCount)
  return { itemCount, items: first.map((value, i) => value * second[i]), targets: uniform(seed, 2, count) }
}

/** Items of problem `c`. */
export const itemsOf = ({ items, itemCount }, c) => items.subarray(c * itemCount, (c + 1) * itemCount)

/** |sum of the masked items in index order - target|. */
export function gapOf(problem, c, mask) {
  const items = itemsOf(problem, c)
  let sum = 0
  for (let k = 0; k < items.length; k++) if ((mask >>> k) & 1) sum += items[k]
  return Math.abs(sum - problem.targets[c])
}
