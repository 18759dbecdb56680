// The rows of `methods`, over seeds.
import { figure } from './measure.mjs'

/** Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param runs { loss, bytes, bitsPerWeight, seconds } of each seed @returns their means, the losses, and half of the loss' 95 % interval from 2 seeds on */
export function ofSeeds(runs) {
  const losses = runs.map(({ loss }) => loss)
  const loss = mean(losses)
  const deviation = Math.sqrt(losses.reduce((sum, each) => sum + (each - loss) ** 2, 0) / (losses.length - 1))
  const quantile = STUDENT[losses.length - 2] ?? 1.96
  return {
    loss,
    losses,
    half: losses.length > 1 ? (quantile * deviation) / Math.sqrt(losses.length) : undefined,
    bytes: mean(runs.map(({ bytes }) => bytes)),
    bitsPerWeight: mean(runs.map(({ bitsPerWeight }) => bitsPerWeight)),
    seconds: mean(runs.map(({ seconds }) => seconds)),
  }
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
