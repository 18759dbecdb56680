import { afterAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createCachedDecoder } from '../../src/families/cached-decoder.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { familyOf } from '../../src/families/family.js'
import { createPlainDecoder, generateGreedy, generateTokens } from '../../src/families/generate.js'
import { parametersIn, storedTensors } from '../../src/families/hugging-face.js'
import { gradientGraph, lossGraph, lossParameters } from '../../src/families/loss-graph.js'
import { openFile } from '../../src/files/files.js'
import { encodeModel, float32, int32, type Tensor } from '../../src/graph/index.js'
import { readModelFolder } from '../../src/interop/index.js'
import { expectedOf, familyFolder } from '../vectors/families/open.js'

const runner = createGraphRunner({ threads: 1 })
const causal = [
  'llama',
  'llama-tied',
  'llama-head-dim',
  'llama-odd',
  'llama-mlp-bias',
  'llama-bf16',
  'mistral',
  'qwen2',
]
const encoders = ['bert', 'bert-relu-odd', 'bert-masked-lm']

async function open(name: string) {
  const { config, weights, warnings } = await readModelFolder((file) => openFile(familyFolder(name) + file))
  expect(warnings).toEqual([])
  return { config, weights, expected: await expectedOf(name), model: createDenseModel(runner, config, weights) }
}

const flat = (rows: readonly (readonly number[])[] | undefined): number[] => (rows ?? []).flat()
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

describe.each(causal)('%s of transformers', async (name) => {
  const { config, weights, expected, model } = await open(name)
  afterAll(() => model.release())
  const [B, T] = [expected.tokens.length, expected.tokens[0].length]

  test('logits within 1e-5', async () => {
    const logits = await model.logits(Int32Array.from(flat(expected.tokens)), B, T)
    expect(logits.length).toBe(expected.logits!.data.length)
    expect(farthest(logits, expected.logits!.data)).toBeLessThan(1e-5)
  })

  test('the same greedy text, with a cache of keys and values, with held weights, and without a cache', async () => {
    const { prompt, tokens } = expected.greedy!
    const greedy = { count: tokens.length, temperature: 0, word: () => 0 }
    const decoders = [
      createCachedDecoder(runner, config, weights),
      createCachedDecoder(runner, config, weights, { holdWeights: true }),
      createPlainDecoder(model),
    ]
    for (const decoder of decoders) {
      const found: number[] = []
      for await (const token of generateTokens(decoder, prompt, greedy)) found.push(token)
      await decoder.release()
      expect(found).toEqual(tokens)
    }
    expect(await generateGreedy(model, prompt, tokens.length)).toEqual(tokens)
  })
})

describe.each(encoders)('%s of transformers', async (name) => {
  const { expected, model } = await open(name)
  afterAll(() => model.release())
  const [B, T] = [expected.tokens.length, expected.tokens[0].length]
  const mask = expected.mask ? Float32Array.from(flat(expected.mask)) : undefined
  const types = expected.tokenTypes ? Int32Array.from(flat(expected.tokenTypes)) : undefined

  test('hidden states of all that is no padding within 1e-5, padding on either side', async () => {
    const hidden = await model.hidden(Int32Array.from(flat(expected.tokens)), B, T, { mask, types })
    const wanted = expected.hidden!.data
    expect(hidden.length).toBe(wanted.length)
    const d = hidden.length / (B * T)
    const isToken = (i: number) => mask === undefined || mask[Math.floor(i / d)] === 1
    expect(
      farthest(
        hidden.map((x, i) => (isToken(i) ? x : 0)),
        wanted.map((x, i) => (isToken(i) ? x : 0)),
      ),
    ).toBeLessThan(1e-5)
  })

  test('a text of padding alone, a mask of another size and unknown types are refused', async () => {
    const tokens = Int32Array.from(flat(expected.tokens))
    const read = (inputs: object) => model.hidden(tokens, B, T, inputs)
    await expect(read({ mask: new Float32Array(B * T) })).rejects.toThrow(
      '"mask" expected at least one token in text 0',
    )
    await expect(read({ mask: new Float32Array(1) })).rejects.toThrow(`"mask" expected ${B} x ${T} numbers, got 1`)
    await expect(read({ types: new Int32Array(B * T).fill(9) })).rejects.toThrow('type 0 expected 0 <= type < ')
  })
})

describe.each(['llama', 'llama-tied', 'qwen2', 'bert'])('gradients of PyTorch in float64: %s', async (name) => {
  const { config, weights, expected, model } = await open(name)
  afterAll(() => model.release())
  const { tokens, targets, mask, tokenTypes, loss: wanted, d } = expected.gradients!
  const [B, T] = [tokens.length, tokens[0].length]
  const isEncoder = familyOf(config).task === 'encoder'
  const found = { config, norms: 'learned', biases: [...weights.keys()].some((key) => isBias(key)) } as const
  const parameters = lossParameters(found)
  const counted = flat(targets)
  const feeds: Record<string, Tensor> = {
    tokens: int32([B, T], Int32Array.from(flat(tokens))),
    targets: int32(
      [B, T],
      Int32Array.from(counted, (target) => Math.max(0, target)),
    ),
    ...(isEncoder && {
      counts: float32(
        [B, T],
        Float32Array.from(counted, (target) => (target < 0 ? 0 : 1)),
      ),
      mask: float32([B, T], Float32Array.from(flat(mask))),
      types: int32([B, T], Int32Array.from(flat(tokenTypes))),
    }),
    ...Object.fromEntries(
      parameters.map(({ name: key }) => [key, float32(weights.get(key)!.shape, weights.get(key)!.data)]),
    ),
  }
  const options = { padded: isEncoder }

  test('the loss within 1e-5', async () => {
    const loaded = await runner.load(encodeModel(lossGraph(found, B, T, options)))
    const { loss } = await loaded.run(feeds)
    await loaded.release()
    expect(Math.abs(Number(loss.data[0]) - wanted)).toBeLessThan(1e-5)
  })

  test.each([false, true])('every gradient within 1e-5 of the largest, fused: %s', async (fused) => {
    const loaded = await runner.load(encodeModel(gradientGraph(found, B, T, { ...options, fused })))
    const results = await loaded.run(feeds)
    await loaded.release()
    const recipes = familyOf(config).huggingFace.tensors(config)
    const gradients = new Map(
      recipes.flatMap((recipe) => {
        const own = d.get(recipe.name)
        expect(own, recipe.name).toBeDefined()
        return parametersIn(recipe, own!.data, config)
      }),
    )
    for (const { name: key } of parameters) {
      const gradient = gradients.get(key)!.data
      expect(farthest(results[`d.${key}`].data as Float32Array, gradient), key).toBeLessThan(1e-5)
    }
  })
})

const isBias = (name: string): boolean => /(_proj|query|key|value|output|intermediate)\.bias$/.test(name)

test.each([...causal, ...encoders])('%s as it is stored comes back from its parameters', async (name) => {
  const { config, weights, model } = await open(name)
  await model.release()
  const stored = storedTensors(config, weights)
  const again = new Map(
    familyOf(config)
      .huggingFace.tensors(config)
      .flatMap((recipe) => parametersIn(recipe, stored.get(recipe.name)!.data, config)),
  )
  expect(again).toEqual(weights)
})
