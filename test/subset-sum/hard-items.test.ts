import { describe, expect, it } from 'vitest'
import { hardBatch, hardItems } from '../../bench/hard-items.mjs'
import { loadKernels, loadSolver } from '../../src/engine/node.js'
import { bruteForce, createTypeScriptSolver, type SubsetSumSolver } from '../../src/subset-sum/index.js'

const kinds = Object.keys(hardItems)
const wasm = await loadSolver()
const typeScript = createTypeScriptSolver()
const solvers: [string, SubsetSumSolver][] = [
  ['TypeScript', typeScript],
  ['WASM', wasm],
]
const maskNumber = (keep: Uint8Array) => keep.reduce((mask, bit, k) => mask + bit * 2 ** k, 0)

describe('hard items have the canonical answer too', () => {
  it.each(kinds)('%s: equals brute force, n from 2 to 13', (kind) => {
    for (let n = 2; n <= 13; n++) {
      const batch = hardBatch(kind, n, n < 12 ? 9 : 4, n)
      const oracles = [...batch.targets].map((target, c) =>
        bruteForce(batch.items.subarray(c * n, (c + 1) * n), target),
      )
      for (const [name, solver] of solvers) {
        const solved = solver.solve(batch)
        oracles.forEach((oracle, c) => {
          expect([name, n, c, solved.masks[c]]).toEqual([name, n, c, maskNumber(oracle.keep)])
          expect([name, n, c, solved.errors[c]]).toEqual([name, n, c, oracle.error])
          expect(solved.reachable[c]).toBe(oracle.reachable ? 1 : 0)
        })
      }
    }
  })

  it.each(kinds)('%s: both solvers alike, n from 14 to 28', (kind) => {
    for (const n of [14, 15, 18, 21, 25, 28]) {
      const batch = hardBatch(kind, n, 3, n)
      expect([n, wasm.solve(batch)]).toEqual([n, typeScript.solve(batch)])
    }
  })

  it('a column of a pair is solved like the batch of its products', async () => {
    const { exports, reserve } = await loadKernels()
    for (const n of [9, 16, 23]) {
      const outputs = 10
      const factors = Float64Array.from({ length: n }, (_, k) => (k === 3 ? 1e7 : k % 2 === 0 ? 0.5 : 2 ** -40))
      const second = Float32Array.from({ length: n * outputs }, (_, i) => [0.25, 0, -0.7, 0.3][i % 4])
      const targets = Float64Array.from({ length: outputs }, (_, i) => 0.4 * i - 1)
      const at = reserve(second.byteLength + 16, n * 8, outputs * 8, outputs * 4, outputs * 8, outputs)
      const [secondAt, factorsAt, targetsAt, masksAt, errorsAt, reachableAt] = at
      const { buffer } = exports.memory
      new Float32Array(buffer, secondAt, second.length).set(second)
      new Float64Array(buffer, factorsAt, n).set(factors)
      new Float64Array(buffer, targetsAt, outputs).set(targets)
      exports.solvePairColumn(factorsAt, secondAt, outputs, targetsAt, outputs, n, masksAt, errorsAt, reachableAt)
      const items = Float64Array.from({ length: outputs * n }, (_, i) => {
        const k = i % n
        return second[k * outputs + Math.floor(i / n)] * factors[k]
      })
      const solved = typeScript.solve({ itemCount: n, items, targets })
      expect(new Uint32Array(buffer, masksAt, outputs)).toEqual(solved.masks)
      expect(new Float64Array(buffer, errorsAt, outputs)).toEqual(solved.errors)
    }
  })
})

describe('hard items take no longer than others', () => {
  // One problem of 28 equal items has 40 million best subsets: to judge them one by one takes seconds each, hours here.
  it.each([
    [200, 'TypeScript', typeScript],
    [1500, 'WASM', wasm],
  ] as const)('%i problems of 28 items, of every hard kind, by %s', (count, _, solver) => {
    for (const kind of kinds) {
      const batch = hardBatch(kind, 28, Math.ceil(count / kinds.length), 5)
      const { masks } = solver.solve(batch)
      expect(masks.length).toBe(batch.targets.length)
    }
  })

  it('one extreme problem leaves its batch to the kernel', () => {
    // TypeScript takes 25 times as long a problem: minutes here.
    const n = 20
    const count = 40_000
    const batch = hardBatch('target far away', n, 1, 1)
    const items = new Float64Array(count * n)
    const targets = new Float64Array(count)
    for (let c = 0; c < count; c++) {
      items.set(batch.items, c * n)
      targets[c] = c / count
    }
    targets[7] = 1e300
    const { masks } = wasm.solve({ itemCount: n, items, targets })
    expect(masks[7]).toBe(bruteForce(batch.items, 1e300).keep.reduce((mask, bit, k) => mask + bit * 2 ** k, 0))
  })
})
