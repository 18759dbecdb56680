import { describe, expect, test } from 'vitest'
import { nodeSha256 } from '../../src/files/sha256.js'
import { canonicalJson, differences, fingerprintOf } from '../../src/search/fingerprint.js'
import { chooseModel } from '../../src/search/models.js'
import { chooseSettings, resumedSettings, type SettingsChoice } from '../../src/search/settings.js'

const bytes = { name: 'bytes', vocabulary: 256 } as const
const choose = (choice: Partial<SettingsChoice> = {}) =>
  chooseSettings({ kind: 'search', model: 'micro', ...choice }, bytes)

test('the paper’s models are GPT-2 shapes; widths scale the heads with them', () => {
  expect(chooseModel({ model: 'mini' }, 50257)).toMatchObject({ layers: 4, width: 512, heads: 8, inner: 2048 })
  expect(chooseModel({ model: 'small' }, 50257)).toMatchObject({ layers: 12, width: 768, heads: 12, positions: 1024 })
  expect(chooseModel({ model: 'medium', width: 'x0.5' }, 50257)).toMatchObject({ layers: 24, width: 512, heads: 8 })
  expect(chooseModel({ model: 'small', width: 'x2' }, 9)).toMatchObject({ width: 1536, heads: 24, inner: 6144 })
  expect(chooseModel({ model: 'micro', width: '320' }, 9)).toMatchObject({ width: 320, heads: 5 })
  expect(chooseModel({ model: 'micro', width: '32', heads: 4, inner: 10 }, 9)).toMatchObject({ heads: 4, inner: 10 })
})

test('searching anneals masks of signed constants with a QK scale of 1; GPT-2 weights get n_K^(1/4); training has no mask', () => {
  expect(choose()).toMatchObject({ algorithm: 'annealed', keep: 0.3, initialisation: 'signed-constant', qkScale: 1 })
  expect(choose({ initialisation: 'gpt2' }).qkScale).toBeCloseTo(64 ** 0.25, 12)
  expect(choose({ qkScale: 'auto' }).qkScale).toBeCloseTo(2.828427, 6)
  const train = choose({ kind: 'train' })
  expect(train).toMatchObject({ keep: 1, algorithm: 'dense', initialisation: 'fan-in', qkScale: 1, redrawEvery: 0 })
})

test('short runs warm up within their length', () => {
  expect(choose({ steps: 1 }).warmUp).toBe(0)
  expect(choose({ steps: 400 }).warmUp).toBe(20)
  expect(choose({ steps: 100_000 }).warmUp).toBe(100)
})

describe('a value that cannot be is named, with what was expected', () => {
  const cases: [Partial<SettingsChoice>, RegExp][] = [
    [{ keep: 0 }, /^"keep" expected 0 < keep < 1, got 0$/],
    [{ keep: 1.5 }, /^"keep" expected 0 < keep < 1, got 1.5$/],
    [{ keep: 1 }, /^"keep" expected 0 < keep < 1, got 1: it keeps every weight, .* \(slt train trains the weights\)$/],
    [{ keep: 1, algorithm: 'iterand' }, /^"keep" expected 0 < keep < 1, got 1: it keeps every weight/],
    [{ keep: 1 - 1e-7 }, /^"keep" expected fewer than all of 835,584 weights, got 0\.9999999, which keeps every one$/],
    [{ keep: 0.00001 }, /^"keep" expected at least 0\.0000611, one of 16,384 weights of wpe, got 0\.00001$/],
    [
      { keep: 0.00001, selection: 'global' },
      /^"keep" expected at least 0\.0000312, one weight for each of the 26 matrices, got 0\.00001$/,
    ],
    [{ keep: Number.NaN }, /^"keep" expected .*, got NaN$/],
    [{ heads: 3 }, /^"heads" expected a divisor of the width 128, got 3$/],
    [{ width: '100' }, /^"width" expected a multiple of the head width 64 .*, got 100$/],
    [{ width: 'x0.3' }, /^"width" expected an integer >= 1 or a factor .*, got x0.3$/],
    [{ width: 'wide' }, /^"width" expected .*, got wide$/],
    [{ context: 1 }, /^"context" expected an integer >= 2, got 1$/],
    [
      { model: 'huge' as never },
      /^"model" expected micro, tiny, mini, small, medium, llama-micro, llama-tiny, bert-micro, bert-tiny, got "huge"$/,
    ],
    [{ steps: 0 }, /^"steps" expected an integer >= 1, got 0$/],
    [{ batch: 1.5 }, /^"batch" expected an integer >= 1, got 1.5$/],
    [{ steps: 10, warmUp: 10 }, /^"warm-up" expected fewer than the 10 steps, got 10$/],
    [{ learningRate: 0 }, /^"lr" expected a finite number > 0, got 0$/],
    [{ learningRate: 0.1, finalLearningRate: 0.2 }, /^"final-lr" expected 0 <= rate <= 0.1, got 0.2$/],
    [{ beta1: 1 }, /^"beta1" expected 0 <= beta1 < 1/],
    [{ beta2: 0.99999999 }, /^"beta2" expected 0 <= beta2 < 1.*, got 0\.99999999$/],
    [{ epsilon: 1e-50 }, /^"epsilon" expected float32 epsilon > 0, got 1e-50$/],
    [{ epsilon: 0 }, /^"epsilon" expected float32 epsilon > 0, got 0$/],
    [{ learningRate: 1e99 }, /^"lr" expected 1\.40e-45 <= lr <= 3\.40e\+38, got 1e\+99$/],
    [{ learningRate: 1e-50 }, /^"lr" expected 1\.40e-45 <= lr <= 3\.40e\+38, got 1e-50$/],
    [{ epsilon: 1e39 }, /^"epsilon" expected 1\.40e-45 <= epsilon <= 3\.40e\+38, got 1e\+39$/],
    [
      { weightDecay: 1e30 },
      /^"lr" and "weight-decay" expected a product of at most 2, beyond which .*, got 0\.002 and 1e\+30$/,
    ],
    [{ learningRate: 1e30 }, /^"lr" and "weight-decay" expected a product of at most 2, .*, got 1e\+30 and 0\.01$/],
    [{ qkScale: 1e30 }, /^"qk-scale" expected 5\.42e-20 <= qk-scale <= 4\.29e\+9, got 1e\+30$/],
    [{ qkScale: 1e-30 }, /^"qk-scale" expected 5\.42e-20 <= qk-scale <= 4\.29e\+9, got 1e-30$/],
    [{ weightDecay: -1 }, /^"weight-decay" expected a finite number >= 0, got -1$/],
    [{ qkScale: 0 }, /^"qk-scale" expected a finite number > 0, got 0$/],
    [{ algorithm: 'iterand', redrawRate: 2 }, /^"redraw-rate" expected 0 < redraw-rate <= 1, got 2$/],
    [{ algorithm: 'iterand', redrawEvery: 7 }, /^"redraw-every" expected an integer >= 8, got 7$/],
    [{ selection: 'both' as never }, /^"selection" expected per-layer, global, got both$/],
    [{ initialisation: 'ones' as never }, /^"initialisation" expected gpt2, .*, got ones$/],
  ]
  test.each(cases)('%j', (choice, message) => {
    expect(() => choose(choice)).toThrow(RangeError)
    expect(() => choose(choice)).toThrow(message)
  })
})

