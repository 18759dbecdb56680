import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadSolver } from '../../src/engine/node.js'
import { normal, uniform } from '../../src/random/index.js'
import {
  bruteForce,
  createTypeScriptSolver,
  expectedGap,
  meetInTheMiddle,
  type SubsetSumSolver,
  solveSubsetSum,
} from '../../src/subset-sum/index.js'

const solvers: [string, SubsetSumSolver][] = [
  ['TypeScript', createTypeScriptSolver()],
  ['WASM', await loadSolver()],
]

/** Random problems: products of two uniforms (Lemma 4), now and then normal items or coarse ones full of ties. */
function problems(seed: number, count: number, n: number) {
  const a = uniform(seed, 0, count * n)
  const b = uniform(seed, 1, count * n)
  const c = normal(seed, 2, count * n)
  const t = uniform(seed, 3, count)
  const items = a.map((value, i) => {
    const kind = Math.floor(i / n) % 5
    if (kind === 0) return c[i]
    if (kind === 1) return n <= 16 ? Math.round(value * 4) / 4 : Math.round(value * 2048) / 2048
    return value * b[i]
  })
  return { itemCount: n, items, targets: t.map((value, i) => value * (i % 7 === 0 ? 6 : 1)) }
}

function maskNumber(keep: Uint8Array): number {
  return keep.reduce((mask, bit, k) => mask + bit * 2 ** k, 0)
}

describe('every rung of the ladder gives the canonical optimum', () => {
  it.each(solvers)('%s equals brute force on 10,000 random problems, n <= 16', (_, solver) => {
    let checked = 0
    for (let n = 1; n <= 16; n++) {
      const count = n < 13 ? 770 : 200
      const batch = problems(n, count, n)
      const solved = solver.solve(batch)
      for (let c = 0; c < count; c++) {
        const oracle = bruteForce(batch.items.subarray(c * n, (c + 1) * n), batch.targets[c])
        if (solved.masks[c] !== maskNumber(oracle.keep)) {
          throw new Error(`n ${n} problem ${c}: mask ${solved.masks[c]}, brute force ${maskNumber(oracle.keep)}`)
        }
        expect(solved.errors[c]).toBe(oracle.error)
        expect(solved.reachable[c]).toBe(oracle.reachable ? 1 : 0)
        checked++
      }
    }
    expect(checked).toBeGreaterThanOrEqual(10_000)
  })

  it.each([17, 18, 20, 21, 23, 24, 25, 28])('WASM equals meet in the middle, n = %i', (n) => {
    const count = n < 24 ? 60 : 10
    const batch = problems(100 + n, count, n)
    const solved = solvers[1][1].solve(batch)
    for (let c = 0; c < count; c++) {
      const exact = meetInTheMiddle(batch.items.subarray(c * n, (c + 1) * n), batch.targets[c])
      expect(solved.masks[c]).toBe(maskNumber(exact.keep))
      expect(solved.errors[c]).toBe(exact.error)
    }
  })

  it('handles one giant among dwarfs, equal items, zeros and targets out of reach', () => {
    const cases: [number[], number][] = [
      [[1e9, 1e-9, 2e-9, 3, -1e-3, 1e-7, 0.5, 2, 7], 1e9 / 2],
      [new Array(12).fill(0.25), 1.1],
      [new Array(16).fill(-1.5), -11],
      [new Array(10).fill(0), 0.5],
      [[0, 0.5, 0, -0.5, 0.25, 0, 0, 1, 0, 0], 0.75],
      [[1, 2, 3, -4, 5, 6, -7, 8, 9], 1000],
      [[1, 2, 3, -4, 5, 6, -7, 8, 9], -1000],
      [[5e-324, 1e-310, -3e-311, 2e-312, 7e-310, -1e-309, 5e-310, 4e-311], 3e-310],
      [[1e300, -3e300, 2e299, 7e300, 5e299, -1e299, 3e300, 1e298], 4.2e300],
      [[0.3, -0.2, 0.7, 0.1, -0.9, 0.4, 0.6, -0.5], 1e300],
      [[0.3, -0.2, 0.7, 0.1, -0.9, 0.4, 0.6, -0.5], -1e9],
      [[1e-300, -2e-300, 3e-300, 1e-301, 5e-300, 7e-300, 1e-299, 2e-299], 4e-300],
    ]
    for (const [items, target] of cases) {
      const oracle = bruteForce(items, target)
      for (const [name, solver] of solvers) {
        const solved = solver.solve({
          itemCount: items.length,
          items: Float64Array.from(items),
          targets: Float64Array.of(target),
        })
        expect([name, solved.masks[0], solved.errors[0]]).toEqual([name, maskNumber(oracle.keep), oracle.error])
      }
    }
  })

  it('is not misled by roundings that all point one way', () => {
    // In the kernel's fixed point (magnitudes summing to 2^29 - 64) every item rounds up by 0.499. The whole set and the
    // set without the small item lie on both sides of the target; the rounded sums favour the wrong one by 29 half units.
    const large = Array.from({ length: 15 }, (_, k) => 35_000_000 + 12_347 * k * k - 0.499)
    const rest = 536_870_848 - 14.501 - large.reduce((sum, p) => sum + p, 0)
    const items = [14.501, ...large.slice(0, 14), large[14] + rest]
    const target = items.reduce((sum, p) => sum + p, 0) - 7
    const oracle = bruteForce(items, target)
    expect(maskNumber(oracle.keep)).toBe(0xffff)
    for (const [name, solver] of solvers) {
      const solved = solver.solve({ itemCount: 16, items: Float64Array.from(items), targets: Float64Array.of(target) })
      expect([name, solved.masks[0]]).toEqual([name, 0xffff])
    }
  })
})

