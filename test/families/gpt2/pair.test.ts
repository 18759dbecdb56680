import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { type Gpt2Config, gpt2Shapes, headWidth } from '../../../src/families/gpt2/config.js'
import { createGpt2 } from '../../../src/families/gpt2/dense.js'
import { createPairGpt2, type MaterialisedPair } from '../../../src/families/gpt2/pair.js'
import { gpt2PairShapes } from '../../../src/families/gpt2/pair-names.js'
import { randomGpt2Weights } from '../../../src/families/gpt2/random.js'
import type { Gpt2Weights, WeightTensor } from '../../../src/families/gpt2/weights.js'
import { generateWeights, uniform } from '../../../src/random/index.js'
import { readSorter } from './partials.js'

type Matrix = number[][]
const matrix = (rows: number, columns: number, at: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)))
const product = (a: Matrix, b: Matrix): Matrix =>
  matrix(a.length, b[0].length, (i, j) => a[i].reduce((sum, value, k) => sum + value * b[k][j], 0))
const transposed = (a: Matrix): Matrix => matrix(a[0].length, a.length, (i, j) => a[j][i])

/** The merged matrix that a pair stands for, biases in its last row, in plain TypeScript. */
function mergedMatrix(config: Gpt2Config, weights: Gpt2Weights, name: string): Matrix {
  const d = config.width
  const size = headWidth(config)
  const rows = ({ shape, data }: WeightTensor): Matrix =>
    matrix(shape.length === 1 ? 1 : shape[0], shape.at(-1)!, (i, j) => data[i * shape.at(-1)! + j])
  const affine = (key: string) => [
    ...rows(weights.get(`transformer.${key}.weight`)!),
    ...rows(weights.get(`transformer.${key}.bias`)!),
  ]
  if (name === 'lm_head') return transposed(rows(weights.get('lm_head.weight')!))
  const [, layer, part, which, kind] = name.split('.')
  if (part === 'mlp') return affine(`h.${layer}.mlp.${which}`)
  const head = Number(which) * size
  const [q, k, v] = [0, d, 2 * d].map((start) =>
    affine(`h.${layer}.attn.c_attn`).map((row) => row.slice(start + head, start + head + size)),
  )
  if (kind === 'qk') return product(q, transposed(k)).map((row) => row.map((value) => value / Math.sqrt(size)))
  const output = affine(`h.${layer}.attn.c_proj`)
  const merged = product(v, output.slice(head, head + size))
  const bias = output[d].map((value) => value / config.heads)
  return merged.map((row, i) => (i < d ? row : row.map((value, j) => value + bias[j])))
}

/**
 * An exact pair: each input has two hidden units with irregular first weights; the second matrix makes the product right.
 * Query-key pairs get the divisor sqrt(n).
 */
function exactPair(merged: Matrix, name: string): MaterialisedPair {
  const [inputs, outputs] = [merged.length, merged[0].length]
  const hidden = 2 * inputs
  const divisor = name.endsWith('.qk') ? Math.sqrt(hidden) : 1
  const scales = Array.from(uniform(1, 0, hidden), (value) => Math.sign(value) * (0.5 + Math.abs(value)))
  const first = matrix(inputs, hidden, (i, k) => (k >> 1 === i ? scales[k] : 0))
  const second = matrix(hidden, outputs, (k, j) => (merged[k >> 1][j] * divisor) / scales[k] / 2)
  return {
    inputs,
    hidden,
    outputs,
    divisor,
    first: Float32Array.from(first.flat()),
    second: Float32Array.from(second.flat()),
  }
}

const runner = createGraphRunner({ threads: 1 })
const tiny: Gpt2Config = { ...gpt2Shapes['gpt2-nano-sort'], layers: 2, width: 8, heads: 2, inner: 24, vocabulary: 13 }

/** Weights far from the near-linear regime of N(0, 0.02): twenty times them, LayerNorm apart. */
function roughWeights(config: Gpt2Config): Gpt2Weights {
  const weights = [...randomGpt2Weights(config, 5, generateWeights)]
  const scale = (name: string) => (name.includes('.ln_') ? 1 : 20)
  return new Map(
    weights.map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => scale(name) * value) }]),
  )
}

const largestDifference = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i])))

