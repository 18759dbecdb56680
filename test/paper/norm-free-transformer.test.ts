import { describe, expect, it } from 'vitest'
import { spectralNorm } from '../../src/paper/matrix.js'
import {
  feedForward,
  forwardBlock,
  forwardTransformer,
  type NormFreeTransformer,
} from '../../src/paper/norm-free-transformer.js'

// One head that always attends evenly (W_QK = 0) and doubles values; F(z) = 3 z with ReLU in the middle.
const block = {
  attention: {
    inputs: 1,
    outputs: 1,
    heads: [{ kind: 'merged' as const, queryKey: Float64Array.of(0), valueOutput: Float64Array.of(2) }],
  },
  feedForward: [
    { inputs: 1, outputs: 2, weights: Float64Array.of(1, -1) },
    { inputs: 2, outputs: 1, weights: Float64Array.of(3, -3) },
  ],
}

describe('transformer without normalisation', () => {
  it('computes F(Attn(x) + x) + Attn(x) + x', () => {
    // mean 1 -> attention 2; z = 2 + x = 1, 5; F(z) = 3 z; 4 z = 4, 20
    expect(forwardBlock(block, Float64Array.of(-1, 3))).toEqual(Float64Array.of(4, 20))
  })

  it('feeds blocks one into the next', () => {
    const model: NormFreeTransformer = { width: 1, blocks: [block, block] }
    const x = Float64Array.of(-1, 3)
    expect(forwardTransformer(model, x)).toEqual(forwardBlock(block, forwardBlock(block, x)))
  })

  it('puts ReLU between layers and none after the last', () => {
    const layers = [
      { inputs: 1, outputs: 2, weights: Float64Array.of(1, -1) },
      { inputs: 2, outputs: 1, weights: Float64Array.of(-1, 0) },
    ]
    expect(feedForward(layers, Float64Array.of(2, -2))).toEqual(Float64Array.of(-2, 0))
  })

  it('uses negativeWeights for inputs below 0', () => {
    const layer = { inputs: 1, outputs: 1, weights: Float64Array.of(2), negativeWeights: Float64Array.of(5) }
    expect(feedForward([layer], Float64Array.of(3, -3, 0))).toEqual(Float64Array.of(6, -15, 0))
  })

  it('refuses shapes that do not fit', () => {
    expect(() => forwardBlock({ ...block, feedForward: block.feedForward.slice(0, 1) }, Float64Array.of(1))).toThrow(
      RangeError,
    )
    expect(() => forwardBlock({ ...block, attention: { ...block.attention, outputs: 2 } }, Float64Array.of(1))).toThrow(
      '"outputs"',
    )
    expect(() => feedForward([{ inputs: 2, outputs: 2, weights: Float64Array.of(1) }], Float64Array.of(1, 2))).toThrow(
      '"weights"',
    )
  })

  it('spectral norm: diagonal, rank one, zero', () => {
    expect(spectralNorm(Float64Array.of(3, 0, 0, -4), 2, 2)).toBeCloseTo(4, 9)
    expect(spectralNorm(Float64Array.of(1, 2, 2, 4, 2, 4), 3, 2)).toBeCloseTo(Math.sqrt(45), 9)
    expect(spectralNorm(new Float64Array(6), 2, 3)).toBe(0)
  })
})
