import { expect, test } from 'vitest'
import { searchModels } from '../../src/search/models.js'
import { defaultText, presetText } from '../../src/search/presets.js'
import { chooseSettings, resumedSettings, type SettingsChoice } from '../../src/search/settings.js'

const bytes = { name: 'bytes', vocabulary: 256 } as const
const settings = (choice: Partial<SettingsChoice> = {}) => chooseSettings({ kind: 'search', ...choice }, bytes)

test('the paper’s preset has its settings, for a search and for a training', () => {
  const paper = {
    ...{ initialisation: 'gpt2', batch: 512, microBatch: 4, steps: 11_350, warmUp: 227, schedule: 'cosine' },
    ...{ learningRate: 1e-4, finalLearningRate: 1e-5, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  }
  const found = settings({ preset: 'paper', model: 'mini' })
  expect(found).toMatchObject({ ...paper, algorithm: 'edge-popup', keep: 0.3, selection: 'per-layer' })
  expect(found.qkScale).toBe(64 ** 0.25)
  expect(settings({ preset: 'paper', kind: 'train' })).toMatchObject({ ...paper, keep: 1, qkScale: 1 })
  expect('preset' in found).toBe(false)
})

test('what is given wins over a preset, and what follows from it follows', () => {
  const found = settings({ preset: 'paper', steps: 100, learningRate: 1e-2, batch: 6, qkScale: 2 })
  expect(found).toMatchObject({ steps: 100, warmUp: 2, learningRate: 1e-2, finalLearningRate: 1e-3, batch: 6 })
  expect(found).toMatchObject({ microBatch: 6, qkScale: 2, initialisation: 'gpt2' })
  expect(settings({ preset: 'paper', keep: undefined }).keep).toBe(0.3)
  expect(() => settings({ preset: 'papers' as never })).toThrow('"preset" expected paper, got papers')
})

test('a run goes on as it began, whatever the defaults or a preset say', () => {
  const old = settings({ batch: 4, steps: 50, learningRate: 0.01, beta1: 0.5 })
  expect(old).not.toHaveProperty('clip')
  expect(old).not.toHaveProperty('scoreScale')
  expect(resumedSettings(old, { batch: 4 }, bytes)).toEqual(old)
  const clipped = settings({ clip: 2, scoreScale: 0.5 })
  expect(resumedSettings(clipped, { keep: 0.3 }, bytes)).toEqual(clipped)
  expect(resumedSettings(clipped, { clip: 'none' }, bytes)).not.toHaveProperty('clip')
  // A preset that is asked for is what the run must have been begun with.
  expect(resumedSettings(old, { preset: 'paper' }, bytes)).toEqual(settings({ preset: 'paper' }))
  const paper = settings({ preset: 'paper', steps: 60 })
  expect(resumedSettings(paper, { preset: 'paper', steps: 60 }, bytes)).toEqual(paper)
})

test.each(Object.keys(searchModels))('%s has defaults for searches and trainings', (model) => {
  for (const kind of ['search', 'train'] as const) {
    const found = settings({ kind, model: model as keyof typeof searchModels })
    expect(found.batch % found.microBatch).toBe(0)
    expect(found.warmUp).toBeLessThan(found.steps)
  }
})

test('help says what the defaults and the preset are', () => {
  expect(defaultText('search', 'batch')).toMatch(/^\d+; tiny, llama-tiny, bert-tiny: \d+; mini, small, medium: \d+$/)
  expect(defaultText('search', 'beta2')).toBe(String(settings().beta2))
  expect(presetText('paper')).toContain('batch 512 in micro-batches of 4, 11,350 steps, lr 0.0001 to 0.00001 (cosine)')
})

test.each([
  [{ clip: 0 }, '"clip" expected a finite number > 0, got 0'],
  [{ clip: Number.NaN }, '"clip" expected a finite number > 0, got NaN'],
  [{ scoreScale: -1 }, '"score-scale" expected a finite number > 0, got -1'],
])('refuses %j', (choice, message) => {
  expect(() => settings(choice)).toThrow(message)
})
