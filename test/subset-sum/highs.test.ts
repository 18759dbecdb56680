// Vectors: test/vectors/subset-sum/highs.json, masks that the MIP solver HiGHS proved optimal; generate-highs.mjs made them.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadSolver } from '../../src/engine/node.js'
import { createTypeScriptSolver, type SubsetSumSolver } from '../../src/subset-sum/index.js'

interface Vector {
  target: number
  mask: number
  items: number[]
}

const url = new URL('../vectors/subset-sum/highs.json', import.meta.url)
const { problems } = JSON.parse(readFileSync(url, 'utf8')) as { problems: Vector[] }
const solvers: [string, SubsetSumSolver][] = [
  ['TypeScript', createTypeScriptSolver()],
  ['WASM', await loadSolver()],
]

/** |sum of the masked items in index order - target|, in float64. */
function gapOf({ items, target }: Vector, mask: number): number {
  return Math.abs(items.reduce((sum, p, k) => ((mask >>> k) & 1 ? sum + p : sum), 0) - target)
}

describe('the optimum of 50 random problems of 20 items is that of HiGHS', () => {
  it('the vectors are 50 problems of 20 items', () => {
    expect(problems.map(({ items }) => items.length)).toEqual(new Array(50).fill(20))
  })

  it.each(solvers)('%s: the same gap, bit for bit, and the same mask', (_, solver) => {
    const { masks, errors } = solver.solve({
      itemCount: 20,
      items: Float64Array.from(problems.flatMap(({ items }) => items)),
      targets: Float64Array.from(problems, ({ target }) => target),
    })
    expect([...errors].map(Math.abs)).toEqual(problems.map((problem) => gapOf(problem, problem.mask)))
    expect([...masks]).toEqual(problems.map(({ mask }) => mask))
  })
})
