import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  decodeMask,
  encodeMask,
  type MaskShape,
  maskGeometry,
  startProbability,
  unpackParameters,
} from '../../src/coding/index.js'
import { loadKernels } from '../../src/engine/node.js'
import { createMaskDecoder, type Kernels } from '../../src/kernels/index.js'
import { countOnes, packBits, rowBits, unpackBits } from '../../src/mask/index.js'
import { fillWords, signedMagnitudes } from '../../src/random/index.js'
import { entropy, type Sample, sample } from './shapes.js'

let kernels: Kernels
beforeAll(async () => {
  kernels = await loadKernels()
})

const rungs = {
  TypeScript: (bytes: Uint8Array, { shape }: Sample) => decodeMask(bytes, shape),
  WebAssembly: (bytes: Uint8Array, { shape, scores }: Sample) => createMaskDecoder(kernels)(bytes, shape, scores),
}

const wordsOf = (stream: number, count: number) => {
  const words = new Uint32Array(count)
  fillWords(5n, stream, 0, words)
  return words
}

/** A mask of some density within another mask. @param structure 1: those of the highest scores are kept */
function nested(outer: Sample, density: number, structure: number): Sample {
  const { geometry } = outer.shape
  const [count, words] = [geometry.count, wordsOf(3, geometry.count)]
  const first = outer.shape.magnitudes!(0, count)
  const inside = unpackBits(outer.mask, count)
  const value = (i: number) => (structure * first[i]) / 128 + ((1 - structure) * words[i]) / 2 ** 32
  const order = Array.from({ length: count }, (_, i) => i).filter((i) => inside[i])
  order.sort((a, b) => value(b) - value(a))
  const flags = new Uint8Array(count)
  for (const i of order.slice(0, Math.round(density * order.length))) flags[i] = 1
  const mask = packBits(flags)
  const start = startProbability(countOnes(mask), Math.max(1, order.length))
  return { ...outer, mask, shape: { ...outer.shape, start, within: outer.mask } }
}

/** Signs that differ from the seed's: those of negative first scores, but for a part that is drawn. */
function inverted(outer: Sample, drawn: number): Sample {
  const { seed, stream } = outer.scores
  const { geometry } = outer.shape
  const { count } = geometry
  const first = signedMagnitudes(seed, stream, 0, count)
  const [choice, coin] = [wordsOf(6, count), wordsOf(7, count)]
  const isNegative = (i: number) => (choice[i] < drawn * 2 ** 32 ? coin[i] >>> 31 : first[i] < 128 ? 1 : 0)
  const inside = unpackBits(outer.mask, count)
  const mask = packBits(inside.map((bit, i) => bit & isNegative(i)))
  const shape: MaskShape = {
    geometry,
    start: startProbability(countOnes(mask), Math.max(1, countOnes(outer.mask))),
    magnitudes: (start, size) => signedMagnitudes(seed, stream, start, size),
    magnitudeBits: 8,
    within: outer.mask,
  }
  return { ...outer, mask, shape }
}

describe.each(Object.entries(rungs))('%s', (_, decode) => {
  test('a mask within another comes back, whatever the shape, densities and parameters (fast-check)', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      columns: fc.integer({ min: 1, max: 70 }),
      outer: fc.constantFrom(0, 0.05, 0.3, 1),
      density: fc.constantFrom(0, 0.1, 0.5, 1),
      byte: fc.option(fc.nat(255)),
      signed: fc.boolean(),
    })
    fc.assert(
      fc.property(shapes, ({ rows, columns, outer, density, byte, signed }) => {
        const coat = sample(rows, columns, outer, 0.5)
        const one = signed ? inverted(coat, density) : nested(coat, density, 0.5)
        const parameters = byte === null ? [] : ([unpackParameters(byte)] as const)
        expect(decode(encodeMask(one.mask, one.shape, ...parameters), one)).toEqual(one.mask)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('with eight states and several chunks', () => {
    const one = nested(sample(9000, 250, 0.4, 0.5), 0.3, 0.5)
    expect(one.shape.geometry.chunks).toBe(2)
    const coded = encodeMask(one.mask, one.shape)
    expect(unpackParameters(coded[0]).lanes).toBe(8)
    expect(decode(coded, one)).toEqual(one.mask)
  })
})

test('a coat takes at most the entropy of its density among the weights of the coat before, and 0.5 %', () => {
  const outer = sample(1000, 400, 0.3, 0)
  for (const density of [0.5, 0.26, 0.1, 0.03]) {
    const one = nested(outer, density, 0)
    const bits = 8 * encodeMask(one.mask, one.shape).length
    expect(bits / (entropy(density) * countOnes(outer.mask))).toBeLessThan(1.005)
  }
})

test('what the seed says of a sign pays: 30 % drawn anew take less than 0.65 bits a kept weight, all drawn a bit', () => {
  const outer = sample(1000, 200, 0.3, 0.5)
  const bitsOf = (one: Sample) => (8 * encodeMask(one.mask, one.shape).length) / countOnes(outer.mask)
  expect(bitsOf(inverted(outer, 0.3))).toBeLessThan(0.65)
  expect(bitsOf(inverted(outer, 1))).toBeLessThan(1.005)
})

test('rows that are left out cost nothing', () => {
  const [rows, columns] = [256, 128]
  const used = packBits(Array.from({ length: rows }, (_, row) => Number(row % 4 === 0)))
  const within = rowBits(used, columns, 0, rows * columns)
  const whole = sample(64, columns, 0.3, 0)
  const flags = unpackBits(whole.mask, 64 * columns)
  const mask = packBits(
    Uint8Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns)
      return row % 4 === 0 ? flags[(row / 4) * columns + (i % columns)] : 0
    }),
  )
  const shape: MaskShape = {
    geometry: maskGeometry(rows * columns, columns),
    start: whole.shape.start,
    magnitudes: null,
    within,
  }
  const coded = encodeMask(mask, shape)
  expect(coded.length).toBeLessThanOrEqual(encodeMask(whole.mask, { ...whole.shape, magnitudes: null }).length)
  expect(decodeMask(coded, shape)).toEqual(mask)
})
