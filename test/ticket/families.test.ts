import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { nodeDeflate } from '../../src/engine/node.js'
import type { BaseConfig } from '../../src/families/config.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { packedBytes } from '../../src/mask/index.js'
import { memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { decodeCompact, encodeCompact } from '../../src/ticket/compact.js'
import { hashOf } from '../../src/ticket/hash.js'
import {
  type Construction,
  encodeSearchedTicket,
  expectPruned,
  keptDense,
  maskCodings,
  openTicketWriter,
  type PairSpec,
  plannedPairs,
  recodePruned,
  searchedContent,
} from '../../src/ticket/index.js'
import { readTicketText } from '../../src/ticket/ticket-text.js'
import { smallBert, smallGpt2, smallLlama } from '../families/small-models.js'
import { open, options, report } from './example.js'
import { forge, type Loose, refusal } from './forge.js'
import { memoryStorage } from './memory-storage.js'
import { encode, openSearched, randomContent, smallConfig } from './searched-example.js'

const metadataOf = async (bytes: Uint8Array): Promise<Loose> =>
  JSON.parse((await openSafetensors(memorySource(bytes))).metadata.get('slt')!)

const probe = { tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-3 }
const searched = (config: BaseConfig) => randomContent(config, { norms: 'learned', redrawn: 3, probe })

describe.each([
  ['llama', smallLlama],
  ['bert', smallBert],
] as const)('a searched %s', (family, config) => {
  test.each(maskCodings)('is version 3, comes back and is written again as it was: %s', async (coding) => {
    const content = searched(config)
    const { bytes, sha256 } = encodeSearchedTicket({ ...content, coding }, nodeSha256, nodeDeflate)
    const { config: stored, ...head } = await metadataOf(bytes)
    expect(Object.keys(head).slice(0, 6)).toEqual(['version', 'generator', 'seed', 'kind', 'family', 'coding'])
    expect(head).toMatchObject({ version: '3', kind: 'searched', family, coding })
    const { family: _, ...fields } = config
    expect(stored).toEqual(fields)
    const ticket = await openSearched(bytes)
    expect(ticket).toMatchObject({ kind: 'searched', coding, sha256, metadata: { config, norms: 'learned' } })
    for (const [name, values] of content.dense) expect(await ticket.readDense(name)).toEqual(values)
    const again = { ...(await searchedContent(ticket, () => null)), coding }
    expect(encodeSearchedTicket(again, nodeSha256, nodeDeflate).bytes).toEqual(bytes)
  })

  test('comes back from its compact form, whose first byte says that it is no GPT-2', async () => {
    const scored = (coding: 'bits' | 'range') => ({
      ...searched(config),
      coding,
      matrices: searched(config).matrices.map((matrix, i) => ({ ...matrix, scores: 2 ** 45 + i })),
    })
    for (const content of [searched(config), scored('range'), scored('bits')]) {
      const file = encode(content)
      const { bytes } = await encodeCompact(await openSearched(file), nodeSha256)
      expect(bytes[0]).toBe(2)
      expect(Buffer.compare(decodeCompact('x', bytes, nodeSha256).bytes, file)).toBe(0)
    }
    expect((await encodeCompact(await openSearched(encode(randomContent(smallConfig))), nodeSha256)).bytes[0]).toBe(1)
  })
})

test('links that were written are read for ever', async () => {
  const vector = (name: string) => readFileSync(new URL(`../vectors/tickets/${name}`, import.meta.url))
  const links: Record<string, string> = JSON.parse(vector('links.json').toString())
  expect(Object.keys(links)).toEqual([
    'searched-llama.slt.safetensors',
    'searched-bert.slt.safetensors',
    'packed-range.slt.safetensors',
    'packed-bits.slt.safetensors',
    'packed-coats.slt.safetensors',
    'packed-signed.slt.safetensors',
    'packed-gains.slt.safetensors',
    'packed-shared.slt.safetensors',
  ])
  for (const [file, link] of Object.entries(links)) {
    expect(Buffer.compare(decodeCompact('x', readTicketText('x', link), nodeSha256).bytes, vector(file))).toBe(0)
  }
})

test('a GPT-2 may be of version 3 too, and reads as of version 1', async () => {
  const bytes = encode(randomContent(smallConfig))
  const third = await forge(bytes, (m) => {
    Object.assign(m, { version: '3', kind: 'searched', family: 'gpt2', coding: 'bits' })
    for (const matrix of m.matrices as Loose[]) matrix.scores = null
  })
  const [{ metadata: first }, { metadata }] = [await openSearched(bytes), await openSearched(third)]
  expect(metadata).toEqual({
    ...first,
    version: '3',
    matrices: first.matrices.map((matrix) => ({ ...matrix, scores: null })),
  })
})

const construction = { items: 4, scale: 'auto', method: 'plain', embeddingItems: 6 } as const

/** A pruned ticket whose masks keep nothing. */
async function pruned(config: BaseConfig, change: Pick<Construction, 'attention' | 'dense'>): Promise<Uint8Array> {
  const own: Construction = { ...construction, ...change }
  const init = { kind: 'uniform', range: 1 } as const
  const pairs = plannedPairs(config, own).map(({ name, inputs, outputs }, i): PairSpec => {
    const [first, second] = [2 * i, 2 * i + 1].map((stream) => ({ stream, init }))
    return { name, inputs, hidden: inputs, outputs, activation: 'linear', divisor: 1, first, second }
  })
  const dense = keptDense(config, own).map(({ name, shape }, i) => {
    return { name, shape, values: new Float32Array(shape.reduce((a, b) => a * b)).fill(i) }
  })
  const storage = memoryStorage()
  const writer = await openTicketWriter({ ...options(storage), config, pairs, dense, construction: own })
  for (const spec of pairs) {
    const coordinate = Uint16Array.from({ length: spec.hidden }, (_, k) => k)
    await writer.writePair(
      { spec, coordinate, second: new Uint8Array(packedBytes(spec.hidden * spec.outputs)) },
      report,
    )
  }
  await writer.finish({ probe })
  return storage.published.get('x')!
}

describe.each([
  ['llama', smallLlama, { attention: 'factored', dense: 'none' }],
  ['llama', smallLlama, { attention: 'rotary', dense: 'embeddings' }],
  ['bert', smallBert, { attention: 'merged', dense: 'none' }],
  ['gpt2', smallGpt2, { attention: 'merged', dense: 'none' }],
  ['gpt2', smallGpt2, { attention: 'factored', dense: 'embeddings' }],
] as const)('a pruned %s, %#', (family, config, change) => {
  test('is version 3, says how it was made, and comes back from every coding', async () => {
    const bytes = await pruned(config, change)
    const stored = await metadataOf(bytes)
    expect(stored).toMatchObject({ version: '3', kind: 'pruned', family, coding: 'bits' })
    expect(Object.entries(stored.construction as object)).toEqual(
      Object.entries({ items: 4, scale: 'auto', method: 'plain', ...change, embeddingItems: 6 }),
    )
    const ticket = expectPruned(await open(bytes))
    expect(ticket.metadata).toMatchObject({ kind: 'pruned', config, construction: change })
    expect([...ticket.dense.keys()]).toEqual(keptDense(config, { ...construction, ...change }).map(({ name }) => name))
    for (const coding of maskCodings) {
      const { text, tensors } = await recodePruned(ticket, coding, nodeDeflate)
      const recoded = []
      for (const tensor of tensors) {
        const content = tensor.bytes ?? new Uint8Array((await ticket.readDense(tensor.dense!)).buffer)
        recoded.push({ ...tensor, bytes: content })
      }
      const sha256 = hashOf(nodeSha256, new TextEncoder().encode(text), ...recoded.map((tensor) => tensor.bytes))
      const other = expectPruned(await open(encodeSafetensors(recoded, { slt: text, 'slt.sha256': sha256 })))
      expect(other.metadata).toEqual({ ...ticket.metadata, coding })
      expect((await recodePruned(other, 'bits')).text).toBe((await recodePruned(ticket, 'bits')).text)
    }
  })
})

test('a merged GPT-2 that keeps its embeddings is version 1, under the names that it always had', async () => {
  const bytes = await pruned(smallGpt2, { attention: 'merged', dense: 'embeddings' })
  const stored = await metadataOf(bytes)
  expect(stored).toMatchObject({ version: '1', kind: 'pruned-gpt2' })
  expect(Object.keys(stored)).not.toContain('family')
  expect(stored.construction).toEqual({ items: 4, scale: 'auto', method: 'plain' })
  const names = [...(await openSafetensors(memorySource(bytes))).tensors.keys()]
  expect(names.slice(0, 4)).toEqual([
    'transformer.wte.weight',
    'transformer.wpe.weight',
    'transformer.h.0.ln_1.weight',
    'transformer.h.0.ln_1.bias',
  ])
  const ticket = expectPruned(await open(bytes))
  expect([...ticket.dense.keys()].slice(0, 4)).toEqual(['wte', 'wpe', 'h.0.ln_1.weight', 'h.0.ln_1.bias'])
  expect((await ticket.readDense('wpe'))[0]).toBe(1)
  expect(ticket.storedBytes.get('wte')).toBe(4 * 300 * 6)
})

test('no items of embeddings, or null of them, are those of all matrices', async () => {
  const bytes = await pruned(smallLlama, { attention: 'factored', dense: 'none' })
  const change = (m: Loose) => Object.assign(m.construction as object, { embeddingItems: null })
  const ticket = expectPruned(await open(await forge(bytes, change)))
  expect(ticket.metadata.construction).toEqual({
    items: 4,
    scale: 'auto',
    method: 'plain',
    attention: 'factored',
    dense: 'none',
  })
  expect(JSON.parse((await recodePruned(ticket, 'bits')).text).construction.embeddingItems).toBe(null)
})

describe('refused in one line', () => {
  const set = (path: string, value: unknown) => (m: Loose) => {
    const keys = path.split('.')
    const last = keys.pop()!
    ;(keys.reduce((object, key) => object[key] as Loose, m) as Loose)[last] = value
  }
  const cases: [string, (m: Loose) => void, RegExp][] = [
    ['an unknown family', set('family', 'rwkv'), /"family" expected gpt2, llama, bert, got "rwkv"/],
    ['no family', (m) => delete m.family, /"family" expected a name, got undefined/],
    ['a kind of version 1', set('kind', 'searched-gpt2'), /"kind" expected pruned, pruned-pairs, searched, got/],
    ['no coding', (m) => delete m.coding, /"coding" expected bits, deflate, range, got undefined/],
    ['another head count', set('config.keyHeads', 3), /"keyHeads" expected a divisor of the 4 heads, got 3/],
    ['a billion layers', set('config.layers', 1e9), /"matrices" expected at least one for each of 1000000000 layers/],
    ['huge heads', set('config.headWidth', 2 ** 40), /"layers.0.self_attn.q_proj.shape" expected \[6,4398046511104\]/],
    ['no scores', (m) => delete (m.matrices as Loose[])[0].scores, /"embed_tokens.scores" expected an integer/],
    [
      'the matrices of a BERT',
      set('family', 'bert'),
      /"types" expected a number, got undefined \(the ticket says that it is of a BERT\)/,
    ],
  ]
  test.each(cases)('a searched Llama with %s', async (_, change, message) => {
    expect(await refusal(await forge(encode(searched(smallLlama)), change))).toMatch(message)
  })

  test("a family inside of the configuration that is not the ticket's", async () => {
    const third = encode(searched(smallLlama))
    expect(await refusal(await forge(third, set('config.family', 'bert')))).toMatch(
      /"config.family" expected llama, the ticket's, got "bert"/,
    )
    expect((await openSearched(await forge(third, set('config.family', 'llama')))).metadata.config).toEqual(smallLlama)
    const first = encode(randomContent(smallConfig))
    expect(await refusal(await forge(first, set('config.family', 'llama')))).toMatch(/"config.family" expected gpt2/)
    expect(await refusal(await forge(first, set('config.family', 3)))).toMatch(/"config.family" expected gpt2.* got 3/)
    expect((await openSearched(await forge(first, set('config.family', 'gpt2')))).metadata.config).toEqual(smallConfig)
  })

  test('an encoder of bytes without a token for the mask, a probe wider than its hidden state', async () => {
    const bytes = { ...smallBert, vocabulary: 257 }
    expect(await refusal(encode({ ...searched(bytes), tokenizer: 'bytes' }))).toBe('')
    const without = searched({ ...smallBert, vocabulary: 256 })
    expect(() => encode({ ...without, tokenizer: 'bytes' })).toThrow(
      '"vocabulary" expected 257 for the tokenizer bytes, got 256',
    )
    const wide = { ...probe, logits: [1, 2, 3, 4, 5, 6, 7] }
    expect(() => encode({ ...searched(smallBert), probe: wide })).toThrow('no more logits than the width')
  })

  const pair = (m: Loose) => (m.pairs as Loose[])[0]
  const prunedCases: [string, (m: Loose) => void, RegExp][] = [
    ['a billion layers', set('config.layers', 1e9), /"pairs" expected at least 4000000000 for the configuration, got/],
    ['a trillion tokens', set('config.vocabulary', 1e12), /"pairs" expected at least 7812500000 for the configuration/],
    ['another attention', set('construction.attention', 'linear'), /"construction.attention" expected merged, fac/],
    ['merged attention', set('construction.attention', 'merged'), /"attention" expected factored or rotary for Llama/],
    ['nothing said of what is dense', set('construction.dense', undefined), /"construction.dense" expected none, emb/],
    ['0 items', set('construction.embeddingItems', 0), /"construction.embeddingItems" expected an integer >= 1, got 0/],
    ['items of another kind', set('construction.itemsPer', 'head'), /"construction.itemsPer" expected matrix, got "he/],
    [
      'items by matrix and of embeddings',
      set('construction.itemsPer', 'matrix'),
      /expected null beside itemsPer, got 6/,
    ],
    [
      'more items than it says',
      (m) => {
        Object.assign(m.construction as object, { itemsPer: 'matrix', embeddingItems: null })
        pair(m).hidden = 5 * (pair(m).inputs as number)
      },
      /pair "embed_tokens.0" expected a multiple of 9 hidden units, at most 36, got 45/,
    ],
    ['a pair by another name', (m) => (pair(m).name = 'x'), /pair "embed_tokens.0" is missing/],
    ['a pair of another size', set('config.vocabulary', 8), /pair "embed_tokens.0" expected 8 x 6, got 9 x 6/],
    ['something dense', (m) => (m.dense = [{ name: 'd', shape: [] }]), /"dense" expected 0 tensors for the/],
  ]
  test.each(prunedCases)('a pruned Llama with %s', async (_, change, message) => {
    const whole = await pruned(smallLlama, { attention: 'factored', dense: 'none' })
    expect(await refusal(await forge(whole, change))).toMatch(message)
  })
  test('a rotary Llama of heads without end', async () => {
    const whole = await pruned(smallLlama, { attention: 'rotary', dense: 'none' })
    expect(await refusal(await forge(whole, set('config.headWidth', 2 ** 50)))).toMatch(/"pairs" expected at least/)
  })
})
