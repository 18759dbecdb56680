/** Every family as one ONNX graph with open lengths, in plain ONNX Runtime, held against the dense network. */
import { describe, expect, test } from 'vitest'
import type { BaseConfig } from '../../src/families/config.js'
import { familyOf, matricesOf } from '../../src/families/family.js'
import type { ModelWeights } from '../../src/families/weights.js'
import { type Bits, modelOnnxFile } from '../../src/interop/index.js'
import { BLOCK, quantise } from '../../src/interop/quantised-product.js'
import { denseResult, randomWeights, smallBert, smallGpt2, smallLlama } from '../families/small-models.js'
import { farthest } from '../vectors/pytorch/open.js'
import { type Feeds, floats, int64, loadOnnx } from './output.js'

const gpt2 = { ...smallGpt2, width: 24, inner: 40, positions: 16, vocabulary: 29, tiedHead: true }
const llama = { ...smallLlama, width: 20, positions: 16, vocabulary: 29 }
const biases = { inputBias: true, outputBias: true, feedForwardBias: true }
const cases: [string, BaseConfig][] = [
  ['GPT-2, gelu_new, tied', gpt2],
  ['GPT-2, gelu, untied', { ...gpt2, activation: 'gelu', tiedHead: false } as BaseConfig],
  ['GPT-2, relu', { ...gpt2, activation: 'relu' } as BaseConfig],
  ['a Llama, grouped heads, tied', llama],
  ['a Llama, biases, one key head, untied', { ...llama, ...biases, keyHeads: 1, tiedHead: false } as BaseConfig],
]

/** Weights with the matrices rounded to a few bits, but for tables. */
function rounded(config: BaseConfig, weights: ModelWeights, bits: Bits): ModelWeights {
  const held = new Map(weights)
  for (const { name, shape, role } of matricesOf(config)) {
    if (role.endsWith('-embedding')) continue
    const isHead = role === 'head'
    const [inputs, outputs] = isHead ? [shape[1], shape[0]] : shape
    const map = { data: weights.get(name)!.data, inputs, outputs, stored: isHead ? 'out-in' : 'in-out' } as const
    const { packed, scales, blocks } = quantise(map, bits)
    const data = map.data.map((_, at) => {
      const [k, n] = isHead ? [at % inputs, Math.floor(at / inputs)] : [Math.floor(at / outputs), at % outputs]
      const block = n * blocks + Math.floor(k / BLOCK)
      const i = k % BLOCK
      const byte = packed[(block * BLOCK * bits) / 8 + (bits === 8 ? i : i >> 1)]
      const q = bits === 8 ? byte : i & 1 ? byte >> 4 : byte & 15
      return (q - 2 ** (bits - 1)) * scales[block]
    })
    held.set(name, { shape, data })
  }
  return held
}

/** Feeds without a past. */
function start(config: BaseConfig, tokens: number[][], mask = tokens.map((row) => row.map(() => 1))): Feeds {
  const positions = mask.map((row) =>
    row.map((_, t) => Math.max(0, row.slice(0, t + 1).reduce((a, b) => a + b, 0) - 1)),
  )
  const feeds: Feeds = { input_ids: int64(tokens), attention_mask: int64(mask), position_ids: int64(positions) }
  for (let layer = 0; layer < config.layers; layer++) {
    for (const part of ['key', 'value']) {
      const { keyHeads, headWidth } = familyOf(config).cache(config)
      const dims = [tokens.length, keyHeads, 0, headWidth]
      feeds[`past_key_values.${layer}.${part}`] = floats(dims, new Float32Array(0))
    }
  }
  return feeds
}

const draw = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => (i * i * 7 + 11 * i + seed * 13) % 29)

