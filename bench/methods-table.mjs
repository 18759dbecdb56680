// The rows of `methods`, over seeds.
import { meanInterval } from '../dist/experiments/verdict.js'
import { figure } from './measure.mjs'

/** @param runs { loss, bytes, bitsPerWeight, seconds } of each seed @returns their means, the losses, and half of the loss' 95 % interval from 3 seeds on */
export function ofSeeds(runs) {
  const mean = (name) => runs.reduce((sum, run) => sum + run[name], 0) / runs.length
  const losses = runs.map(({ loss }) => loss)
  const { mean: loss, high } = meanInterval(losses)
  const half = Number.isFinite(high) ? high - loss : undefined
  return { loss, losses, half, bytes: mean('bytes'), bitsPerWeight: mean('bitsPerWeight'), seconds: mean('seconds') }
}

/** Lines of cells, the first of titles; the least loss first. */
export function tableOf(rows) {
  const sorted = rows.toSorted((a, b) => a.loss - b.loss)
  return [
    ['method', 'nats a byte', '95 %', 'bits a weight', 'file bytes', 'seconds'],
    ...sorted.map(({ name, loss, half, bitsPerWeight, bytes, seconds }) => [
      name,
      loss.toFixed(3),
      half === undefined ? '' : `±${half.toFixed(3)}`,
      bitsPerWeight.toFixed(2),
      figure(Math.round(bytes)),
      figure(Math.round(seconds)),
    ]),
  ]
}
