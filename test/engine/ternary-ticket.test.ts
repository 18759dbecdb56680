import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { runTernary } from '../../src/engine/running-model.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { ternaryProbe } from '../../src/engine/ternary-probe.js'
import { makeTernary, ternaryTicketWeights } from '../../src/engine/ternary-ticket.js'
import { chooseWeights } from '../../src/engine/weights-choice.js'
import type { BaseConfig } from '../../src/families/config.js'
import { createCachedDecoder, createDenseModel, generateTokens } from '../../src/families/index.js'
import { isTernary } from '../../src/families/ternary-matrix.js'
import { createTernaryModel } from '../../src/families/ternary-model.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { memorySource } from '../../src/safetensors/index.js'
import { expectSearched, openTicket, type SearchedTicket } from '../../src/ticket/index.js'
import { smallBert, smallGpt2, smallLlama } from '../families/small-models.js'
import { dressedContent } from '../ticket/packed-example.js'
import { encode, openSearched, randomContent } from '../ticket/searched-example.js'
import { invertedTicket, signedTicket } from '../ticket/signed-example.js'

const runner = createGraphRunner({ threads: 1 })
const kernels = await loadKernels()

const example = async (path: string): Promise<SearchedTicket> => {
  const source = await openFile(fileURLToPath(new URL(`../../examples/${path}.slt.safetensors`, import.meta.url)))
  afterAll(source.close)
  return expectSearched(await openTicket(source, nodeSha256))
}

const untied = { ...smallGpt2, tiedHead: false, width: 12, heads: 3, inner: 10 }
const wide = { ...smallGpt2, width: 132, heads: 2, inner: 130 }

const tickets: [string, () => Promise<SearchedTicket>][] = [
  ['a GPT-2', () => signedTicket(smallGpt2)],
  ['a GPT-2 with a head of its own, whose widths are no multiple of 4', () => signedTicket(untied)],
  ['a GPT-2 whose inputs are two blocks, the second one not full', () => signedTicket(wide)],
  ['a Llama with grouped heads', () => signedTicket(smallLlama)],
  ['a BERT', () => signedTicket(smallBert)],
  ['a GPT-2 with inverted weights, scales and gains alone', () => invertedTicket(wide)],
  ['a GPT-2 whose unused tokens share a row', () => invertedTicket(untied, { shared: true })],
  ['play', () => example('play/play')],
  ['sorter', () => example('sorter-qr/sorter')],
  ['ten letters', () => example('sorter-qr/ten-letters')],
]

const tokensOf = ({ positions, vocabulary }: BaseConfig, batch: number) => {
  const length = Math.min(positions, 20)
  return { length, tokens: Int32Array.from({ length: batch * length }, (_, i) => (7919 * i + 3) % vocabulary) }
}

