import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Encoder, EncoderInputs } from '../../src/families/index.js'
import { cosine, embedTokens } from '../../src/jobs/embed-tokens.js'

const width = 3
const config = { family: 'bert', layers: 1, width, heads: 1, inner: 4, positions: 100, vocabulary: 1000 }

/** The hidden state of a token t is [t, -t, 1]; it keeps what it was asked. */
function createSpy() {
  const calls: { tokens: Int32Array; batch: number; length: number; mask: Float32Array }[] = []
  const encoder: Encoder = {
    config,
    async hidden(tokens: Int32Array, batch: number, length: number, { mask }: EncoderInputs = {}) {
      calls.push({ tokens, batch, length, mask: mask! })
      return Float32Array.from({ length: tokens.length * width }, (_, i) => {
        const token = tokens[Math.floor(i / width)]
        return [token, -token, 1][i % width]
      })
    },
  }
  return { encoder, calls }
}

const texts = [[5], [1, 2, 3, 6], Array.from({ length: 70 }, (_, i) => i), [9, 9], []]

test.each([
  ['mean', [5, -5, 1, 3, -3, 1, 34.5, -34.5, 1, 9, -9, 1]],
  ['cls', [5, -5, 1, 1, -1, 1, 0, -0, 1, 9, -9, 1]],
  ['max', [5, -5, 1, 6, -1, 1, 69, 0, 1, 9, -9, 1]],
] as const)('%s pooling reads the tokens of a text and no padding', async (pooling, expected) => {
  const { encoder } = createSpy()
  const own = texts.slice(0, 4)
  const found = await embedTokens(encoder, own, { pooling, normalise: false, padToken: 999 })
  expect([...found].map((value) => value + 0)).toEqual(expected.map((value) => value + 0))
})

test('texts run longest first, those of a batch padded behind to one length, padding masked', async () => {
  const { encoder, calls } = createSpy()
  const seen: [number, number][] = []
  const onProgress = (done: number, total: number) => void seen.push([done, total])
  await embedTokens(encoder, texts.slice(0, 4), { pooling: 'mean', normalise: true, padToken: 7, batch: 2, onProgress })
  expect(calls.map(({ batch, length }) => [batch, length])).toEqual([
    [2, 96],
    [2, 8],
  ])
  expect([...calls[1].tokens]).toEqual([9, 9, 7, 7, 7, 7, 7, 7, 5, 7, 7, 7, 7, 7, 7, 7])
  expect([...calls[1].mask]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
  expect(seen).toEqual([
    [0, 4],
    [2, 4],
    [4, 4],
  ])
})

test('many long texts are split: no run has more than 4,096 tokens', async () => {
  const { encoder, calls } = createSpy()
  const long = Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => 1))
  await embedTokens(encoder, long, { pooling: 'mean', normalise: true, batch: 1000 })
  expect(calls.map(({ batch, length }) => [batch, length])).toEqual([
    [42, 96],
    [42, 96],
    [6, 96],
  ])
})

test('padding stays within the positions', async () => {
  const { encoder, calls } = createSpy()
  await embedTokens(encoder, [Array.from({ length: 99 }, () => 1)], { pooling: 'mean', normalise: true })
  expect(calls[0].length).toBe(100)
})

test('a normalised vector has length 1, and points where it pointed', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 20 }), async (text) => {
      const { encoder } = createSpy()
      const plain = await embedTokens(encoder, [text], { pooling: 'mean', normalise: false })
      const unit = await embedTokens(encoder, [text], { pooling: 'mean', normalise: true })
      expect(Math.hypot(...unit)).toBeCloseTo(1, 6)
      expect(cosine(plain, unit)).toBeCloseTo(1, 6)
    }),
  ))

test('bad texts, bad numbers and an abort are refused', async () => {
  const { encoder, calls } = createSpy()
  const how = { pooling: 'mean', normalise: true } as const
  await expect(embedTokens(encoder, texts, how)).rejects.toThrow(
    new RangeError('text 5 expected at least one token, got none'),
  )
  await expect(embedTokens(encoder, [[1]], { ...how, batch: 0 })).rejects.toThrow(
    new RangeError('"batch" expected an integer >= 1, got 0'),
  )
  await expect(embedTokens(encoder, [[1]], { ...how, signal: AbortSignal.abort() })).rejects.toThrow('abort')
  expect(calls).toEqual([])
  for (const pooling of ['mean', 'max'] as const) {
    const broken = { ...encoder, hidden: async () => Float32Array.of(1, 1, 1, 1, Number.NaN, 1) }
    await expect(embedTokens(broken, [[1, 2]], { ...how, pooling })).rejects.toThrow(
      new RangeError('the embedding of text 1 expected finite numbers'),
    )
  }
})

test('the cosine of equal, opposite, orthogonal and zero vectors', () => {
  expect(cosine([1, 2], [2, 4])).toBeCloseTo(1, 12)
  expect(cosine([1, 2], [-1, -2])).toBeCloseTo(-1, 12)
  expect(cosine([1, 0], [0, 3])).toBe(0)
  expect(cosine([0, 0], [1, 3])).toBe(0)
  expect(cosine([0, 0], [0, 0])).toBe(1)
})
