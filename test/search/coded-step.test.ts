// Matrices of integers: the kernels against the reference, bit for bit, and codes as masks.
import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import {
  allocateParameters,
  type CodedMemory,
  changedCodes,
  dotProduct,
  moveLatents,
  quantiseScores,
  quantiseValues,
  scaleValues,
  selectCoats,
  setMagnitudes,
  sumMagnitudes,
  wearCodes,
} from '../../src/kernels/index.js'
import { getBit } from '../../src/mask/index.js'
import { foundOfCodes } from '../../src/search/coded-search.js'
import {
  type CodedArrays,
  coatsReference,
  moveReference,
  quantiseReference,
  scoresReference,
  sumReference,
  wearReference,
} from './coded-step-reference.js'
import { bitsOf, randomFrom, sameBits, settings } from './ticket-fixture.js'

const counts = [1, 3, 15, 16, 17, 70, 1030]

/** Matrices of random numbers, some equal, some 0; in two instances. */
async function makeMatrices(seed: number): Promise<readonly CodedMemory[]> {
  const shapes = counts.map((count, i) => ({ name: `m${i}`, count, kind: 'coded' as const }))
  const memory = await allocateParameters(loadKernels, shapes, [], { limit: 40_000 })
  expect(memory.instances).toBe(2)
  const random = randomFrom(seed)
  for (const { weights, latents, gradient, effective } of memory.coded) {
    for (let i = 0; i < weights.length; i++) {
      weights[i] = (random() - 0.5) * 0.2
      latents[i] = i % 13 === 5 ? 0.03 * Math.sign(random() - 0.5) : i % 29 === 7 ? 0 : (random() - 0.5) * 0.12
      gradient[i] = i % 31 === 3 ? 0 : (random() - 0.5) * 10 ** (-4 * random())
      effective[i] = i % 7 === 2 ? 0 : random() - 0.5
    }
  }
  return memory.coded
}

const copyOf = ({ weights, effective, gradient, latents, momentum, variance }: CodedMemory): CodedArrays => ({
  weights: weights.slice(),
  effective: effective.slice(),
  gradient: gradient.slice(),
  latents: latents.slice(),
  momentum: momentum.slice(),
  variance: variance.slice(),
})

describe('WASM equals the reference bit for bit', () => {
  it.each(['value', 'signed', 'magnitude'] as const)('20 steps of AdamW along the %s', async (along) => {
    const matrices = await makeMatrices(3)
    const plain = matrices.map(copyOf)
    for (let t = 1; t <= 20; t++) {
      const adamw = settings(t === 7 ? 0.5 : 0.002, t)
      moveLatents(matrices, along, adamw)
      for (const [m, arrays] of plain.entries()) {
        moveReference(arrays, along, adamw)
        const same = (['latents', 'momentum', 'variance'] as const).filter((a) => sameBits(matrices[m][a], arrays[a]))
        expect([t, m, same]).toEqual([t, m, ['latents', 'momentum', 'variance']])
      }
    }
  })

  it.each([false, true])(
    'codes of nested masks, each matrix by itself and all together; signed: %s',
    async (isSigned) => {
      const matrices = await makeMatrices(5)
      for (const together of [matrices, ...matrices.map((matrix) => [matrix])]) {
        const total = together.reduce((sum, { count }) => sum + count, 0)
        for (const fractions of [[0.3], [0.6, 0.3, 0.3, 0.01], [1, 1], [0.97, 0]]) {
          const worn = fractions.map((fraction) => Math.floor(fraction * total))
          selectCoats({ matrices: together, worn }, 0, isSigned)
          const expected = coatsReference(together, worn, isSigned)
          for (const [m, { codes }] of together.entries()) expect([...codes[0]]).toEqual([...expected[m]])
        }
      }
    },
  )

  it.each([3, 4, 7, 15])('%i levels, for values beyond them and on the limits between them', async (levels) => {
    for (const distance of [0.04, 0.011, 1e-30]) {
      for (const matrix of await makeMatrices(7)) {
        matrix.latents.forEach((_, i, latents) => {
          if (i % 5 === 1) latents[i] = Math.fround(distance) * ((i % 9) / 2 - 2)
        })
        quantiseValues(matrix, 1, distance, levels)
        expect([...matrix.codes[1]]).toEqual([...quantiseReference(matrix, distance, levels)])
        wearCodes(matrix, 1, Math.fround(distance))
        const expected = wearReference(matrix, matrix.codes[1], Math.fround(distance))
        expect(sameBits(matrix.effective, expected)).toBe(true)
      }
    }
  })

  it.each([1, 2, 15])('scores from 0 to %i', async (most) => {
    for (const distance of [0.04, 0.003]) {
      for (const matrix of await makeMatrices(8)) {
        quantiseScores(matrix, 0, distance, most)
        expect([...matrix.codes[0]]).toEqual([...scoresReference(matrix, distance, most)])
      }
    }
  })

  it('sums, products and magnitudes', async () => {
    for (const matrix of await makeMatrices(9)) {
      const { effective, gradient } = matrix
      const before = effective.slice()
      const products = Array.from(effective, (value, i) => value * gradient[i])
      expect(dotProduct(matrix, gradient, effective)).toBe(sumReference(products))
      expect(sumMagnitudes(matrix)).toBe(sumReference(Array.from(effective, Math.abs)))
      scaleValues(matrix, Math.fround(0.3))
      expect(
        sameBits(
          effective,
          before.map((value) => value * Math.fround(0.3)),
        ),
      ).toBe(true)
      effective.set(before)
      setMagnitudes(matrix, Math.fround(0.7))
      expect([...bitsOf(effective)]).toEqual([...bitsOf(before.map((value) => Math.sign(value) * Math.fround(0.7)))])
    }
  })
})

it('changes are counted between the two arrays of codes, to the last one', async () => {
  for (const matrix of await makeMatrices(1)) {
    matrix.codes[0].fill(1)
    matrix.codes[1].fill(1)
    expect(changedCodes(matrix)).toBe(0)
    for (const i of new Set([0, matrix.count - 1])) matrix.codes[1][i] = -1
    expect(changedCodes(matrix)).toBe(Math.min(2, matrix.count))
  }
})

it('a NaN ends a step and names the matrix', async () => {
  for (const along of ['value', 'signed', 'magnitude'] as const) {
    const matrices = await makeMatrices(2)
    matrices[5].gradient[37] = Number.NaN
    expect(() => moveLatents(matrices, along, settings(0.01, 1))).toThrow(
      new RangeError('"latents" of m5 expected numbers, got NaN at index 37'),
    )
  }
})

it('codes become nested masks and signs', () => {
  const codes = Int8Array.from([0, 1, -1, 2, -3, 0, 3, -2, 1])
  const { mask, coats = [], inverted } = foundOfCodes(codes, 1)
  const again = Array.from(codes, (_, i) => {
    const magnitude = [mask, ...coats].reduce((sum, coat) => sum + getBit(coat, i), 0)
    return getBit(inverted!, i) ? -magnitude : magnitude
  })
  expect(again).toEqual([...codes])
  expect(coats.length).toBe(2)
  expect(foundOfCodes(Int8Array.from([0, 1, 1]), 0.5)).toEqual({ mask: Uint8Array.of(6), scale: 0.5 })
})
