import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { takeColumns, transpose } from '../../src/paper/matrix.js'
import { attendMergedRotary, mergeRotary } from '../../src/paper/merged-rotary.js'
import {
  attendRotary,
  halvesFromPairs,
  type RotaryAttention,
  rotaryFrequencies,
  rotateHalves,
} from '../../src/paper/rotary-attention.js'
import { uniform } from '../../src/random/index.js'

interface Case {
  name: string
  length: number
  inputs: number
  heads: number
  keyHeads: number
  headWidth: number
  theta: number
  causal: boolean
  frequencies: number[]
  x: number[]
  query: number[]
  key: number[]
  value: number[]
  output: number[]
  attention: number[]
  neighbours: number[]
}

const path = new URL('../vectors/rotary/rotary.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }

type Rows = (weights: Float64Array) => Float64Array

/** Our attention of Hugging Face's weights [out, in]; `reorder` acts on the rows of W_Q and of W_K. */
function model(one: Case, reorder: Rows = (weights) => weights): RotaryAttention {
  const { inputs, heads, keyHeads, headWidth, theta } = one
  const [query, key] = [one.query, one.key].map((weights) => reorder(Float64Array.from(weights)))
  const head = (weights: Float64Array, h: number) => [
    transpose(weights.subarray(h * headWidth * inputs, (h + 1) * headWidth * inputs), headWidth, inputs),
  ]
  const value = Float64Array.from(one.value)
  const output = transpose(Float64Array.from(one.output), inputs, heads * headWidth)
  const shared = heads / keyHeads
  return {
    inputs,
    outputs: inputs,
    frequencies: rotaryFrequencies(headWidth, theta),
    groups: Array.from({ length: keyHeads }, (_, g) => ({
      key: head(key, g),
      value: head(value, g),
      heads: Array.from({ length: shared }, (_, i) => {
        const h = g * shared + i
        const rows = headWidth * inputs
        return { query: head(query, h), output: [output.slice(h * rows, (h + 1) * rows)] }
      }),
    })),
  }
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(got[i] - wanted[i])).toBeLessThanOrEqual(tolerance)
}

describe.each(cases)("transformers' Llama: $name", (one) => {
  const mask = one.causal ? 'causal' : 'encoder'
  const x = Float64Array.from(one.x)

  it('the frequencies agree to 1e-15', () => {
    expectClose(rotaryFrequencies(one.headWidth, one.theta), one.frequencies, 1e-15)
  })

  it('rotary heads agree to 1e-12', () => expectClose(attendRotary(model(one), x, mask), one.attention, 1e-12))

  it('merged matrices of every frequency agree to 1e-12', () => {
    expectClose(attendMergedRotary(mergeRotary(model(one)), x, mask), one.attention, 1e-12)
  })

  it('heads that turn neighbouring pairs agree to 1e-12 once their rows are reordered', () => {
    const reordered = model(one, (weights) => halvesFromPairs(weights, one.headWidth, one.inputs))
    expectClose(attendRotary(reordered, x, mask), one.neighbours, 1e-12)
    const difference = attendRotary(model(one), x, mask).map((value, i) => Math.abs(value - one.neighbours[i]))
    expect(Math.max(...difference)).toBeGreaterThan(1e-3)
  })
})

