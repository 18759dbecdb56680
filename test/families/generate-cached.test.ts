import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { createCachedDecoder } from '../../src/families/cached-decoder.js'
import { createDenseModel } from '../../src/families/dense-model.js'
import { createPlainDecoder, type Decoder, generateGreedy, generateTokens } from '../../src/families/generate.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { randomModelWeights } from '../../src/families/random.js'
import type { GraphRunner } from '../../src/graph/index.js'
import { fillWords, generateWeights } from '../../src/random/index.js'
import { randomWeights, smallLlama } from './small-models.js'

const config: Gpt2Config = {
  layers: 2,
  width: 12,
  heads: 3,
  inner: 20,
  positions: 11,
  vocabulary: 17,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}

/** A random model whose logits differ clearly, and a runner that counts its runs. */
function model(change: Partial<Gpt2Config> = {}, seed = 1) {
  const own = { ...config, ...change }
  // Larger weights than GPT-2's, so that every part of the model is seen in the logits.
  const weights = randomModelWeights(own, seed, (request) =>
    generateWeights({ ...request, init: { kind: 'normal', std: 0.5 } }),
  )
  const runner = createGraphRunner({ threads: 1 })
  const counts = { runs: 0, loads: 0 }
  const counting: GraphRunner = {
    ...runner,
    async load(bytes) {
      counts.loads++
      const graph = await runner.load(bytes)
      return {
        ...graph,
        run(feeds) {
          counts.runs++
          return graph.run(feeds)
        },
      }
    },
  }
  return { plain: createDenseModel(runner, own, weights), cached: createCachedDecoder(counting, own, weights), counts }
}

const words = (count: number, stream: number) => {
  const all = new Uint32Array(count)
  fillWords(5, stream, 0, all)
  return all
}
const text = (length: number, vocabulary = config.vocabulary) =>
  Array.from(words(length, 1), (word) => word % vocabulary)

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

describe('a cache takes room for the text that is read, and not for the context that a model claims', () => {
  const claimed = { ...smallLlama, positions: 1e9 }
  const weights = randomWeights(claimed)
  const given = text(5, claimed.vocabulary)
  const logitsOf = async (decoder: Decoder, again: number) => {
    const all = [await decoder.read(given)]
    for (const word of words(again, 2)) all.push(await decoder.append(word % claimed.vocabulary))
    return all
  }

  test('it grows: the same logits from room for 1, 6 and 4096 tokens', async () => {
    const runner = createGraphRunner({ threads: 1 })
    const short = { ...claimed, positions: 32 }
    const wanted = await logitsOf(createPlainDecoder(createDenseModel(runner, short, weights)), 20)
    for (const room of [1, 6, 4096]) {
      const found = await logitsOf(createCachedDecoder(runner, claimed, weights, { room }), 20)
      for (const [i, logits] of found.entries()) expect(largestDifference(logits, wanted[i])).toBeLessThan(1e-4)
    }
  })

  test('and never beyond the context', async () => {
    const runner = createGraphRunner({ threads: 1 })
    const short = { ...claimed, positions: 7 }
    const wanted = await logitsOf(createPlainDecoder(createDenseModel(runner, short, weights)), 9)
    const found = await logitsOf(createCachedDecoder(runner, short, weights, { room: 4 }), 9)
    for (const [i, logits] of found.entries()) expect(largestDifference(logits, wanted[i])).toBeLessThan(1e-4)
  })
})

describe('cached logits are those of the whole text (within 1e-4)', () => {
  test.each([
    ['a tied head', {}],
    ['a head of its own, ReLU, one head', { tiedHead: false, activation: 'relu', heads: 1 }],
    ['one layer of one position more than a power of two', { layers: 1, positions: 9 }],
  ] as const)('%s: at every position, from every prompt length', async (_, change) => {
    const { plain, cached } = model(change)
    const { positions: P, vocabulary: V } = plain.config
    const tokens = text(P)
    const whole = await plain.logits(Int32Array.from(tokens), 1, P)
    const at = (i: number) => whole.subarray(i * V, (i + 1) * V)
    expect(Math.max(...at(P - 1).map(Math.abs))).toBeGreaterThan(1)
    for (let prompt = 1; prompt <= P; prompt++) {
      let logits = await cached.read(tokens.slice(0, prompt))
      for (let i = prompt; i < P; i++) {
        expect(largestDifference(logits, at(i - 1))).toBeLessThan(1e-4)
        logits = await cached.append(tokens[i])
      }
      expect(largestDifference(logits, at(P - 1))).toBeLessThan(1e-4)
      expect(logits.length).toBe(V)
    }
  })
})