/** Largest difference over the largest number. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest
}

describe.each(tickets)('%s from two bits a weight', (_, open) => {
  test('has the weights that float32 has', async () => {
    const ticket = await open()
    const weights = networkWeights(await rebuildTicket(ticket))
    const ternary = await makeTernary(ticket, kernels)
    expect([...ternary.keys()].sort()).toEqual([...weights.keys()].sort())
    for (const [name, matrix] of ternary) {
      const { shape, data } = weights.get(name)!
      if (!isTernary(matrix)) {
        expect(matrix.data).toEqual(data)
        continue
      }
      const { inputs: K, outputs: N, codes, magnitudes } = matrix
      expect(matrix.shape).toEqual(shape)
      const stride = codes.length / N
      const isTurned = !/^(wte|wpe|lm_head|embed_tokens|embeddings\.\w+)$/.test(name)
      expect([N, K]).toEqual(isTurned ? shape.toReversed() : shape)
      const found = new Float32Array(N * K)
      for (let n = 0; n < N; n++) {
        for (let k = 0; k < 4 * stride; k++) {
          const step = ((codes[n * stride + (k >> 2)] >> (2 * (k & 3))) & 3) - 2
          if (k >= K) expect(step).toBe(0)
          else found[isTurned ? k * N + n : n * K + k] = step * magnitudes[n]
        }
      }
      expect(found.every((value, i) => value === data[i])).toBe(true)
    }
    const bytes = [...ternary.values()].map((each) => (isTernary(each) ? each.codes.length : 4 * each.data.length))
    expect(ternaryTicketWeights(ticket)).toBeGreaterThan(bytes.reduce((sum, size) => sum + size, 0))
  })

  test('gives the logits and the greedy text of float32 (1e-5)', async () => {
    const ticket = await open()
    const { config } = ticket.metadata
    const weights = networkWeights(await rebuildTicket(ticket))
    const dense = createDenseModel(runner, config, weights)
    const model = createTernaryModel(runner, config, await makeTernary(ticket, kernels))
    const { tokens, length } = tokensOf(config, 2)
    expect(difference(await model.logits(tokens, 2, length), await dense.logits(tokens, 2, length))).toBeLessThan(1e-5)
    if (config === smallBert || 'types' in config) {
      const mask = new Float32Array(2 * length).fill(1).fill(0, length - 2, length)
      const types = Int32Array.from(mask, (_, i) => i % 2)
      const [found, expected] = await Promise.all(
        [model, dense].map((each) => each.hidden(tokens, 2, length, { mask, types })),
      )
      expect(difference(found, expected)).toBeLessThan(1e-5)
    } else {
      const decoders = [model.createDecoder(), createCachedDecoder(runner, config, weights, { room: 2 })]
      const texts: number[][] = []
      for (const decoder of decoders) {
        const request = { count: config.positions + 3, temperature: 0, word: () => 0 }
        const text: number[] = []
        for await (const token of generateTokens(decoder, [...tokens.subarray(0, 3)], request)) text.push(token)
        texts.push(text)
      }
      expect(texts[0]).toEqual(texts[1])
      await decoders[1].release()
    }
    await model.release()
    await dense.release()
  })
})

test('8-bit activations are near, and not exact', async () => {
  const ticket = await example('play/play')
  const weights = await makeTernary(ticket, kernels)
  const { config } = ticket.metadata
  const { tokens, length } = tokensOf(config, 1)
  const [exact, rounded] = (['float32', 'int8'] as const).map((kind) =>
    createTernaryModel(runner, config, weights, kind),
  )
  const apart = difference(await rounded.logits(tokens, 1, length), await exact.logits(tokens, 1, length))
  expect(apart).toBeGreaterThan(1e-4)
  expect(apart).toBeLessThan(0.1)
  for (const model of [exact, rounded]) await model.release()
})

test('weights that are not signed constants, dense models and other devices are refused by name', async () => {
  const other = await openSearched(encode(randomContent(smallGpt2)))
  const ticket = await signedTicket(smallGpt2)
  const model = { name: 'x', ticket, runner, byTokens: true }
  const choose = (change: object) => chooseWeights('2bit', { ...model, ...change })
  const reason = 'the weights of wte are normal, not signed constants'
  await expect(choose({ ticket: other })).rejects.toThrow(`x: cannot run with 2-bit weights: ${reason}`)
  await expect(makeTernary(other, kernels)).rejects.toThrow(`x: ${reason}: they do not fit into 2 bits`)
  const coated = dressedContent(smallGpt2, { coats: [0.5] })
  const magnitude = { init: { kind: 'signed-constant', magnitude: 1 } } as const
  const matrices = coated.matrices.map((matrix) => ({ ...matrix, ...magnitude }))
  const two = await openSearched(encode({ ...coated, matrices, probe: null }))
  await expect(choose({ ticket: two })).rejects.toThrow(
    'x: cannot run with 2-bit weights: weights of wte wear up to 2 coats',
  )
  await expect(choose({ ticket: null })).rejects.toThrow('only a ticket that a search found has signed constants')
  const elsewhere = { ...runner, multipliesFewBits: false }
  const missing = 'this device has no products with 2-bit weights; --device cpu has them'
  await expect(choose({ runner: elsewhere })).rejects.toThrow(missing)
  expect(await chooseWeights('auto', { ...model, runner: elsewhere })).toEqual({ weights: 'float32', reason: missing })
  expect(await chooseWeights('auto', { ...model, ticket: other })).toEqual({ weights: 'float32', reason })
  expect(await chooseWeights('auto', model)).toMatchObject({ weights: 'float32' })
  expect(await chooseWeights('2bit', model)).toEqual({ weights: '2bit', reason: 'as asked' })
})

test('a large ticket runs from two bits only where they are fast, and texts read whole from float32', async () => {
  const matrices = [{ init: { kind: 'signed-constant', magnitude: 1 }, shape: [4096, 2048] }]
  const ticket = { kind: 'searched', metadata: { matrices } } as unknown as SearchedTicket
  const model = { name: 'x', ticket, runner, byTokens: true }
  const reason = 'a product with 2-bit weights takes 30.5 times as long here'
  expect(await chooseWeights('auto', model, async () => 1.5)).toMatchObject({ weights: '2bit' })
  expect(await chooseWeights('auto', model, async () => 30.5)).toEqual({ weights: 'float32', reason })
  const whole = { ...model, byTokens: false }
  expect(await chooseWeights('auto', whole, async () => 1.5)).toMatchObject({ weights: 'float32' })
  expect(await ternaryProbe(runner)).toBeGreaterThan(0)
})

test('a budget is asked for what 2-bit weights take, which is less than float32 weights take', async () => {
  const content = randomContent(wide)
  const matrices = content.matrices.map((each) => ({
    ...each,
    init: { kind: 'signed-constant', magnitude: 1 } as const,
  }))
  const bytes = encode({ ...content, matrices, probe: null })
  const open = async (memoryLimit: number) =>
    expectSearched(await openTicket(memorySource(bytes, 'x'), nodeSha256, { memoryLimit }))
  const ticket = await open(1e9)
  const small = 6 * ternaryTicketWeights(ticket)
  const dense = [...ticket.matrices.values()].reduce((sum, { shape }) => sum + 4 * shape[0] * shape[1], 0)
  expect(small).toBeLessThan(dense)
  await (await runTernary(runner, kernels, await open(dense))).release()
  await expect(runTernary(runner, kernels, await open(4 * ternaryTicketWeights(ticket)))).rejects.toThrow(
    /^x: needs .* of memory to run/,
  )
})
