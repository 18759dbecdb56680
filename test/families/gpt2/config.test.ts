import { expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { createDenseModel } from '../../../src/families/dense-model.js'
import { countParameters, parametersOf } from '../../../src/families/family.js'
import { checkGpt2Config, type Gpt2Config, gpt2Shapes, headWidth } from '../../../src/families/gpt2/config.js'
import { randomModelWeights } from '../../../src/families/random.js'
import { generateWeights } from '../../../src/random/index.js'

const tiny: Gpt2Config = { ...gpt2Shapes['gpt2-nano-sort'], layers: 2, width: 8, heads: 2, inner: 32 }

test('parameter counts are the published ones: 124,439,808 and 354,823,168', () => {
  expect(countParameters(gpt2Shapes['gpt2-small'])).toBe(124_439_808)
  expect(countParameters(gpt2Shapes['gpt2-medium'])).toBe(354_823_168)
})

test.each(['gpt2-mini', 'gpt2-small', 'gpt2-medium'] as const)("%s has the paper's head width of 64", (name) => {
  expect(headWidth(gpt2Shapes[name])).toBe(64)
})

test.each<[string, object, typeof Error]>([
  ['"layers" expected an integer >= 1, got 0', { layers: 0 }, RangeError],
  ['"vocabulary" expected an integer >= 1, got 0', { vocabulary: 0 }, RangeError],
  ['"positions" expected an integer >= 1, got 1.5', { positions: 1.5 }, RangeError],
  ['"width" expected a number, got string', { width: '48' }, TypeError],
  ['"heads" expected a divisor of the width 8, got 3', { heads: 3 }, RangeError],
  ['"activation" expected gelu_new, gelu, relu, got silu', { activation: 'silu' }, RangeError],
  ['"layerNormEpsilon" expected a finite number > 0, got 0', { layerNormEpsilon: 0 }, RangeError],
  ['"tiedHead" expected a boolean, got undefined', { tiedHead: undefined }, TypeError],
])('%s', (message, change, type) => {
  const check = () => checkGpt2Config({ ...tiny, ...change } as Gpt2Config)
  expect(check).toThrow(type)
  expect(check).toThrow(message)
})

test('random weights have the deviations of GPT-2 and read their own streams', () => {
  const config = { ...tiny, width: 64, inner: 256 }
  const weights = randomModelWeights(config, 7n, generateWeights)
  expect([...weights.keys()].sort()).toEqual(
    parametersOf(config)
      .map(({ name }) => name)
      .sort(),
  )
  const deviation = (name: string) => {
    const { data } = weights.get(name)!
    return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
  }
  expect(deviation('h.0.mlp.c_fc') / 0.02).toBeCloseTo(1, 1)
  expect(deviation('h.1.mlp.c_proj') / (0.02 / 2)).toBeCloseTo(1, 1)
  expect(deviation('h.0.attn.k.bias')).toBeGreaterThan(0.01)
  expect(new Set(weights.get('h.1.ln_2.weight')!.data)).toEqual(new Set([1]))
  expect(new Set(weights.get('ln_f.bias')!.data)).toEqual(new Set([0]))
  expect(weights.get('wpe')!.data.slice(0, 3)).toEqual(
    generateWeights({ seed: 7n, stream: 2 ** 52 + 1, init: { kind: 'normal', std: 0.02 }, count: 3 }),
  )
})

test('weights that do not fit are named', () => {
  const runner = createGraphRunner({ threads: 1 })
  const weights = new Map(randomModelWeights(tiny, 1, generateWeights))
  weights.set('ln_f.bias', { shape: [9], data: new Float32Array(9) })
  expect(() => createDenseModel(runner, tiny, weights)).toThrow('ln_f.bias expected shape [8], got [9]')
  weights.set('ln_f.bias', { shape: [8], data: new Float32Array(9) })
  expect(() => createDenseModel(runner, tiny, weights)).toThrow('ln_f.bias expected 8 elements, got 9')
  weights.delete('ln_f.bias')
  expect(() => createDenseModel(runner, tiny, weights)).toThrow('weights lack ln_f.bias [8]')
})
