import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Attention, attend, type FactoredHead, mergeHead } from '../../src/paper/attention.js'
import type { AttentionMask } from '../../src/paper/attention-mask.js'
import { forwardBlock } from '../../src/paper/norm-free-transformer.js'

interface Case {
  name: string
  length: number
  inputs: number
  outputs: number
  keyWidth: number
  valueWidth: number
  mask: number[]
  x: number[]
  heads: Record<'query' | 'key' | 'value' | 'output', number[]>[]
  attention: number[]
  layers?: number[][]
  block?: number[]
}

const path = new URL('../vectors/attention/attention.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }

function model({ inputs, outputs, keyWidth, valueWidth, heads }: Case): Attention {
  const head = (weights: Case['heads'][number]): FactoredHead => ({
    kind: 'factored',
    keyWidth,
    valueWidth,
    query: Float64Array.from(weights.query),
    key: Float64Array.from(weights.key),
    value: Float64Array.from(weights.value),
    output: Float64Array.from(weights.output),
  })
  return { inputs, outputs, heads: heads.map(head) }
}

function merged(attention: Attention): Attention {
  const { inputs, outputs, heads } = attention
  return { inputs, outputs, heads: heads.map((head) => mergeHead(head, inputs, outputs)) }
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs(got[i] - wanted[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted[i])))
}

describe.each(cases)('NumPy: $name', (one) => {
  const mask = Uint8Array.from(one.mask)
  const x = Float64Array.from(one.x)

  it('factored heads agree to 1e-12', () => expectClose(attend(model(one), x, mask), one.attention, 1e-12))

  // Logits in the thousands lose digits when the product is reassociated.
  it('merged heads agree to 1e-11', () => expectClose(attend(merged(model(one)), x, mask), one.attention, 1e-11))
})

describe.each(cases.filter(({ block }) => block))('NumPy, with a feed-forward of 5 units: $name', (one) => {
  it('a block agrees to 1e-12', () => {
    const mask = Uint8Array.from(one.mask)
    const x = Float64Array.from(one.x)
    const [first, second] = one.layers as number[][]
    const feedForward = [
      { inputs: one.inputs, outputs: 5, weights: Float64Array.from(first) },
      { inputs: 5, outputs: one.outputs, weights: Float64Array.from(second) },
    ]
    expectClose(forwardBlock({ attention: model(one), feedForward }, x, mask), one.block as number[], 1e-12)
  })
})

describe('masks and positions', () => {
  const causal = cases[1]
  const x = Float64Array.from(causal.x)

  it("'causal' is the lower triangle, 'encoder' all ones", () => {
    expect(attend(model(causal), x, 'causal')).toEqual(attend(model(causal), x, Uint8Array.from(causal.mask)))
    expect(attend(model(causal), x)).toEqual(attend(model(causal), x, new Uint8Array(25).fill(1)))
  })

  it('a causal output does not see later positions', () => {
    const changed = Float64Array.from(x)
    changed[4 * 3] += 1
    const before = attend(model(causal), x, 'causal')
    const after = attend(model(causal), changed, 'causal')
    expect(after.subarray(0, 12)).toEqual(before.subarray(0, 12))
    expect(after.subarray(12)).not.toEqual(before.subarray(12))
  })

  it('chosen positions give the same rows, in the order asked', () => {
    const all = attend(model(causal), x, 'causal')
    const some = attend(model(causal), x, 'causal', [4, 0])
    expect(some).toEqual(Float64Array.of(...all.subarray(12, 15), ...all.subarray(0, 3)))
  })

  it.each<[string, AttentionMask, RegExp]>([
    ['a row without a 1', Uint8Array.from({ length: 25 }, (_, i) => (i < 20 ? 1 : 0)), /row 4/],
    ['a value of 2', new Uint8Array(25).fill(2), /0 or 1/],
    ['another size', new Uint8Array(16).fill(1), /5 x 5/],
  ])('refuses a mask with %s', (_, mask, message) => {
    expect(() => attend(model(causal), x, mask)).toThrow(RangeError)
    expect(() => attend(model(causal), x, mask)).toThrow(message)
  })

  it('refuses unknown masks, ragged inputs and positions out of range', () => {
    expect(() => attend(model(causal), x, 'decoder' as AttentionMask)).toThrow(TypeError)
    expect(() => attend(model(causal), x.subarray(1))).toThrow('"x"')
    expect(() => attend(model(causal), x, 'causal', [5])).toThrow('"positions[0]"')
  })
})
