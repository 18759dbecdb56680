// Frozen weights: test/vectors/random/weights.json, from generate.py, a port of docs/random.md in plain Python.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateWeights, type Initialisation, normal, uniform } from '../../src/random/index.js'
import { normalOfWord } from '../../src/random/normal-quantile.js'

interface FrozenWeights {
  seed: string
  stream: number
  start: number
  count: number
  init: Initialisation
  bits: number[]
}

const url = new URL('../vectors/random/weights.json', import.meta.url)
const { weights, quantiles } = JSON.parse(readFileSync(url, 'utf8')) as {
  weights: FrozenWeights[]
  quantiles: { word: number; normal: number; reference: number }[]
}

describe('frozen weights, bit for bit', () => {
  it.each(weights)('seed $seed stream $stream start $start, $init', ({ seed, stream, start, count, init, bits }) => {
    const made = generateWeights({ seed: BigInt(seed), stream, init, start, count })
    expect([...new Uint32Array(made.buffer)]).toEqual(bits)
  })

  it('a seed is the same as number and as bigint', () => {
    const options = { stream: 1, init: { kind: 'normal', std: 1 }, count: 9 } as const
    expect(generateWeights({ seed: 7, ...options })).toEqual(generateWeights({ seed: 7n, ...options }))
  })

  it('deviates are those of the weights before rounding to float32', () => {
    const at = { seed: 11, stream: 2, start: 3, count: 40 }
    expect(generateWeights({ ...at, init: { kind: 'uniform', range: 0.3 } })).toEqual(
      Float32Array.from(uniform(11, 2, 40, 3), (u) => u * 0.3),
    )
    expect(generateWeights({ ...at, init: { kind: 'normal', std: 0.3 } })).toEqual(
      Float32Array.from(normal(11, 2, 40, 3), (z) => z * 0.3),
    )
  })
})

describe('normal quantile', () => {
  it.each(quantiles)('word $word: the frozen bits, within 1e-14 of the 60-digit reference', (vector) => {
    expect(normalOfWord(vector.word)).toBe(vector.normal)
    expect(Math.abs(normalOfWord(vector.word) / vector.reference - 1)).toBeLessThan(1e-14)
  })

  it('is odd about the middle word and rises with the word', () => {
    let last = Number.NEGATIVE_INFINITY
    for (let word = 0; word < 2 ** 32; word += 104_729 * 41) {
      expect(normalOfWord(0xffffffff - word)).toBe(-normalOfWord(word))
      expect(normalOfWord(word)).toBeGreaterThan(last)
      last = normalOfWord(word)
    }
  })
})

describe('refusals', () => {
  const options = { seed: 1, stream: 0, init: { kind: 'uniform', range: 1 }, count: 4 } as const
  it.each([
    [{ count: -1 }, '"count" expected an integer >= 0, got -1', RangeError],
    [{ count: 1.5 }, '"count" expected an integer >= 0, got 1.5', RangeError],
    [{ start: -1 }, '"start" expected an integer from 0 to 2^53-1, got -1', RangeError],
    [{ stream: 2 ** 53 }, '"stream" expected an integer from 0 to 2^53-1, got 9007199254740992', RangeError],
    [{ stream: '1' }, '"stream" expected a number, got string', TypeError],
    [{ seed: -1n }, '"seed" expected 0 <= seed < 2^64, got -1', RangeError],
    [{ seed: '1' }, '"seed" expected a number or a bigint, got string', TypeError],
    [{ init: { kind: 'uniform', range: 0 } }, '"init" expected a finite uniform scale > 0, got 0', RangeError],
    [{ init: { kind: 'normal', std: Number.NaN } }, '"init" expected a finite normal scale > 0, got NaN', RangeError],
    [{ init: { kind: 'cauchy', scale: 1 } }, '"init" expected uniform, normal or signed-constant', TypeError],
    [{ init: { kind: 'uniform' } }, '"init" expected uniform, normal or signed-constant', TypeError],
  ])('%o', (change, message, type) => {
    const call = () => generateWeights({ ...options, ...change } as unknown as Parameters<typeof generateWeights>[0])
    expect(call).toThrow(type)
    expect(call).toThrow(message)
  })
})