describe('a GPT-2 of exact pairs equals the dense one, to 1e-4', () => {
  test.each<[string, Partial<Gpt2Config>]>([
    ['untied', {}],
    ['tied', { tiedHead: true }],
    ['exact GELU', { activation: 'gelu' }],
    ['ReLU', { activation: 'relu' }],
    ['one head', { heads: 1 }],
  ])('%s', async (_name, change) => {
    const config = { ...tiny, ...change }
    const weights = roughWeights(config)
    const asked: string[] = []
    const dense = createGpt2(runner, config, weights)
    const pruned = createPairGpt2(runner, config, weights, async (name) => {
      asked.push(name)
      return exactPair(mergedMatrix(config, weights, name), name)
    })
    const tokens = Int32Array.from(uniform(3, 0, 3 * 7), (value) => Math.floor(((value + 1) / 2) * 13))
    const [expected, found] = [await dense.logits(tokens, 3, 7), await pruned.logits(tokens, 3, 7)]
    expect(found.length).toBe(3 * 7 * 13)
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.5)
    expect(largestDifference(found, expected)).toBeLessThan(1e-4)
    expect(asked).toEqual(gpt2PairShapes(config).map(({ name }) => name))
    await pruned.release()
    await dense.release()
  })
})

test('the sorter of exact pairs equals the sorter, to 1e-4', async () => {
  const { config, weights } = await readSorter()
  const dense = createGpt2(runner, config, weights)
  const pruned = createPairGpt2(runner, config, weights, async (name) =>
    exactPair(mergedMatrix(config, weights, name), name),
  )
  const tokens = Int32Array.of(2, 1, 0, 0, 1, 2, 0, 0, 1, 1, 2)
  const [expected, found] = [await dense.logits(tokens, 1, 11), await pruned.logits(tokens, 1, 11)]
  expect(largestDifference(found, expected)).toBeLessThan(1e-4)
})

test("attention of pruned heads is the dense model's, to 1e-5", async () => {
  const { config, weights } = await readSorter()
  const seen = new Map<string, Float32Array>()
  const pruned = createPairGpt2(
    runner,
    config,
    weights,
    async (name) => exactPair(mergedMatrix(config, weights, name), name),
    (layer, head, { data }) => seen.set(`${layer} ${head}`, data as Float32Array),
  )
  const tokens = Int32Array.of(2, 1, 0, 0, 1, 2, 0, 0, 1, 1, 2)
  await pruned.logits(tokens, 1, 11)
  const traced = await createGpt2(runner, config, weights).trace(tokens, 1, 11)
  expect(seen.size).toBe(9)
  for (const [name, found] of seen) {
    const [layer, head] = name.split(' ').map(Number)
    const all = traced[`h.${layer}.attSm`].data as Float32Array // [1, H, T, T]
    expect(largestDifference(found, all.slice(head * 121, (head + 1) * 121)), name).toBeLessThan(1e-5)
  }
})

test('a pair without the constant coordinate is a linear map without bias', async () => {
  const config: Gpt2Config = { ...tiny, layers: 1, tiedHead: true }
  const weights = new Map(roughWeights(config))
  for (const [name, { shape, data }] of weights) {
    if (/c_(attn|fc|proj)\.bias$/.test(name)) weights.set(name, { shape, data: new Float32Array(data.length) })
  }
  const dense = createGpt2(runner, config, weights)
  const pruned = createPairGpt2(runner, config, weights, async (name) => {
    const merged = mergedMatrix(config, weights, name).slice(0, -1)
    return exactPair(name.endsWith('.qk') ? merged.map((row) => row.slice(0, -1)) : merged, name)
  })
  const tokens = Int32Array.of(1, 12, 3, 4)
  expect(largestDifference(await pruned.logits(tokens, 2, 2), await dense.logits(tokens, 2, 2))).toBeLessThan(1e-4)
})

test.each<[string, object]>([
  ['pair h.0.attn.0.qk expected 8 or 9 inputs and 9 outputs, got 9 and 8', { outputs: 8 }],
  ['pair h.0.attn.0.qk expected 8 or 9 inputs and 7 outputs, got 7 and 9', { inputs: 7 }],
  ['pair h.0.attn.0.qk expected 162 and 162 weights, got 3 and 162', { first: new Float32Array(3) }],
])('%s', async (message, change) => {
  const weights = roughWeights(tiny)
  const pruned = createPairGpt2(runner, tiny, weights, async (name) => ({
    ...exactPair(mergedMatrix(tiny, weights, name), name),
    ...change,
  }))
  await expect(pruned.logits(Int32Array.of(1), 1, 1)).rejects.toThrow(new RangeError(message))
})
