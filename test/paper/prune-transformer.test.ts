import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrateC } from '../../src/experiments/calibration.js'
import { createTargetAttention, createTargetTransformer } from '../../src/experiments/target.js'
import { attend, mergeHead } from '../../src/paper/attention.js'
import { feedForward, forwardTransformer } from '../../src/paper/norm-free-transformer.js'
import { createAttentionSource, literalAttention, pruneAttention } from '../../src/paper/prune-attention.js'
import { createFeedForwardSource, literalFeedForward, pruneFeedForward } from '../../src/paper/prune-feed-forward.js'
import {
  createTransformerSource,
  literalTransformer,
  pairsOf,
  pruneTransformer,
  streamsOf,
} from '../../src/paper/prune-transformer.js'
import { uniform } from '../../src/random/index.js'
import { createTypeScriptSolver } from '../../src/subset-sum/index.js'
import { attentionErrorBound, queryKeyWidth, softmaxPerturbationBound, valueWidth } from '../../src/theory/index.js'

const solver = createTypeScriptSolver()

function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)
}

describe('attention (Theorem 9)', () => {
  const shapes = fc.record({
    seed: fc.nat(),
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    heads: fc.integer({ min: 1, max: 3 }),
    width: fc.integer({ min: 6, max: 30 }),
    length: fc.integer({ min: 1, max: 8 }),
  })

  it('literal masked Q, K, V, O equal the merged matrices to 1e-12, causal too; the error is within its bound', () => {
    fc.assert(
      fc.property(shapes, ({ seed, inputs, outputs, heads, width, length }) => {
        const shape = { seed, inputs, outputs, heads }
        const target = createTargetAttention({ ...shape, stream: 0, keyWidth: 3, valueWidth: 2 })
        const source = createAttentionSource({ ...shape, stream: 100, keyWidth: width, valueWidth: width + 1 })
        const [pruned] = pruneAttention(solver, target, [source])
        const x = uniform(seed, 200, length * inputs)
        const literal = literalAttention(pruned)
        for (const mask of ['encoder', 'causal'] as const) {
          const got = attend(pruned.merged, x, mask)
          expect(largestDifference(attend(literal, x, mask), got)).toBeLessThan(1e-12)
          const wanted = attend(target, x, mask)
          const largest = (which: 'queryKey' | 'valueOutput'): number =>
            Math.max(...pruned.heads.flatMap((head) => Array.from(head[which].errors, Math.abs)))
          const bound = attentionErrorBound({
            d1: inputs,
            d2: outputs,
            heads,
            alpha: Math.sqrt(inputs),
            queryKeyError: largest('queryKey'),
            valueOutputError: largest('valueOutput'),
          })
          for (let i = 0; i < length; i++) {
            const row = [...got.subarray(i * outputs, (i + 1) * outputs)].map(
              (value, k) => value - wanted[i * outputs + k],
            )
            expect(Math.hypot(...row)).toBeLessThanOrEqual(bound + 1e-12)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('Lemma 5: softmax moves by at most sqrt(d1) alpha (exp(2e) - 1)', () => {
    const cases = fc.record({
      seed: fc.nat(),
      length: fc.integer({ min: 1, max: 30 }),
      d: fc.integer({ min: 1, max: 4 }),
      size: fc.double({ min: 0, max: 2, noNaN: true }),
    })
    fc.assert(
      fc.property(cases, ({ seed, length, d, size }) => {
        const x = uniform(seed, 0, length * d) // rows of norm at most sqrt(d)
        const logits = uniform(seed, 1, length).map((value) => 3 * value)
        const moved = uniform(seed, 2, length).map((value, i) => logits[i] + size * value)
        const mix = (z: Float64Array): number[] => {
          const weights = z.map(Math.exp)
          const total = weights.reduce((a, b) => a + b)
          return Array.from({ length: d }, (_, k) => weights.reduce((sum, w, i) => sum + (w / total) * x[i * d + k], 0))
        }
        const [before, after] = [mix(logits), mix(moved)]
        const bound = softmaxPerturbationBound(d, Math.sqrt(d), size)
        expect(Math.hypot(...before.map((value, k) => value - after[k]))).toBeLessThanOrEqual(bound + 1e-12)
      }),
    )
  })

  it('sources as wide as the calibrated theorem asks meet eps with probability at least 1 - eps', async () => {
    const eps = 0.1
    const { C } = await calibrateC(solver, { d1: 2, eps, matrices: 100, seed: 5 })
    const shape = { seed: 4, inputs: 2, outputs: 1, heads: 1 }
    const target = createTargetAttention({ ...shape, stream: 0, keyWidth: 8, valueWidth: 8 })
    const bound = { d1: 2, d2: 1, heads: 1, eps, alpha: Math.SQRT2 }
    const widths = { keyWidth: queryKeyWidth(bound, C).width, valueWidth: valueWidth(bound, C).width }
    const sources = Array.from({ length: 60 }, (_, s) =>
      createAttentionSource({ ...shape, stream: 100 + 4 * s, ...widths }),
    )
    const x = uniform(4, 50, 20)
    const wanted = attend(target, x)
    const pruned = pruneAttention(solver, target, sources)
    const good = pruned.filter(({ merged }) => largestDifference(attend(merged, x), wanted) <= eps)
    expect(good.length / 60).toBeGreaterThanOrEqual(1 - eps)
  })

  it('query/key errors do not show at a zero token', () => {
    const shape = { seed: 4, inputs: 2, outputs: 1, heads: 1 }
    const target = createTargetAttention({ ...shape, stream: 0, keyWidth: 8, valueWidth: 8 })
    const { valueOutput } = mergeHead(target.heads[0], 2, 1)
    const blind = {
      inputs: 2,
      outputs: 1,
      heads: [{ kind: 'merged' as const, queryKey: new Float64Array(4), valueOutput }],
    }
    const x = Float64Array.of(0, 0, 1, 0, 0, 1)
    expect(attend(blind, x)[0]).toBeCloseTo(attend(target, x)[0], 14)
    expect(Math.abs(attend(blind, x)[1] - attend(target, x)[1])).toBeGreaterThan(1e-4)
  })

  it('refuses another number of heads', () => {
    const shape = { seed: 4, inputs: 2, outputs: 1 }
    const target = createTargetAttention({ ...shape, heads: 2, stream: 0, keyWidth: 8, valueWidth: 8 })
    const source = createAttentionSource({ ...shape, heads: 1, stream: 100, keyWidth: 8, valueWidth: 8 })
    expect(() => pruneAttention(solver, target, [source])).toThrow('2 heads')
  })
})

describe('feed-forward and transformer (Theorems 11 and 14)', () => {
  it('2L literal layers with ReLU equal L merged ones to 1e-12', () => {
    const layers = [
      { inputs: 2, outputs: 3, weights: uniform(1, 0, 6) },
      { inputs: 3, outputs: 2, weights: uniform(1, 1, 6) },
    ]
    const source = createFeedForwardSource({ seed: 1, stream: 10, layers, hidden: 183 })
    const [pruned] = pruneFeedForward(solver, layers, [source])
    const x = uniform(1, 2, 20)
    const literal = literalFeedForward(pruned)
    expect(literal).toHaveLength(4)
    expect(largestDifference(feedForward(literal, x), feedForward(pruned.merged, x))).toBeLessThan(1e-12)
    expect(largestDifference(feedForward(literal, x), feedForward(layers, x))).toBeLessThan(0.05)
  })

  const target = createTargetTransformer({ seed: 7, stream: 0, width: 2, heads: 2, keyWidth: 4, blocks: 2 })
  const sourceOf = (n: number, s: number) =>
    createTransformerSource({
      seed: 7,
      stream: 100 + s * streamsOf(target),
      target,
      attentionWidth: n,
      feedForwardWidth: 2 * n,
    })
  const x = uniform(7, 99, 10)

  it('literal masked transformer equals the merged one to 1e-12', () => {
    const [pruned] = pruneTransformer(solver, target, [sourceOf(25, 0)])
    const literal = literalTransformer(pruned)
    expect(literal.blocks[0].feedForward).toHaveLength(2)
    expect(
      largestDifference(forwardTransformer(literal, x, 'causal'), forwardTransformer(pruned.merged, x, 'causal')),
    ).toBeLessThan(1e-12)
    expect(pairsOf(pruned)).toHaveLength(2 * (2 * 2 + 1))
  })

  it('the median error over sources falls with the width', () => {
    const wanted = forwardTransformer(target, x)
    const medianError = (n: number): number => {
      const sources = Array.from({ length: 15 }, (_, s) => sourceOf(n, s))
      const errors = pruneTransformer(solver, target, sources).map(({ merged }) =>
        largestDifference(forwardTransformer(merged, x), wanted),
      )
      return errors.sort((a, b) => a - b)[7]
    }
    const errors = [10, 20, 40].map(medianError)
    expect(errors[1]).toBeLessThan(errors[0] / 2)
    expect(errors[2]).toBeLessThan(errors[1] / 10)
  })

  it('target norms are 1', () => {
    for (const block of target.blocks)
      for (const head of block.attention.heads) {
        const { valueOutput } = mergeHead(head, 2, 2)
        expect(Math.hypot(...valueOutput)).toBeLessThanOrEqual(Math.SQRT2)
      }
  })
})
