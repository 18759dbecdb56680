import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { type Gpt2Config, headWidth } from '../../src/families/gpt2/config.js'
import { createGpt2 } from '../../src/families/gpt2/dense.js'
import { randomGpt2Weights } from '../../src/families/gpt2/random.js'
import type { Gpt2Weights } from '../../src/families/gpt2/weights.js'
import { gpt2OnnxFile } from '../../src/interop/index.js'
import { generateWeights } from '../../src/random/index.js'
import { farthest } from '../vectors/pytorch/open.js'
import { type Feeds, floats, int64, loadOnnx } from './output.js'

const base: Gpt2Config = {
  layers: 2,
  width: 24,
  heads: 3,
  inner: 40,
  positions: 16,
  vocabulary: 29,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}
const cases: [string, Gpt2Config][] = [
  ['gelu_new, tied', base],
  ['gelu, untied', { ...base, activation: 'gelu', tiedHead: false }],
  ['relu', { ...base, activation: 'relu' }],
]

/** Matrices ten times GPT-2's, so that attention prefers and logits differ. */
function strongWeights(config: Gpt2Config): Gpt2Weights {
  const weights = randomGpt2Weights(config, 5, generateWeights)
  for (const [name, { data }] of weights) {
    if (!name.includes('.ln_')) for (let i = 0; i < data.length; i++) data[i] *= 10
  }
  return weights
}

/** Feeds without a past. */
function start(config: Gpt2Config, tokens: number[][], mask = tokens.map((row) => row.map(() => 1))): Feeds {
  const positions = mask.map((row) =>
    row.map((_, t) => Math.max(0, row.slice(0, t + 1).reduce((a, b) => a + b, 0) - 1)),
  )
  const feeds: Feeds = { input_ids: int64(tokens), attention_mask: int64(mask), position_ids: int64(positions) }
  for (let layer = 0; layer < config.layers; layer++) {
    for (const part of ['key', 'value']) {
      const dims = [tokens.length, config.heads, 0, headWidth(config)]
      feeds[`past_key_values.${layer}.${part}`] = floats(dims, new Float32Array(0))
    }
  }
  return feeds
}

const draw = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => (i * i * 7 + 11 * i + seed * 13) % 29)

describe.each(cases)('%s', (_name, config) => {
  const weights = strongWeights(config)
  const tokens = [draw(10, 1), draw(10, 2)]
  const expected = async (rows: number[][]) => {
    const model = createGpt2(createGraphRunner({ threads: 1 }), config, weights)
    const logits = await model.logits(Int32Array.from(rows.flat()), rows.length, rows[0].length)
    await model.release()
    return logits
  }

  test("without a cache the logits are the model's", async () => {
    const { session, run } = await loadOnnx(gpt2OnnxFile('model.onnx', config, weights))
    expect(session.inputNames.slice(0, 3)).toEqual(['input_ids', 'attention_mask', 'position_ids'])
    const logits = await expected(tokens)
    expect(Math.max(...logits)).toBeGreaterThan(1)
    expect(farthest((await run(start(config, tokens))).logits, logits)).toBeLessThan(1e-5)
  })

  test('with a cache, in pieces of 4, 1 and 5 tokens, they are the same', async () => {
    const { run } = await loadOnnx(gpt2OnnxFile('model.onnx', config, weights))
    const logits = await expected(tokens)
    const V = config.vocabulary
    let cache: Feeds = start(config, tokens)
    let from = 0
    for (const count of [4, 1, 5]) {
      const piece = tokens.map((row) => row.slice(from, from + count))
      const results = await run({
        ...cache,
        input_ids: int64(piece),
        attention_mask: int64(tokens.map(() => Array(from + count).fill(1))),
        position_ids: int64(tokens.map(() => Array.from({ length: count }, (_, i) => from + i))),
      })
      for (const row of [0, 1]) {
        const own = results.logits.subarray(row * count * V, (row + 1) * count * V)
        const whole = logits.subarray((row * 10 + from) * V, (row * 10 + from + count) * V)
        expect(farthest(own, whole)).toBeLessThan(1e-5)
      }
      from += count
      cache = Object.fromEntries(
        Object.keys(cache).flatMap((name) => {
          if (!name.startsWith('past')) return []
          const data = results[name.replace('past_key_values', 'present')]
          return [[name, floats([2, config.heads, from, headWidth(config)], data)]]
        }),
      )
    }
  })

  test('padding on the left changes nothing, and a row of nothing else stays finite', async () => {
    const { run } = await loadOnnx(gpt2OnnxFile('model.onnx', config, weights))
    const short = tokens[1].slice(0, 6)
    const padded = [tokens[0], [...Array(4).fill(0), ...short]]
    const mask = [Array(10).fill(1), [...Array(4).fill(0), ...Array(6).fill(1)]]
    const { logits } = await run(start(config, padded, mask))
    const V = config.vocabulary
    expect(farthest(logits.subarray(0, 10 * V), await expected([tokens[0]]))).toBeLessThan(1e-5)
    expect(farthest(logits.subarray(14 * V), await expected([short]))).toBeLessThan(1e-5)
    expect(logits.every(Number.isFinite)).toBe(true)
  })
})
