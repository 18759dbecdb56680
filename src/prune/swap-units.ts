/**
 * Repairs the hard coordinates that the online choice of choose-units.ts leaves behind.
 *
 * With thousands of outputs a coordinate's sixteen units cannot please all of them: here and there all items of one
 * problem have one sign. The log of a problem's gap over a typical one is b^2 / (2 q), with b = sum(p) - 2 t and
 * q = sum(p^2) (the exponent of the expected gap). For every coordinate whose worst problem is above LIMIT, units are
 * exchanged with other coordinates, as long as the exchange leaves both less hard than the worse of them was.
 */
import { type Kernels, weightFiller } from '../kernels/index.js'
import { fillWords, type Seed } from '../random/index.js'
import type { PairSpec } from '../ticket/index.js'

/** Largest b^2 / q that is left alone: a gap e^4.5 times a typical one, inside the tail that chance gives anyway. */
const LIMIT = 9
/** Exchanges evaluated for a coordinate at a time, and how often; one without a useful exchange is given up. */
const TRIES = 64
const ROUNDS = 16
/** Partners drawn for that many evaluations: most are refused for a small first weight. */
const DRAWS = 12 * TRIES
/** A unit may move where its first weight is at least this fraction of the range. */
const LEAST_WEIGHT = 0.5
/** The stream of the draws: that of the pair's first matrix, moved above all streams of weights. */
const DRAW_STREAM = 2 ** 50

/**
 * Exchanges units between coordinates.
 *
 * @param task.coordinate the coordinate of each unit, [n]; changed in place
 * @param task.targets W, float64 row-major [inputs, outputs]
 * @param task.range magnitude that a product of the pair's two weights stays below
 * @returns the number of exchanges
 */
export function swapUnits(
  kernels: Kernels,
  task: { seed: Seed; spec: PairSpec; targets: Float64Array; range: number; coordinate: Uint16Array },
): number {
  const { seed, spec, targets, range, coordinate } = task
  const { inputs, hidden, outputs, divisor, first, second } = spec
  const { exports } = kernels
  const rowBytes = outputs * 4
  const size = hidden / inputs
  const [balanceAt, squaresAt, rowsAt, partnerAt, weightAt] = kernels.reserve(
    inputs * rowBytes,
    inputs * rowBytes,
    size * rowBytes,
    rowBytes,
    64,
  )
  const { buffer } = exports.memory
  const weight = new Float32Array(buffer, weightAt, 1)
  const fillFirst = weightFiller(kernels, { seed, ...first })
  const fillSecond = weightFiller(kernels, { seed, ...second })
  const factorOf = (j: number, unit: number): number => {
    fillFirst(weightAt, j * hidden + unit, 1)
    return weight[0] / (divisor * range)
  }
  const fillRow = (unit: number, at: number) => fillSecond(at, unit * outputs, outputs)
  const b = (j: number) => balanceAt + j * rowBytes
  const q = (j: number) => squaresAt + j * rowBytes
  const hardness = (j: number) => exports.hardnessAfterSwap(b(j), q(j), partnerAt, 0, partnerAt, 0, outputs)

  const balance = new Float32Array(buffer, balanceAt, inputs * outputs)
  for (let i = 0; i < balance.length; i++) balance[i] = (-2 * targets[i]) / range
  new Float32Array(buffer, squaresAt, inputs * outputs).fill(0)
  const members: number[][] = Array.from({ length: inputs }, () => [])
  for (let unit = 0; unit < hidden; unit++) {
    const j = coordinate[unit]
    members[j].push(unit)
    fillRow(unit, partnerAt)
    exports.addUnit(b(j), q(j), partnerAt, factorOf(j, unit), 1, outputs)
  }
  const hard = Float64Array.from({ length: inputs }, (_, j) => hardness(j))
  const least = (LEAST_WEIGHT / range / divisor) * (first.init.kind === 'uniform' ? first.init.range : 0)

  let exchanges = 0
  const draws = new Uint32Array(2 * DRAWS)
  const givenUp = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const order = [...hard.keys()]
      .filter((j) => hard[j] > LIMIT && !givenUp.has(j))
      .sort((i, j) => hard[j] - hard[i] || i - j)
    if (order.length === 0) break
    for (const j of order) {
      if (hard[j] <= LIMIT) continue
      members[j].forEach((unit, m) => {
        fillRow(unit, rowsAt + m * rowBytes)
      })
      fillWords(seed, DRAW_STREAM + first.stream, (round * inputs + j) * 2 * DRAWS, draws)
      let best: { m: number; unit: number; mine: number; other: number } | undefined
      let bestHardness = hard[j]
      for (let draw = 0, tries = 0; draw < DRAWS && tries < TRIES; draw++) {
        const m = draws[2 * draw] % size
        const unit = draws[2 * draw + 1] % hidden
        const other = coordinate[unit]
        if (other === j || Math.abs(factorOf(j, unit)) < least) continue
        const mine = members[j][m]
        if (Math.abs(factorOf(other, mine)) < least) continue
        tries++
        fillRow(unit, partnerAt)
        const row = rowsAt + m * rowBytes
        const [mineOut, unitIn] = [factorOf(j, mine), factorOf(j, unit)]
        const here = exports.hardnessAfterSwap(b(j), q(j), row, mineOut, partnerAt, unitIn, outputs)
        if (here >= bestHardness) continue
        const [unitOut, mineIn] = [factorOf(other, unit), factorOf(other, mine)]
        const there = exports.hardnessAfterSwap(b(other), q(other), partnerAt, unitOut, row, mineIn, outputs)
        const worse = Math.max(here, there)
        if (worse < bestHardness && there <= Math.max(LIMIT, hard[other])) {
          best = { m, unit, mine, other }
          bestHardness = worse
        }
      }
      if (!best) {
        givenUp.add(j)
        continue
      }
      const { m, unit, mine, other } = best
      const row = rowsAt + m * rowBytes
      fillRow(unit, partnerAt)
      exports.addUnit(b(j), q(j), row, -factorOf(j, mine), -1, outputs)
      exports.addUnit(b(j), q(j), partnerAt, factorOf(j, unit), 1, outputs)
      exports.addUnit(b(other), q(other), partnerAt, -factorOf(other, unit), -1, outputs)
      exports.addUnit(b(other), q(other), row, factorOf(other, mine), 1, outputs)
      coordinate[unit] = j
      coordinate[mine] = other
      members[j][m] = unit
      members[other][members[other].indexOf(unit)] = mine
      hard[j] = hardness(j)
      hard[other] = hardness(other)
      exchanges++
    }
  }
  return exchanges
}
