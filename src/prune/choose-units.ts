/**
 * Which input coordinate each hidden unit sees: the first mask of Lemma 4/7.
 *
 * The lemma splits the n = n' d1 units into d1 equal groups in order, whatever their weights. The errors of that plain
 * construction have a long tail. By the closed form of the expected gap, a problem is hard when its target t is many
 * deviations s from the middle m of its subset sums (the factor exp((t - m)^2 / (2 s^2))), and m = sum(p) / 2 is left to
 * chance: sixteen items of one sign leave most targets out of reach.
 *
 * The balanced construction keeps the width and the group size and chooses the groups. Units are taken in order; each
 * goes to one of the vacant coordinates where its first weight is largest (large items, large s), to the one that least
 * raises the potential sum_ij (2 (m_ij - t_ij))^4: the online greedy of discrepancy theory, with the fourth power for
 * the tail; what is left of it is repaired by exchanges (swap-units.ts). Nothing of it looks at the subset sums: the
 * masks are found afterwards as before.
 */
import { type Kernels, weightFiller } from '../kernels/index.js'
import type { Seed } from '../random/index.js'
import type { PairSpec } from '../ticket/index.js'

/** How many of a unit's largest first weights are considered (measured on the sorter: 6 -> 12 cut the tail fourfold). */
const CANDIDATES = 16
/** Units whose random rows are in memory together. */
const BLOCK = 256

/** The plain construction: unit k sees coordinate floor(k / items). [n] */
export function groupUnits(spec: PairSpec): Uint16Array {
  const items = spec.hidden / spec.inputs
  return Uint16Array.from({ length: spec.hidden }, (_, k) => Math.floor(k / items))
}

/**
 * The balanced construction.
 *
 * @param targets W, float64 row-major [inputs, outputs]
 * @param range magnitude that a product of the pair's two weights stays below
 * @returns the coordinate of each unit, [n]; every coordinate has n / d1 units
 */
export function balanceUnits(
  kernels: Kernels,
  task: { seed: Seed; spec: PairSpec; targets: Float64Array; range: number },
): Uint16Array {
  const { seed, spec, targets, range } = task
  const { inputs, hidden, outputs, divisor } = spec
  const [firstAt, secondAt, balanceAt, vacanciesAt, coordinatesAt] = kernels.reserve(
    inputs * BLOCK * 4,
    BLOCK * outputs * 4,
    inputs * outputs * 4,
    inputs * 4,
    BLOCK * 2,
  )
  const { buffer } = kernels.exports.memory
  const balance = new Float32Array(buffer, balanceAt, inputs * outputs)
  for (let i = 0; i < balance.length; i++) balance[i] = (-2 * targets[i]) / range
  new Uint32Array(buffer, vacanciesAt, inputs).fill(hidden / inputs)
  const fillFirst = weightFiller(kernels, { seed, ...spec.first })
  const fillSecond = weightFiller(kernels, { seed, ...spec.second })
  const coordinate = new Uint16Array(hidden)
  for (let unit = 0; unit < hidden; unit += BLOCK) {
    const units = Math.min(BLOCK, hidden - unit)
    for (let j = 0; j < inputs; j++) fillFirst(firstAt + j * units * 4, j * hidden + unit, units)
    fillSecond(secondAt, unit * outputs, units * outputs)
    const factor = 1 / (divisor * range)
    const { chooseUnits } = kernels.exports
    chooseUnits(firstAt, secondAt, balanceAt, vacanciesAt, coordinatesAt, units, inputs, outputs, CANDIDATES, factor)
    coordinate.set(new Uint16Array(buffer, coordinatesAt, units), unit)
  }
  return coordinate
}
