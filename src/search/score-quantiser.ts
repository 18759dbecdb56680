/** Where the thresholds of a quantiser of Gaussian scores lie. */
import { normalOfWord } from '../random/normal-quantile.js'

/**
 * Distance of two thresholds over the standard deviation of the scores. Scores are rounded to multiples of it, so the first threshold is half of it: that
 * which a part `keep` of a Gaussian lies above.
 * @param keep 0 < keep < 0.5
 */
export const scoreDistance = (keep: number): number => 2 * normalOfWord(Math.floor((1 - keep) * 2 ** 32))

/** Part of a Gaussian above x standard deviations, to 2^-32: by bisection of the quantile. */
function tailOf(x: number): number {
  let [low, high] = [0, 2 ** 32]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (normalOfWord(middle) <= x) low = middle
    else high = middle
  }
  return 1 - high / 2 ** 32
}

/**
 * Parts of a Gaussian that are rounded to at least 1, 2, ... `most`: those above 1/2, 3/2, ... distances. The first is `keep`.
 * @param keep 0 < keep < 0.5
 */
export function quantisedShares({ keep, most }: { readonly keep: number; readonly most: number }): number[] {
  const distance = scoreDistance(keep)
  return Array.from({ length: most }, (_, j) => tailOf((j + 0.5) * distance))
}