describe.each(cases)('%s', (_name, config) => {
  const weights = randomWeights(config, 5)
  const { keyHeads, headWidth } = familyOf(config).cache(config)
  const tokens = [draw(10, 1), draw(10, 2)]
  const expected = (rows: number[][]) =>
    denseResult(config, weights, Int32Array.from(rows.flat()), [rows.length, rows[0].length])

  test("without a cache the logits are the model's", async () => {
    const { session, run } = await loadOnnx(modelOnnxFile('model.onnx', config, weights))
    expect(session.inputNames.slice(0, 3)).toEqual(['input_ids', 'attention_mask', 'position_ids'])
    const logits = await expected(tokens)
    expect(Math.max(...logits)).toBeGreaterThan(1)
    expect(farthest((await run(start(config, tokens))).logits, logits)).toBeLessThan(1e-5)
  })

  test('with a cache, in pieces of 4, 1 and 5 tokens, they are the same', async () => {
    const { run } = await loadOnnx(modelOnnxFile('model.onnx', config, weights))
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
          return [[name, floats([2, keyHeads, from, headWidth], data)]]
        }),
      )
    }
  })

  test('padding on the left changes nothing, and a row of nothing else stays finite', async () => {
    const { run } = await loadOnnx(modelOnnxFile('model.onnx', config, weights))
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

describe('positions', () => {
  test('far rotary positions turn as the tables of the dense network do', async () => {
    const config = { ...llama, positions: 512 }
    const weights = randomWeights(config, 5)
    const tokens = [Array.from({ length: 512 }, (_, i) => (i * i) % 29)]
    const { run } = await loadOnnx(modelOnnxFile('model.onnx', config, weights))
    const { logits } = await run(start(config, tokens))
    const wanted = await denseResult(config, weights, Int32Array.from(tokens[0]), [1, 512])
    expect(farthest(logits, wanted)).toBeLessThan(2e-5)
  })

  test('norms that a model has not are plain, and zero biases are left out', async () => {
    const bare = new Map([...randomWeights(gpt2, 5)].filter(([name]) => !/ln_|bias/.test(name)))
    const zeros = new Map(bare)
    for (const [name, { shape }] of randomWeights(gpt2, 5)) {
      if (/\.bias$/.test(name)) zeros.set(name, { shape, data: new Float32Array(shape[0]) })
      if (/ln_.*\.weight$/.test(name)) zeros.set(name, { shape, data: new Float32Array(shape[0]).fill(1) })
    }
    const tokens = [draw(10, 1)]
    const wanted = await denseResult(gpt2, bare, Int32Array.from(tokens[0]), [1, 10])
    for (const weights of [bare, zeros]) {
      const file = modelOnnxFile('model.onnx', gpt2, weights)
      const { run } = await loadOnnx(file)
      expect(farthest((await run(start(gpt2, tokens))).logits, wanted)).toBeLessThan(1e-5)
      expect(Buffer.concat([...file.chunks()]).includes('qkv.bias')).toBe(false)
    }
  })
})

describe('a BERT', () => {
  const config = { ...smallBert, width: 20, vocabulary: 29 }
  const weights = randomWeights(config, 5)
  const tokens = [draw(8, 1), draw(8, 2)]
  const types = tokens.map((row) => row.map((_, i) => (i < 3 ? 0 : 1)))
  const mask = [Array(8).fill(1), [1, 1, 1, 1, 1, 0, 0, 0]]

  test.each([undefined, 8, 4] as const)('gives hidden states of texts with padding (bits: %s)', async (bits) => {
    const file = modelOnnxFile('model.onnx', config, weights, { bits })
    const { session, run } = await loadOnnx(file)
    expect(session.inputNames).toEqual(['input_ids', 'attention_mask', 'token_type_ids'])
    expect(session.outputNames).toEqual(['last_hidden_state'])
    const feeds = { input_ids: int64(tokens), attention_mask: int64(mask), token_type_ids: int64(types) }
    const found = (await run(feeds)).last_hidden_state
    const inputs = { mask: Float32Array.from(mask.flat()), types: Int32Array.from(types.flat()) }
    const held = bits ? rounded(config, weights, bits) : weights
    const wanted = await denseResult(config, held, Int32Array.from(tokens.flat()), [2, 8], inputs)
    expect(farthest(found, wanted)).toBeLessThan(1e-5)
  })
})

test.each([8, 4] as const)('%i bits: each map once, the head too where it is no table', async (bits) => {
  for (const config of [llama, { ...llama, tiedHead: false }] as BaseConfig[]) {
    const weights = randomWeights(config, 5)
    const text = Buffer.concat([...modelOnnxFile('model.onnx', config, weights, { bits }).chunks()]).toString('latin1')
    const names = new Set(text.match(/[\w.]+_scales/g))
    const maps = ['self_attn.qkv', 'self_attn.o_proj', 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj']
    const head = config === llama ? [] : ['lm_head_scales']
    expect([...names].sort()).toEqual(
      [...[0, 1].flatMap((i) => maps.map((map) => `layers.${i}.${map}_scales`)), ...head].sort(),
    )
    const { run } = await loadOnnx(modelOnnxFile('model.onnx', config, weights, { bits }))
    const tokens = [draw(10, 1)]
    const { logits } = await run(start(config, tokens))
    const held = rounded(config, weights, bits)
    const wanted = await denseResult(config, held, Int32Array.from(tokens[0]), [1, 10])
    expect(farthest(logits, wanted)).toBeLessThan(2e-5)
  }
})