describe('beyond the exact size', () => {
  it.each([29, 40, 64, 112, 200])('%i items: gaps at float precision, both solvers alike', (n) => {
    const count = 40
    const a = uniform(n, 0, count * n)
    const b = uniform(n, 1, count * n)
    const batch = { itemCount: n, items: a.map((value, i) => value * b[i]), targets: uniform(n, 2, count) }
    const wasm = solvers[1][1].solve(batch)
    const coarse = wasm.errors.filter((error) => Math.abs(error) >= 2 ** -24).length
    expect(coarse).toBeLessThanOrEqual(n < 32 ? 2 : 0) // barely more than the exact size: 24 open flips of 29
    expect(
      solvers[0][1].solve({ ...batch, items: batch.items.slice(0, 4 * n), targets: batch.targets.slice(0, 4) }).masks,
    ).toEqual(wasm.masks.slice(0, 4 * Math.ceil(n / 32)))
  })

  it('near the edge of the reach the problem shrinks and stays exact', () => {
    const items = Float64Array.from({ length: 40 }, (_, k) => (k < 12 ? 0.001 * (k + 1) : 1 + k / 100))
    const high = items.reduce((sum, p) => sum + p, 0)
    const solution = solveSubsetSum(items, high - 0.0105)
    expect(solution.optimal).toBe(true)
    expect(Math.abs(solution.error)).toBeCloseTo(0.0005, 9)
    expect(solution.keep.slice(12).every((bit) => bit === 1)).toBe(true)
  })
})

describe('laws', () => {
  const item = fc.double({ min: -1, max: 1, noNaN: true })
  it('the optimum never loses by one more item', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 2, maxLength: 14 }), item, (items, target) => {
        const all = Math.abs(solveSubsetSum(items, target).error)
        expect(all).toBeLessThanOrEqual(Math.abs(solveSubsetSum(items.slice(0, -1), target).error))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('the expected gap is the mean over random items (within 10 %, 2,000 problems of 14 items)', () => {
    const n = 14
    const count = 2000
    const items = uniform(5, 0, n * count)
    const solved = solvers[1][1].solve({ itemCount: n, items, targets: new Float64Array(count).fill(0.3) })
    const gaps = solved.errors.map((error, c) => Math.abs(error) / expectedGap(items.subarray(c * n, (c + 1) * n), 0.3))
    const median = gaps.sort()[count / 2]
    expect(median).toBeGreaterThan(0.9 * Math.LN2)
    expect(median).toBeLessThan(1.1 * Math.LN2)
  })

  it('refuses what is not a problem', () => {
    expect(() => solveSubsetSum([], 0)).toThrow('"items" expected 1 to 256 items, got 0')
    expect(() => solveSubsetSum([1, Number.NaN], 0)).toThrow('"items[1]" expected a finite number, got NaN')
    expect(() => solveSubsetSum([1], Number.POSITIVE_INFINITY)).toThrow('"target" expected a finite number')
    expect(() => solveSubsetSum(['1'] as unknown as number[], 0)).toThrow(TypeError)
    for (const [, solver] of solvers) {
      const bad = { itemCount: 2, items: Float64Array.of(1, 2, 3), targets: Float64Array.of(1) }
      expect(() => solver.solve(bad)).toThrow('"items" expected 1 x 2 values, got 3')
    }
  })
})
