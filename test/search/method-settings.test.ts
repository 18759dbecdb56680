// Settings of methods: defaults, what goes together, fractions by matrix.
import { describe, expect, test } from 'vitest'
import { matricesOf } from '../../src/families/family.js'
import { optionOf } from '../../src/files/run-difference.js'
import { normal } from '../../src/random/index.js'
import { densitiesOf } from '../../src/search/densities.js'
import { secondMoment } from '../../src/search/matrix-methods.js'
import { randomMatrices } from '../../src/search/random-network.js'
import { scoreDistance } from '../../src/search/score-quantiser.js'
import { chooseSettings, resumedSettings, type SettingsChoice } from '../../src/search/settings.js'

const tokenizer = { name: 'bytes', vocabulary: 256 } as const
const settingsOf = (choice: Partial<SettingsChoice> = {}) =>
  chooseSettings({ kind: 'search', model: 'micro', steps: 100, ...choice }, tokenizer)

test('what is at its default is absent, so that old records are equal to new ones', () => {
  const plain = settingsOf()
  expect(
    settingsOf({
      ...{ scales: 'none', unusedRows: 'keep', densities: 'uniform', norms: 'plain' },
      ...{ algorithm: 'annealed', anneal: 0.95, softness: 1 },
    }),
  ).toEqual(plain)
  for (const name of ['coats', 'levels', 'densities', 'embeddings', 'scales', 'unusedRows']) {
    expect(plain).not.toHaveProperty(name)
  }
  expect(settingsOf({ algorithm: 'multicoated' }).coats).toEqual([0.3 ** 2, 0.3 ** 3])
  expect(settingsOf({ algorithm: 'levels' })).toMatchObject({ levels: 'ternary', keep: 1, initialisation: 'fan-in' })
  expect(settingsOf({ algorithm: 'levels' })).toMatchObject({ qkScale: 1, learningRate: 3e-3 })
})

test.each<Partial<SettingsChoice>>([
  { algorithm: 'multicoated', coats: [0.1, 0.02] },
  { algorithm: 'levels', levels: '3', embeddings: { bits: 4 } },
  { embeddings: { coats: 3 }, scales: 'learned', unusedRows: 'drop', norms: 'gains' },
  { algorithm: 'annealed', unusedRows: 'share' },
  { densities: { query: 0.1, head: 0.6 }, untied: true },
])('a run goes on with its method: %j', (choice) => {
  const settings = settingsOf(choice)
  expect(resumedSettings(settings, {}, tokenizer)).toEqual(settings)
  expect(JSON.parse(JSON.stringify(settings))).toEqual(settings)
})

test.each<[Partial<SettingsChoice>, string]>([
  [{ coats: [0.1] }, '"coats" expected --algorithm multicoated beside it, got [0.1]'],
  [
    { algorithm: 'multicoated', coats: [0.1, 0.2] },
    '"coats" expected fractions above 0 that do not grow, the first at most keep 0.3: coats nest, got [0.1,0.2]',
  ],
  [
    { algorithm: 'multicoated', coats: [0.4] },
    '"coats" expected fractions above 0 that do not grow, the first at most keep 0.3: coats nest, got [0.4]',
  ],
  [
    { algorithm: 'multicoated', coats: Array(15).fill(0.1) },
    `"coats" expected 1 to 14 fractions, those of the coats from the second on, got ${JSON.stringify(Array(15).fill(0.1))}`,
  ],
  [
    { algorithm: 'levels', anneal: 0.5 },
    '"anneal" expected --algorithm annealed, or levels and --softness, beside it, got 0.5',
  ],
  [{ algorithm: 'biprop', softness: 1 }, '"softness" expected --algorithm annealed or levels beside it, got 1'],
  [{ unusedRows: 'none' as never }, '"unused-rows" expected keep, drop or share, got none'],
  [{ levels: '3' }, '"levels" expected --algorithm levels or ada-sup beside it, got 3'],
  [{ algorithm: 'levels', levels: '5' as never }, '"levels" expected ternary, 2, 3, 4, got 5'],
  [{ embeddings: { bits: 5 as never } }, '"embedding-bits" expected 2, 3 or 4, got 5'],
  [{ embeddings: { coats: 1 } }, '"embedding-coats" expected 2, 3 or 4, got 1'],
  [{ embeddings: { keep: 0 } }, '"embedding-keep" expected a fraction above 0 and at most 1, got 0'],
  [
    { algorithm: 'levels', embeddings: { coats: 2 } },
    '"embedding-coats" expected --embedding-bits beside --algorithm levels, got 2',
  ],
  [
    { algorithm: 'biprop', scales: 'learned' },
    '"scales" expected none beside biprop, whose scale is the mean of the kept weights, got learned',
  ],
  [{ kind: 'train', scales: 'learned' }, '"scales" expected nothing in a training, which has no masks, got learned'],
  [
    { algorithm: 'ada-sup', keep: 0.5 },
    '"keep" expected less than 0.5 for ada-sup, which drops the weights of negative scores, got 0.5',
  ],
  [
    { densities: { query: 0.9, 'feed-forward': 0.9 } },
    '"density" expected fractions that leave the other roles more than nothing and at most all: with these "keep" lies above 0.353 and up to 0.961, got 0.3',
  ],
  [
    { densities: { head: 0.1 } },
    '"density" expected roles among token-embedding, position-embedding, query, key, value, attention-output, feed-forward, feed-forward-output, got head',
  ],
  [
    { densities: 'erk', selection: 'global' },
    '"density" expected --selection per-layer: a global one chooses the fractions, got erk',
  ],
])('%j is refused', (choice, message) => {
  expect(() => settingsOf(choice)).toThrow(new RangeError(message))
})

