import { expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { balanceUnits, groupUnits } from '../../src/prune/choose-units.js'
import { planSource, productRange } from '../../src/prune/pair-source.js'
import { columnsOf } from '../../src/prune/prune-matrix.js'
import { solveColumns } from '../../src/prune/solve-columns.js'
import { swapUnits } from '../../src/prune/swap-units.js'
import { generateWeights, normal } from '../../src/random/index.js'

const kernels = await loadKernels()
const inputs = 40
const outputs = 1501
const targets = normal(5, 1, inputs * outputs).map((value) => value * 0.02)
const largest = targets.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
const spec = planSource({ name: 'wide', inputs, outputs, largest }, 0, { items: 12, scale: 'auto', method: 'balanced' })
const range = productRange(spec)
const task = { seed: 7, spec, targets, range }

/** Largest b^2 / q of each coordinate, float64, from the definition. */
function hardness(coordinate: Uint16Array): number[] {
  const first = generateWeights({ seed: 7, ...spec.first, count: inputs * spec.hidden })
  const second = generateWeights({ seed: 7, ...spec.second, count: spec.hidden * outputs })
  return Array.from({ length: inputs }, (_, j) => {
    let worst = 0
    for (let i = 0; i < outputs; i++) {
      let b = -2 * targets[j * outputs + i]
      let q = 0
      coordinate.forEach((seen, k) => {
        if (seen !== j) return
        const item = first[j * spec.hidden + k] * second[k * outputs + i]
        b += item
        q += item * item
      })
      worst = Math.max(worst, (b * b) / q)
    }
    return worst
  })
}

it('exchanges make the hard coordinates easier, leave the groups equal, and repeat exactly', () => {
  const coordinate = balanceUnits(kernels, task)
  const before = hardness(coordinate)
  const again = coordinate.slice()
  const exchanges = swapUnits(kernels, { ...task, coordinate })
  expect(exchanges).toBeGreaterThan(0)
  expect(swapUnits(kernels, { ...task, coordinate: again })).toBe(exchanges)
  expect(again).toEqual(coordinate)
  const sizes = new Array(inputs).fill(0)
  for (const j of coordinate) sizes[j]++
  expect(sizes).toEqual(new Array(inputs).fill(12))
  const after = hardness(coordinate)
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(Math.max(...after)).toBeLessThan(Math.max(...before))
  expect(mean(after)).toBeLessThan(0.97 * mean(before))
})

it('brings targets into reach that the plain groups and the online choice leave outside', () => {
  const unreachable = (coordinate: Uint16Array) =>
    solveColumns(kernels, { seed: 7, spec, columns: columnsOf(spec, coordinate, targets) }).unreachable
  const online = balanceUnits(kernels, task)
  const repaired = online.slice()
  swapUnits(kernels, { ...task, coordinate: repaired })
  expect(unreachable(online)).toBeLessThan(unreachable(groupUnits(spec)))
  expect(unreachable(repaired)).toBeLessThan(unreachable(online))
})