test('a full context goes on from its last half, again and again, as without a cache', async () => {
  const { plain, cached } = model()
  const decoder = createPlainDecoder(plain)
  const tokens = text(40)
  const reading = [await cached.read(tokens.slice(0, 3)), await decoder.read(tokens.slice(0, 3))]
  expect(largestDifference(reading[0], reading[1])).toBeLessThan(1e-4)
  let kept = tokens.slice(0, 3)
  for (const token of tokens.slice(3)) {
    const [a, b] = [await cached.append(token), await decoder.append(token)]
    expect(largestDifference(a, b)).toBeLessThan(1e-4)
    kept = kept.length === 11 ? [...kept, token].slice(-5) : [...kept, token]
    const expected = await plain.logits(Int32Array.from(kept), 1, kept.length)
    expect(largestDifference(a, expected.slice(-17))).toBeLessThan(1e-4)
  }
})

test('of a prompt longer than the context the last tokens are read', async () => {
  const { plain, cached } = model()
  const tokens = text(25)
  const expected = await plain.logits(Int32Array.from(tokens.slice(-11)), 1, 11)
  expect(largestDifference(await cached.read(tokens), expected.slice(-17))).toBeLessThan(1e-4)
})

test('a token takes one graph run, whatever came before', async () => {
  const { cached, counts } = model()
  await cached.read(text(2))
  for (let i = 0; i < 9; i++) {
    const before = counts.runs
    await cached.append(i)
    expect(counts.runs - before).toBe(1)
  }
  expect(counts.loads).toBe(2) // one to read, one to go on
})

test('temperature 0 and top-k 1 give the greedy continuation while the context lasts', async () => {
  for (const seed of [1, 2, 3]) {
    const { plain, cached } = model({}, seed)
    const prompt = text(3)
    const greedy = await generateGreedy(plain, prompt, 9)
    for (const sampling of [{ temperature: 0 }, { temperature: 3, topK: 1 }]) {
      expect(await all(cached, prompt, { count: 9, ...sampling, word: () => 2 ** 32 - 1 })).toEqual(greedy)
    }
    expect(new Set(greedy).size).toBeGreaterThan(1)
  }
})

test('the same words give the same text, other words another; token i is drawn with word i', async () => {
  const { plain, cached } = model()
  const prompt = text(4)
  const [one, two] = [words(64, 3), words(64, 4)]
  const asked: number[] = []
  const draw = (source: Uint32Array) => ({ count: 30, temperature: 1, word: (i: number) => source[i] })
  const first = await all(cached, prompt, {
    ...draw(one),
    word(i) {
      asked.push(i)
      return one[i]
    },
  })
  expect(asked).toEqual(Array.from({ length: 30 }, (_, i) => 4 + i))
  expect(await all(cached, prompt, draw(one))).toEqual(first)
  expect(await all(createPlainDecoder(plain), prompt, draw(one))).toEqual(first)
  expect(await all(cached, prompt, draw(two))).not.toEqual(first)
})

test('what cannot be read is refused', async () => {
  const { cached } = model()
  await expect(cached.append(1)).rejects.toThrow('"append" expected a text that was read first')
  await expect(cached.read([])).rejects.toThrow('"tokens" expected at least one token')
  await expect(cached.read([17])).rejects.toThrow('token 0 expected 0 <= token < 17, got 17')
  await cached.read([1])
  await expect(cached.append(-1)).rejects.toThrow('got -1')
  const never = { count: -1, temperature: 1, word: () => 0 }
  await expect(all(cached, [1], never)).rejects.toThrow('"count" expected an integer >= 0, got -1')
  await expect(all(cached, [1], { ...never, count: 1, temperature: -1 })).rejects.toThrow('"temperature" expected')
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(all(cached, [1], { ...never, count: 1, signal })).rejects.toThrow('enough')
})

async function all(...args: Parameters<typeof generateTokens>): Promise<number[]> {
  const tokens: number[] = []
  for await (const token of generateTokens(...args)) tokens.push(token)
  return tokens
}