describe('merged matrices', () => {
  it('give the score of a turned query and key to 1e-13: sum_p cos(D) A_p + sin(D) B_p', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }), (seed, d, half) => {
        const keyWidth = 2 * half
        const frequencies = rotaryFrequencies(keyWidth, 50)
        const [query, key] = [0, 1].map((stream) => uniform(seed, stream, d * keyWidth))
        const none = [new Float64Array(d)]
        const heads = [{ query: [query], output: [Float64Array.of(1)] }]
        const groups = [{ key: [key], value: none, heads }]
        const [{ cosine, sine }] = mergeRotary({ inputs: d, outputs: 1, frequencies, groups }).heads
        const [m, n] = [7, 2]
        const x = uniform(seed, 2, 8 * d)
        const turned = (weights: Float64Array) => {
          const rows = new Float64Array(8 * keyWidth)
          for (let t = 0; t < 8; t++)
            for (let k = 0; k < keyWidth; k++)
              for (let i = 0; i < d; i++) rows[t * keyWidth + k] += x[t * d + i] * weights[i * keyWidth + k]
          return rotateHalves(rows, frequencies, 8)
        }
        const [q, k] = [turned(query).subarray(m * keyWidth), turned(key).subarray(n * keyWidth)]
        let score = 0
        for (let c = 0; c < keyWidth; c++) score += (q[c] * k[c]) / Math.sqrt(keyWidth)
        let merged = 0
        frequencies.forEach((frequency, p) => {
          const D = (m - n) * frequency
          for (let j = 0; j < d; j++)
            for (let i = 0; i < d; i++) {
              const at = (p * d + j) * d + i
              merged += x[m * d + j] * x[n * d + i] * (Math.cos(D) * cosine[at] + Math.sin(D) * sine[at])
            }
        })
        expect(Math.abs(score - merged)).toBeLessThan(1e-13)
      }),
    )
  })

  it('equal frequencies are summed', () => {
    const [d, half] = [3, 4]
    const frequencies = Float64Array.of(1, 1, 0.25, 0.25)
    const draw = (stream: number, count: number) => [uniform(9, stream, count)]
    const heads = [{ query: draw(0, d * 2 * half), output: draw(1, 2) }]
    const attention = {
      inputs: d,
      outputs: 1,
      frequencies,
      groups: [{ key: draw(2, d * 2 * half), value: draw(3, d * 2), heads }],
    }
    const merged = mergeRotary(attention)
    expect(Array.from(merged.frequencies)).toEqual([1, 0.25])
    const x = uniform(9, 4, 6 * d)
    expectClose(attendMergedRotary(merged, x), attendRotary(attention, x), 1e-14)
  })
})

describe('rotation', () => {
  it('depends on the distance alone, and at distance 0 is none', () => {
    const frequencies = rotaryFrequencies(6)
    const row = uniform(1, 0, 6)
    const rows = (length: number) =>
      rotateHalves(
        Float64Array.from({ length: 6 * length }, (_, i) => row[i % 6]),
        frequencies,
        length,
      )
    const turned = rows(9)
    const dot = (m: number, n: number) => {
      let sum = 0
      for (let c = 0; c < 6; c++) sum += turned[6 * m + c] * turned[6 * n + c]
      return sum
    }
    expect(dot(8, 5)).toBeCloseTo(dot(3, 0), 13)
    expect(dot(4, 4)).toBeCloseTo(
      row.reduce((sum, value) => sum + value * value, 0),
      13,
    )
    expect(Math.abs(dot(8, 5) - dot(8, 4))).toBeGreaterThan(1e-3)
  })

  it('halves from pairs: even rows first, head by head, of matrices and biases, in their own type', () => {
    const bias = halvesFromPairs(Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13), 4, 1)
    expect(bias).toEqual(Float32Array.of(0, 2, 1, 3, 10, 12, 11, 13))
    const matrix = Float64Array.from({ length: 8 }, (_, i) => i)
    expect(takeColumns(halvesFromPairs(matrix, 4, 2), 4, 0, 1)).toEqual(Float64Array.of(0, 4, 2, 6))
  })
})

describe('bad arguments', () => {
  it('are refused by name', () => {
    expect(() => rotaryFrequencies(3)).toThrow('"keyWidth" expected an even integer >= 2, got 3')
    expect(() => rotaryFrequencies('4' as unknown as number)).toThrow(TypeError)
    expect(() => rotaryFrequencies(4, 0)).toThrow('"theta" expected a finite number above 0, got 0')
    expect(() => halvesFromPairs(new Float32Array(8), 3, 1)).toThrow('"headWidth"')
    expect(() => halvesFromPairs(new Float32Array(10), 4, 2)).toThrow(
      '"weights" expected heads of 4 x 2 values, got 10',
    )
    expect(() => attendRotary(model(cases[0]), new Float64Array(4))).toThrow('"x" expected a positive multiple of 3')
  })
})