describe('densities', () => {
  const totals = (choice: Partial<SettingsChoice>) => {
    const settings = settingsOf(choice)
    const densities = densitiesOf(settings)
    const matrices = matricesOf(settings.config)
    const sizes = matrices.map(({ shape }) => shape[0] * shape[1])
    const kept = matrices.reduce((sum, { name }, i) => sum + densities.get(name)! * sizes[i], 0)
    return { densities, share: kept / sizes.reduce((a, b) => a + b, 0) }
  }

  test('ERK keeps the total, in proportion to (inputs + outputs) / (inputs * outputs), whole where that is more than all', () => {
    const { densities, share } = totals({ densities: 'erk', keep: 0.3 })
    expect(share).toBeCloseTo(0.3, 12)
    const [square, wide] = [densities.get('h.0.attn.q')!, densities.get('h.0.mlp.c_fc')!]
    expect(square / wide).toBeCloseTo(2 / 128 / ((128 + 512) / (128 * 512)), 12)
    const dense = totals({ densities: 'erk', keep: 0.8, width: '64', heads: 2 })
    expect(dense.share).toBeCloseTo(0.8, 12)
    expect(Math.max(...dense.densities.values())).toBe(1)
  })

  test('by hand the other roles share what is left', () => {
    const { densities, share } = totals({ densities: { query: 0.1, key: 0.1 } })
    expect(share).toBeCloseTo(0.3, 12)
    expect(densities.get('h.2.attn.k')).toBe(0.1)
    expect(densities.get('h.2.attn.v')).toBe(densities.get('wte'))
    expect(densities.get('wte')).toBeGreaterThan(0.3)
  })

  test('tables with a method of their own are left out', () => {
    const { densities } = totals({ densities: 'erk', embeddings: { keep: 0.7 } })
    expect(densities.get('wte')).toBe(0.3) // not used
    expect(densities.get('h.0.attn.q')).toBeGreaterThan(0.3)
  })
})

test('random weights are as large as the coats that they will wear make them', () => {
  const coats = { kind: 'coats', keeps: [0.3, 0.1, 0.05], isSigned: false } as const
  // 0.2 of the weights once, 0.05 twice, 0.05 three times
  expect(secondMoment(coats)).toBeCloseTo(0.2 + 0.05 * 4 + 0.05 * 9, 12)
  const scores = normal(1n, 3, 200_000)
  for (const [keep, most] of [
    [0.3, 2],
    [0.1, 7],
  ] as const) {
    const factors = scores.map((score) => Math.min(most, Math.max(0, Math.round(score / scoreDistance(keep)))))
    const kept = factors.reduce((sum, k) => sum + Number(k > 0), 0) / factors.length
    const squares = factors.reduce((sum, k) => sum + k * k, 0) / factors.length
    expect(kept).toBeCloseTo(keep, 2)
    expect(secondMoment({ kind: 'quantised', keep, most }) / squares).toBeCloseTo(1, 1)
  }
  const [, , plain] = randomMatrices(settingsOf({ initialisation: 'fan-in' }))
  const [, , coated] = randomMatrices(settingsOf({ algorithm: 'multicoated', coats: [0.3], initialisation: 'fan-in' }))
  const std = ({ init }: typeof plain) => (init.kind === 'normal' ? init.std : 0)
  expect(std(plain) / std(coated)).toBeCloseTo(2, 12) // every kept weight counts twice
})

test("a run's record names the options of methods", () => {
  expect(optionOf('settings.embeddings.bits')).toBe('--embedding-bits')
  expect(optionOf('settings.densities.query')).toBe('--density query')
  expect(optionOf('settings.densities')).toBe('--density')
  expect(optionOf('settings.unusedRows')).toBe('--unused-rows')
})
