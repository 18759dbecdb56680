// Losses over seeds, their differences seed by seed, and how tables write them.
import { isBelow, meanInterval } from '../dist/experiments/verdict.js'

/** Half of an interval's width; undefined where it is infinite, which it is below 3 seeds. */
const halfOf = ({ mean, high }) => (Number.isFinite(high) ? high - mean : undefined)

/**
 * @param runs { seed, loss, bytes, bitsPerWeight, seconds } of each seed; what a run lacks is absent from the result
 * @returns the means, the losses and seeds, and half of the loss' 95 % interval from 3 seeds on
 */
export function ofSeeds(runs) {
  const losses = runs.map(({ loss }) => loss)
  const interval = meanInterval(losses)
  const names = ['bytes', 'bitsPerWeight', 'seconds'].filter((name) => runs.every((run) => run[name] !== undefined))
  const means = names.map((name) => [name, runs.reduce((sum, run) => sum + run[name], 0) / runs.length])
  return {
    loss: interval.mean,
    losses,
    seeds: runs.map(({ seed }) => seed),
    half: halfOf(interval),
    ...Object.fromEntries(means),
  }
}

/**
 * The loss of a row less that of another, seed by seed.
 * @param row, other what `ofSeeds` gives
 * @returns undefined where no seed has both; `values` are those of `seeds`; `verdict` is `lower`, `higher` or, where the interval holds 0 or there is none, `undecided`
 */
export function difference(row, other) {
  const own = row.seeds.filter((seed) => other.seeds.includes(seed))
  if (own.length === 0) return undefined
  const lossOf = ({ seeds, losses }, seed) => losses[seeds.indexOf(seed)]
  const values = own.map((seed) => lossOf(row, seed) - lossOf(other, seed))
  const interval = meanInterval(values)
  const below = isBelow(interval)
  const verdict = below === null ? 'undecided' : below ? 'lower' : 'higher'
  return { mean: interval.mean, half: halfOf(interval), values, seeds: own, verdict }
}

/** -0.0123 -> −0.012 */
export const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

/** A difference in words: `−0.041 nats, 95 % ±0.009; seed by seed −0.039, −0.041, −0.043` */
export function differenceText({ mean, half, values }) {
  const interval = half === undefined ? 'no interval: too few seeds' : `95 % ${halfText(half)}`
  return `${signed(mean)} nats, ${interval}; seed by seed ${values.map(signed).join(', ')}`
}

/** Half of an interval as a cell: empty where there is none. */
export const halfText = (half) => (half === undefined ? '' : `±${half.toFixed(3)}`)
