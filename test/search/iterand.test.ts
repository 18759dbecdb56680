import { expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { getBit } from '../../src/mask/index.js'
import { fillWords, generateWeights, type Initialisation } from '../../src/random/index.js'
import { redrawPruned } from '../../src/search/iterand.js'
import { randomFrom } from './ticket-fixture.js'

const kernels = await loadKernels()
const seed = 2n ** 63n + 5n
const init: Initialisation = { kind: 'normal', std: 0.02 }
const [matrix, stream] = [3, 11]

/** A matrix at generation 0 with about 30 % kept. */
function start(count: number) {
  const random = randomFrom(count)
  return {
    weights: generateWeights({ seed, stream, init, count }),
    generations: new Uint8Array(count),
    mask: Uint8Array.from(
      { length: Math.ceil(count / 8) },
      () => Math.floor(random() * 256) & Math.floor(random() * 256),
    ),
  }
}

it('every weight is that of its seed and last generation, and kept weights stay', () => {
  // More than one chunk of scratch memory.
  const count = 300_001
  const { weights, generations, mask } = start(count)
  const original = weights.slice()
  const redrawn = [1, 2, 7].map((generation) =>
    redrawPruned(kernels, weights, generations, mask, { seed, matrix, stream, generation, rate: 0.1, init }),
  )
  const drawn = new Map(
    [0, 1, 2, 7].map((g) => [g, generateWeights({ seed, stream: stream + g * 2 ** 20, init, count })]),
  )
  expect(weights.findIndex((weight, i) => weight !== drawn.get(generations[i])![i])).toBe(-1)
  const keptChanged = weights.findIndex((w, i) => getBit(mask, i) === 1 && (w !== original[i] || generations[i] !== 0))
  expect(keptChanged).toBe(-1)
  const pruned = weights.reduce((sum, _, i) => sum + 1 - getBit(mask, i), 0)
  for (const n of redrawn) expect(Math.abs(n / pruned - 0.1)).toBeLessThan(0.005)
  expect(generations.filter((g) => g === 7).length).toBe(redrawn[2])
})

it('the choice is word i of its own stream below rate * 2^32', () => {
  const { weights, generations, mask } = start(5000)
  redrawPruned(kernels, weights, generations, mask, { seed, matrix, stream, generation: 2, rate: 0.25, init })
  const words = new Uint32Array(5000)
  fillWords(seed, 2 ** 46 + matrix + 2 * 2 ** 20, 0, words)
  const expected = Array.from(words, (word, i) => (getBit(mask, i) === 0 && word < 2 ** 30 ? 2 : 0))
  expect([...generations]).toEqual(expected)
})

it('rate 0 redraws nothing, rate 1 every pruned weight', () => {
  const { weights, generations, mask } = start(1000)
  const options = { seed, matrix, stream, generation: 1, init }
  expect(redrawPruned(kernels, weights, generations, mask, { ...options, rate: 0 })).toBe(0)
  const all = redrawPruned(kernels, weights, generations, mask, { ...options, rate: 1 })
  expect(all).toBe(1000 - [...generations].filter((_, i) => getBit(mask, i)).length)
})

it('bad arguments are refused', () => {
  const { weights, generations, mask } = start(100)
  const options = { seed, matrix, stream, generation: 1, rate: 0.1, init }
  const redraw = (wrong: object) => redrawPruned(kernels, weights, generations, mask, { ...options, ...wrong })
  for (const wrong of [{ generation: 0 }, { generation: 256 }, { rate: -0.1 }, { rate: 1.1 }, { rate: Number.NaN }]) {
    expect(() => redraw(wrong)).toThrow(RangeError)
  }
  expect(() => redrawPruned(kernels, weights, generations.subarray(1), mask, options)).toThrow(RangeError)
  expect(() => redrawPruned(kernels, weights, generations, mask.subarray(1), options)).toThrow(RangeError)
})
