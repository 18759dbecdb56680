import { expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { checkGpt2Config, type Gpt2Config, gpt2Shapes, headWidth } from '../../../src/families/gpt2/config.js'
import { createGpt2 } from '../../../src/families/gpt2/dense.js'
import { gpt2PairShapes } from '../../../src/families/gpt2/pair-names.js'
import { randomGpt2Weights } from '../../../src/families/gpt2/random.js'
import { countParameters, gpt2DenseShapes, gpt2TensorShapes } from '../../../src/families/gpt2/weights.js'
import { generateWeights } from '../../../src/random/index.js'

const tiny: Gpt2Config = { ...gpt2Shapes['gpt2-nano-sort'], layers: 2, width: 8, heads: 2, inner: 32 }

test('parameter counts are the published ones: 124,439,808 and 354,823,168', () => {
  expect(countParameters(gpt2Shapes['gpt2-small'])).toBe(124_439_808)
  expect(countParameters(gpt2Shapes['gpt2-medium'])).toBe(354_823_168)
})

test.each(['gpt2-mini', 'gpt2-small', 'gpt2-medium'] as const)("%s has the paper's head width of 64", (name) => {
  expect(headWidth(gpt2Shapes[name])).toBe(64)
})

test('dense tensors and pairs together cover a model', () => {
  expect([...gpt2DenseShapes(tiny).keys()].length).toBe(2 + 4 * 2 + 2)
  expect(gpt2TensorShapes(tiny).size).toBe(2 + 12 * 2 + 2 + 1)
  expect(gpt2PairShapes(tiny).slice(0, 6)).toEqual([
    { name: 'h.0.attn.0.qk', inputs: 9, outputs: 9 },
    { name: 'h.0.attn.0.vo', inputs: 9, outputs: 8 },
    { name: 'h.0.attn.1.qk', inputs: 9, outputs: 9 },
    { name: 'h.0.attn.1.vo', inputs: 9, outputs: 8 },
    { name: 'h.0.mlp.c_fc', inputs: 9, outputs: 32 },
    { name: 'h.0.mlp.c_proj', inputs: 33, outputs: 8 },
  ])
  expect(gpt2PairShapes(tiny).at(-1)).toEqual({ name: 'lm_head', inputs: 8, outputs: 3 })
  expect(gpt2PairShapes({ ...tiny, tiedHead: true }).at(-1)?.name).toBe('h.1.mlp.c_proj')
})

test('the sorter takes the 98,793 subset sums of the prototype, and 144 for its head', () => {
  const sums = gpt2PairShapes(gpt2Shapes['gpt2-nano-sort']).map(({ inputs, outputs }) => inputs * outputs)
  expect(sums.at(-1)).toBe(144)
  expect(sums.slice(0, -1).reduce((a, b) => a + b)).toBe(98_793)
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
  const weights = randomGpt2Weights(config, 7n, generateWeights)
  expect([...weights].map(([name, { shape }]) => [name, shape])).toEqual([...gpt2TensorShapes(config)])
  const deviation = (name: string) => {
    const { data } = weights.get(name)!
    return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
  }
  expect(deviation('transformer.h.0.mlp.c_fc.weight') / 0.02).toBeCloseTo(1, 1)
  expect(deviation('transformer.h.1.mlp.c_proj.weight') / (0.02 / 2)).toBeCloseTo(1, 1)
  expect(deviation('transformer.h.0.attn.c_attn.bias')).toBeGreaterThan(0.01)
  expect(new Set(weights.get('transformer.h.1.ln_2.weight')!.data)).toEqual(new Set([1]))
  expect(new Set(weights.get('transformer.ln_f.bias')!.data)).toEqual(new Set([0]))
  expect(weights.get('transformer.wpe.weight')!.data.slice(0, 3)).toEqual(
    generateWeights({ seed: 7n, stream: 2 ** 52 + 1, init: { kind: 'normal', std: 0.02 }, count: 3 }),
  )
})

test('weights that do not fit are named', () => {
  const runner = createGraphRunner({ threads: 1 })
  const weights = new Map(randomGpt2Weights(tiny, 1, generateWeights))
  weights.set('transformer.ln_f.bias', { shape: [9], data: new Float32Array(9) })
  expect(() => createGpt2(runner, tiny, weights)).toThrow('transformer.ln_f.bias expected shape [8], got [9]')
  weights.set('transformer.ln_f.bias', { shape: [8], data: new Float32Array(9) })
  expect(() => createGpt2(runner, tiny, weights)).toThrow('transformer.ln_f.bias expected 8 elements, got 9')
  weights.delete('transformer.ln_f.bias')
  expect(() => createGpt2(runner, tiny, weights)).toThrow('weights lack transformer.ln_f.bias [8]')
})
