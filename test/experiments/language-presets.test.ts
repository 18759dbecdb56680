import { describe, expect, test } from 'vitest'
import { figure7Runs } from '../../src/experiments/figure-7.js'
import { figure8Runs } from '../../src/experiments/figure-8.js'
import { choosePreset, type PresetChanges, type PresetName } from '../../src/experiments/language-presets.js'
import { languageWork } from '../../src/experiments/language-work.js'

const CRITICAL = 64 ** 0.25

test('the default preset: 3 widths of 3 curves and 6 scales, 3 seeds each, of which 6 runs serve both figures', () => {
  const preset = choosePreset('default')
  const [seven, eight] = [figure7Runs(preset), figure8Runs(preset)]
  expect([seven.length, eight.length]).toEqual([27, 18])
  expect(new Set([...seven, ...eight].map(({ name }) => name)).size).toBe(39)
  expect(eight.map(({ qkScale }) => qkScale)).toEqual([1, 1.5, 2, CRITICAL, 4, 5].flatMap((s) => [s, s, s]))
  expect(seven.find(({ name }) => name === `slt-short-1024-qk${CRITICAL}-seed2`)).toEqual({
    name: `slt-short-1024-qk${CRITICAL}-seed2`,
    variant: 'slt',
    layers: 2,
    width: 1024,
    heads: 16,
    context: 64,
    batch: 8,
    microBatch: 8,
    steps: 500,
    warmUp: 25,
    learningRate: 2e-3,
    finalLearningRate: 2e-4,
    keep: 0.3,
    qkScale: CRITICAL,
    seed: '2',
  })
  expect(seven[0]).toMatchObject({ variant: 'trained', width: 256, keep: 1, qkScale: 1, learningRate: 3e-3 })
})

test('scales that nearly agree are runs of their own', () => {
  const runs = figure8Runs(choosePreset('default', { scales: [2.828, 'auto'], seeds: 1 }))
  expect(new Set(runs.map(({ name }) => name)).size).toBe(2)
})

test("the paper's preset: its sizes and schedule", () => {
  const preset = choosePreset('paper')
  const runs = figure7Runs(preset)
  expect(runs).toHaveLength(81)
  expect(new Set(runs.map(({ layers, width, heads }) => `${layers}/${width}/${heads}`))).toEqual(
    new Set(['4/256/4', '4/512/8', '4/1024/16', '12/384/6', '12/768/12', '12/1536/24', '24/512/8', '24/1024/16', '24/2048/32']), // biome-ignore format: a list
  )
  for (const run of runs) {
    expect(run).toMatchObject({ context: 1024, batch: 512, microBatch: 4, steps: 11350, warmUp: 227 })
    expect([run.learningRate, run.finalLearningRate]).toEqual([1e-4, 1e-5])
  }
  expect(figure8Runs(choosePreset('paper', { models: ['small'] })).map(({ width }) => width)).toEqual(
    Array(18).fill(768),
  )
})

describe.each<PresetName>(['quick', 'default', 'paper'])('%s', (name) => {
  test('equal names mean equal runs, and equal runs equal names', () => {
    const preset = choosePreset(name)
    const runs = [...figure7Runs(preset), ...figure8Runs(preset)]
    const of = (key: (run: (typeof runs)[number]) => string) => new Set(runs.map(key)).size
    expect(of((run) => run.name)).toBe(of((run) => JSON.stringify(run)))
    expect(of((run) => run.name)).toBe(of(({ name: _, ...run }) => JSON.stringify(run)))
    for (const run of runs) expect(run.name).toMatch(/^[a-z0-9.-]+$/)
  })

  test('scaled and plain tickets share everything but the scale', () => {
    const runs = figure7Runs(choosePreset(name)).filter(({ variant }) => variant === 'slt')
    const plain = runs.filter(({ qkScale }) => qkScale === 1).map(({ name: _, qkScale: __, ...run }) => run)
    const scaled = runs.filter(({ qkScale }) => qkScale !== 1).map(({ name: _, qkScale: __, ...run }) => run)
    expect(scaled).toEqual(plain)
    expect(plain.length).toBeGreaterThan(0)
  })
})

test('changes: seeds from a first one on, scales and widths sorted without repeats, last rates a tenth of the highest', () => {
  const preset = choosePreset('default', {
    seeds: 2,
    seed: 2n ** 64n - 2n,
    scales: [3, 'auto', 1, 3],
    widths: [2, 0.5],
    steps: 99,
    searchRate: 0.02,
    trainRate: 1e-3,
    microBatch: 2,
  })
  expect(preset.seeds).toEqual(['18446744073709551614', '18446744073709551615'])
  expect(preset.scales).toEqual([1, CRITICAL, 3])
  expect(preset.widths).toEqual([0.5, 2])
  expect([preset.steps, preset.warmUp, preset.microBatch]).toEqual([99, 4, 2])
  const [trained, , searched] = figure7Runs(preset).filter(({ seed }) => seed === preset.seeds[0])
  expect([searched.learningRate, searched.finalLearningRate]).toEqual([0.02, 0.002])
  expect([trained.learningRate, trained.finalLearningRate]).toEqual([1e-3, 1e-4])
})

test.each<[PresetName, PresetChanges, RegExp]>([
  ['tiny' as PresetName, {}, /^"preset" expected quick, default, paper, got tiny$/],
  ['default', { seeds: 0 }, /^"seeds" expected an integer >= 1, got 0$/],
  ['default', { seed: 2n ** 64n - 2n }, /^"seeds" expected 3 seeds from 18446744073709551614 on to stay below 2\^64$/],
  ['default', { steps: 0 }, /^"steps" expected an integer >= 1, got 0$/],
  ['default', { scales: [] }, /^"scales" expected numbers > 0, got none$/],
  ['default', { scales: [1, -2] }, /^"scales" expected numbers > 0, got -2$/],
  [
    'default',
    { widths: [0.3] },
    /^"widths" expected a factor that makes short's width of 512 a multiple of .* 64, got 0\.3$/,
  ],
  ['default', { microBatch: 3 }, /^"micro-batch" expected a divisor of the batch of 8, got 3$/],
  ['paper', { models: ['mini', 'large'] }, /^"models" expected mini, small, medium, got large$/],
])('%s with %o is refused', (name, changes, message) => {
  expect(() => choosePreset(name, changes)).toThrow(RangeError)
  expect(() => choosePreset(name, changes)).toThrow(message)
})

test('work counts the products of a step: 6 operations for each weight and token, and attention', () => {
  const [run] = figure7Runs(choosePreset('quick'))
  expect(run).toMatchObject({ layers: 1, width: 32, context: 32, batch: 8, steps: 30 })
  const weights = 12 * 32 * 32 + 256 * 32
  const attention = 2 * 32 * 32 // q.k and the weighted sum of v, for each of 32 positions
  expect(languageWork(run, 256)).toBe(6 * (weights + attention) * 8 * 32 * 30)
})
