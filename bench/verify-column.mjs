import { generateWeights } from '../dist/random/index.js'

/** Holds the errors of a pair's first coordinate to an exact solver, from weights generated one by one. */
export function verifyColumn(seed, { spec, targets, coordinate, errors }, solveExactly) {
  const { outputs, divisor } = spec
  const units = [...coordinate.keys()].filter((unit) => coordinate[unit] === 0)
  const one = (matrix, start) => generateWeights({ seed, ...matrix, start, count: 1 })[0]
  const factors = units.map((unit) => one(spec.first, unit) / divisor)
  for (let i = 0; i < outputs; i++) {
    const items = units.map((unit, k) => factors[k] * one(spec.second, unit * outputs + i))
    const { error } = solveExactly(items, targets[i])
    if (Math.abs(error) !== errors[i]) throw new Error(`output ${i}: error ${errors[i]}, exactly ${Math.abs(error)}`)
  }
}
