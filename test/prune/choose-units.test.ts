import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { balanceUnits, groupUnits } from '../../src/prune/choose-units.js'
import { planSource, productRange } from '../../src/prune/pair-source.js'
import { columnsOf } from '../../src/prune/prune-matrix.js'
import { solveColumns } from '../../src/prune/solve-columns.js'
import { generateWeights, normal } from '../../src/random/index.js'

const kernels = await loadKernels()
const inputs = 20
const outputs = 37
const targets = normal(11, 0, inputs * outputs).map((value) => value * 0.02)
const largest = targets.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
const plan = (method: 'balanced' | 'plain', items = 16) =>
  planSource({ name: 'a', inputs, outputs, largest, queries: 1 }, 0, { items, scale: 'auto', method })

/** The kernel's choice in plain TypeScript, float64. */
function chooseInTypeScript(): Uint16Array {
  const spec = plan('balanced')
  const { hidden } = spec
  const first = generateWeights({ seed: 3, ...spec.first, count: inputs * hidden })
  const second = generateWeights({ seed: 3, ...spec.second, count: hidden * outputs })
  const range = productRange(spec)
  const balance = targets.map((t) => (-2 * t) / range)
  const vacant = new Array(inputs).fill(hidden / inputs)
  return Uint16Array.from({ length: hidden }, (_, unit) => {
    const size = (j: number) => Math.abs(first[j * hidden + unit])
    const candidates = vacant.flatMap((v, j) => (v > 0 ? [j] : [])).sort((a, b) => size(b) - size(a) || a - b)
    const after = (j: number, i: number) =>
      balance[j * outputs + i] + (first[j * hidden + unit] / (spec.divisor * range)) * second[unit * outputs + i]
    const change = (j: number) => {
      let sum = 0
      for (let i = 0; i < outputs; i++) sum += after(j, i) ** 4 - balance[j * outputs + i] ** 4
      return sum
    }
    const best = candidates.slice(0, 16).reduce((a, b) => (change(b) < change(a) ? b : a))
    for (let i = 0; i < outputs; i++) balance[best * outputs + i] = after(best, i)
    vacant[best]--
    return best
  })
}

describe('choosing the units of each coordinate', () => {
  it('plain groups are consecutive', () => {
    expect([...groupUnits(plan('plain', 3)).slice(0, 7)]).toEqual([0, 0, 0, 1, 1, 1, 2])
  })

  it('the balanced kernel makes the choices of the TypeScript reference (rounding aside), in equal groups', () => {
    const chosen = balanceUnits(kernels, {
      seed: 3,
      spec: plan('balanced'),
      targets,
      range: productRange(plan('balanced')),
    })
    const sizes = new Array(inputs).fill(0)
    for (const j of chosen) sizes[j]++
    expect(sizes).toEqual(new Array(inputs).fill(16))
    expect([...chosen]).toEqual([...chooseInTypeScript()])
  })

  it('cuts the tail of the errors at the same width', () => {
    const largestError = (method: 'balanced' | 'plain') => {
      const spec = plan(method)
      const coordinate =
        method === 'plain'
          ? groupUnits(spec)
          : balanceUnits(kernels, { seed: 3, spec, targets, range: productRange(spec) })
      const result = solveColumns(kernels, { seed: 3, spec, columns: columnsOf(spec, coordinate, targets) })
      return { max: Math.max(...result.errors), unreachable: result.unreachable }
    }
    const plain = largestError('plain')
    const balanced = largestError('balanced')
    expect(balanced.unreachable).toBe(0)
    expect(balanced.max).toBeLessThan(plain.max / 10)
  })
})

describe('planning a pair', () => {
  it('takes the source scale from the largest entry, and the theorem literally at scale 1', () => {
    const range = (scale: 'auto' | number, method: 'balanced' | 'plain', queries?: number) =>
      productRange(planSource({ name: 'x', inputs, outputs, largest: 0.3, queries }, 5, { items: 4, scale, method }))
    expect(range('auto', 'plain')).toBe(0.5)
    expect(range('auto', 'balanced')).toBe(0.25)
    expect(range('auto', 'plain', 1)).toBeCloseTo(0.5, 12)
    expect(range(1, 'balanced', 1)).toBeCloseTo(1, 12)
    const literal = planSource({ name: 'x', inputs, outputs, largest, queries: 1 }, 5, {
      items: 4,
      scale: 1,
      method: 'plain',
    })
    expect(literal.divisor).toBe(Math.sqrt(80))
    expect(literal.first).toEqual({ stream: 10, init: { kind: 'uniform', range: 80 ** 0.25 } })
    expect(literal.second).toEqual({ stream: 11, init: { kind: 'uniform', range: 80 ** 0.25 } })
    const rotary = planSource({ name: 'x', inputs, outputs, largest, queries: 6 }, 5, {
      items: 4,
      scale: 1,
      method: 'plain',
    })
    expect([rotary.hidden, rotary.divisor]).toEqual([80, Math.sqrt(480)])
    expect(rotary.first.init).toEqual({ kind: 'uniform', range: Math.sqrt(Math.sqrt(480)) })
  })
})
