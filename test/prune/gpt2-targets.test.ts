import { describe, expect, it } from 'vitest'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { gpt2PairShapes } from '../../src/families/gpt2/pair-names.js'
import { randomGpt2Weights } from '../../src/families/gpt2/random.js'
import { gpt2Targets } from '../../src/prune/gpt2-targets.js'
import { generateWeights, uniform } from '../../src/random/index.js'

const config: Gpt2Config = {
  layers: 2,
  width: 6,
  heads: 2,
  inner: 10,
  positions: 5,
  vocabulary: 7,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: false,
}
const weights = randomGpt2Weights(config, 1, generateWeights)
const read = async (name: string) => weights.get(name)!.data

describe('target matrices of a GPT-2', () => {
  it('come in the order and shape of the pairs', async () => {
    const targets = []
    for await (const { name, inputs, outputs } of gpt2Targets(config, read)) targets.push({ name, inputs, outputs })
    expect(targets).toEqual(gpt2PairShapes(config))
  })

  it('give the logits and outputs of each head, biases included', async () => {
    const [x, y] = [uniform(1, 1, 6), uniform(1, 2, 6)]
    const c = await read('transformer.h.1.attn.c_attn.weight')
    const b = await read('transformer.h.1.attn.c_attn.bias')
    const o = await read('transformer.h.1.attn.c_proj.weight')
    const ob = await read('transformer.h.1.attn.c_proj.bias')
    const project = (v: Float64Array, column: number) =>
      v.reduce((sum, value, r) => sum + value * c[r * 18 + column], b[column])
    const ones = (v: Float64Array) => [...v, 1]
    const output = new Float64Array(6)
    for await (const { name, weights: W, outputs } of gpt2Targets(config, read, (n) => n.startsWith('h.1.attn'))) {
      const head = Number(name.split('.')[3])
      if (name.endsWith('qk')) {
        let expected = 0
        for (let k = 0; k < 3; k++) expected += (project(x, head * 3 + k) * project(y, 6 + head * 3 + k)) / Math.sqrt(3)
        const actual = ones(x).reduce(
          (s, a, i) => s + ones(y).reduce((t, e, j) => t + a * e * W[i * outputs + j], 0),
          0,
        )
        expect(actual).toBeCloseTo(expected, 12)
      } else {
        for (let i = 0; i < 6; i++) output[i] += ones(y).reduce((s, e, j) => s + e * W[j * outputs + i], 0)
      }
    }
    for (let i = 0; i < 6; i++) {
      let expected = ob[i]
      for (let k = 0; k < 6; k++) expected += project(y, 12 + k) * o[k * 6 + i]
      expect(output[i]).toBeCloseTo(expected, 12)
    }
  })
})
