// Budgets in bytes: no ticket is larger than it was told to be, whatever its masks are.
import { describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { matricesOf } from '../../src/families/family.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { allocateParameters } from '../../src/kernels/index.js'
import { bytesAtMost, choiceOfBytes } from '../../src/search/budget.js'
import { foundTicket } from '../../src/search/found-ticket.js'
import { modelParameters } from '../../src/search/loss-step.js'
import { createMaskSearch } from '../../src/search/mask-search.js'
import { memoryKinds } from '../../src/search/matrix-methods.js'
import { fillRandomNetwork } from '../../src/search/random-network.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'
import { withSharedRows } from '../../src/search/shared-rows.js'
import { unusedRows } from '../../src/search/unused-rows.js'
import { encodeSearchedTicket } from '../../src/ticket/index.js'

const byteTokenizer = { name: 'bytes', vocabulary: 256 } as const
const train = Uint16Array.from({ length: 500 }, (_, i) => 97 + (i % 26))
const corpus = { name: 'letters.txt', sha256: '0'.repeat(64), train }
const base = { kind: 'search', model: 'micro', layers: 2, steps: 100 } as const satisfies SettingsChoice

/** Bytes of a ticket whose scores have nothing to do with those of the seed. */
async function bytesOf(choice: SettingsChoice): Promise<number> {
  const settings = chooseSettings(choice, byteTokenizer)
  const memory = await allocateParameters(loadKernels, modelParameters(settings, memoryKinds(settings)))
  const unused = unusedRows(settings, train)
  fillRandomNetwork(memory, settings, { unused })
  const algorithm = withSharedRows(createMaskSearch(memory, settings, unused), memory, unused)
  for (let step = 1; step <= 3; step++) {
    for (const [m, { gradient }] of memory.matrices.entries())
      for (let i = 0; i < gradient.length; i++) gradient[i] = Math.sin(i * i * (m + 1) + step)
    algorithm.update({ learningRate: 1, beta1: 0, beta2: 0.5, epsilon: 1e-8, weightDecay: 0, step })
  }
  const options = { name: 'letters.txt', coding: 'range', steps: 100, validLoss: 1.23456789012345 } as const
  const found = foundTicket({ settings, memory, algorithm, corpus, unused } as never, options)
  return encodeSearchedTicket({ ...found, probe: null }, nodeSha256).bytes.length
}

test.each<Partial<SettingsChoice>>([
  { keep: 0.3, initialisation: 'signed-constant' },
  { keep: 0.1, algorithm: 'edge-popup', initialisation: 'fan-in', norms: 'learned' },
  { keep: 0.4, embeddings: { coats: 3 } },
  { keep: 0.5, embeddings: { bits: 4 }, norms: 'gains', unusedRows: 'share' },
  { keep: 0.3, embeddings: { bits: 2 }, unusedRows: 'drop', untied: true },
])('a ticket takes no more than its bound, and not much less: %j', async (own) => {
  const choice = { ...base, ...own }
  const [most, bytes] = [bytesAtMost(choice, byteTokenizer, train), await bytesOf(choice)]
  expect(bytes).toBeLessThanOrEqual(most)
  expect(bytes).toBeGreaterThan(0.93 * most)
})

describe('a budget', () => {
  const choose = (bytes: number, own: Partial<SettingsChoice> = {}) =>
    choiceOfBytes({ ...base, ...own }, bytes, byteTokenizer, train)

  test('is filled by the widest network that keeps 0.3 of its weights, or more', () => {
    for (const bytes of [20_000, 40_000, 100_000, 300_000]) {
      const found = choose(bytes)
      expect(bytesAtMost(found, byteTokenizer, train)).toBeLessThanOrEqual(bytes)
      expect(bytesAtMost(found, byteTokenizer, train)).toBeGreaterThan(0.85 * bytes)
      expect(found).toMatchObject({ embeddings: { bits: 4 }, norms: 'gains' })
      expect(found.keep).toBeGreaterThanOrEqual(0.3)
      expect(found.keep).toBeLessThanOrEqual(0.5)
      const wider = { ...found, width: String(Number(found.width) + 8), keep: 0.3 }
      expect(bytesAtMost(wider, byteTokenizer, train)).toBeGreaterThan(bytes)
      expect(matricesOf(chooseSettings(found, byteTokenizer).config).length).toBe(14)
    }
  })

  test('leaves what is given', () => {
    expect(choose(60_000, { keep: 0.1 })).toMatchObject({ keep: 0.1 })
    expect(Number(choose(60_000, { keep: 0.1 }).width)).toBeGreaterThan(Number(choose(60_000).width))
    const given = choose(60_000, { width: '128', norms: 'plain', embeddings: { keep: 0.2 } })
    expect(given).toMatchObject({ width: '128', norms: 'plain', embeddings: { keep: 0.2 } })
    expect(given.keep).toBeGreaterThan(0)
  })

  test.each<[number, Partial<SettingsChoice>, RegExp]>([
    [900, {}, /^"bytes" expected at least \d+ for the narrowest network, got 900$/],
    [5_000, { width: '128' }, /^"bytes" expected at least \d+ for width 128, got 5000$/],
    [0.5, {}, /^"bytes" expected an integer >= 1, got 0.5$/],
    [
      60_000,
      { width: '128', keep: 0.3 },
      /^"bytes" expected a width or a density to choose, not both given, got width 128 and keep 0.3$/,
    ],
    [60_000, { algorithm: 'sampled' }, /^"bytes" expected one of annealed, edge-popup, got sampled$/],
    [60_000, { densities: 'erk' }, /^"bytes" expected one density, which it chooses, got density$/],
    [60_000, { kind: 'train' }, /^"bytes" expected a search, got train$/],
  ])('of %d bytes with %j is refused', (bytes, own, message) => {
    expect(() => choose(bytes, own)).toThrow(message)
  })
})