test('the least keep of a message is accepted, and keeps one weight of the smallest matrix', () => {
  const small = { layers: 1, width: '24', heads: 4, inner: 24, context: 11 } as const
  for (const selection of ['per-layer', 'global'] as const) {
    let least = 0
    try {
      choose({ ...small, selection, keep: 1e-9 })
    } catch (error) {
      least = Number(/at least ([\d.e-]+),/.exec((error as Error).message)![1])
    }
    expect(choose({ ...small, selection, keep: least }).keep).toBe(least)
    expect(() => choose({ ...small, selection, keep: 0.98 * least })).toThrow(/^"keep" expected at least/)
  }
})

test('a run that was begun with what a new one may not have goes on', () => {
  const old = { ...choose(), keep: 1, qkScale: 1e30, learningRate: 1e39 }
  expect(resumedSettings(old, { steps: old.steps }, bytes)).toEqual(old)
  expect(() => resumedSettings(old, { keep: 1.5 }, bytes)).toThrow('"keep" expected 0 < keep <= 1, got 1.5')
})

test('training keeps every weight', () => expect(choose({ kind: 'train', keep: 0.00001 }).keep).toBe(1))

test('the fingerprint knows no order of keys; differences are told in words', () => {
  const [a, b] = [choose(), choose({ keep: 0.5, layers: 2 })]
  expect(canonicalJson({ b: 1, a: { d: [2, 1], c: 3 } })).toBe('{"a":{"c":3,"d":[2,1]},"b":1}')
  const reversed = Object.fromEntries(Object.entries(a).reverse())
  expect(fingerprintOf(nodeSha256, reversed)).toBe(fingerprintOf(nodeSha256, a))
  expect(fingerprintOf(nodeSha256, b)).not.toBe(fingerprintOf(nodeSha256, a))
  expect(differences(a, reversed)).toBeUndefined()
  expect(differences(a, b)).toBe('config.layers is 4 there, 2 here; keep is 0.3 there, 0.5 here')
  expect(differences({}, { seed: '1' })).toBe('seed is absent there, 1 here')
})

test('heads that positions cannot turn are told by what was given', () => {
  const choice = { model: 'llama-micro', width: '12' } as const
  expect(() => chooseModel({ ...choice, heads: 4 }, 256)).toThrow(
    '"heads" expected a divisor of the width 12 that gives each an even width, whose positions are turned by pairs, got 4',
  )
  expect(() => chooseModel({ ...choice, heads: 3, keyHeads: 2 }, 256)).toThrow(
    '"key-heads" expected a divisor of the 3 heads, got 2',
  )
  expect(chooseModel({ ...choice, heads: 3, keyHeads: 3 }, 256)).toMatchObject({ headWidth: 4 })
  expect(chooseModel({ model: 'bert-micro', width: '12', heads: 4 }, 256)).toMatchObject({ heads: 4 })
})

test('new signed constants have fp16 magnitudes; a run that began without keeps its own', () => {
  const choice: SettingsChoice = { kind: 'search', model: 'micro', initialisation: 'signed-constant' }
  const settings = chooseSettings(choice, bytes)
  expect(settings.magnitudes).toBe('float16')
  expect(resumedSettings(settings, { steps: settings.steps }, bytes)).toEqual(settings)
  const { magnitudes: _, ...old } = settings
  expect(resumedSettings(old, { steps: old.steps }, bytes)).toEqual(old)
  expect(chooseSettings({ ...choice, magnitudes: 'exact' }, bytes)).toEqual(old)
  expect(chooseSettings({ ...choice, initialisation: 'fan-in' }, bytes)).not.toHaveProperty('magnitudes')
})
