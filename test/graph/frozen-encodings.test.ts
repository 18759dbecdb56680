/**
 * Graphs of numeric shapes are written byte for byte as they always were: the first 16 digits of each model's SHA-256. The values were made
 * before dimensions could have names. A change of a network's graph itself changes its line; a change of `graph/` changes many.
 */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { prefillGraph, stepGraph } from '../../src/families/gpt2/cached-graphs.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { gpt2Graph } from '../../src/families/gpt2/dense.js'
import { gpt2DenseLossGraph } from '../../src/families/gpt2/dense-loss.js'
import { gpt2GradientGraph, gpt2TokenLossGraph } from '../../src/families/gpt2/loss.js'
import { createGraph, encodeModel, type Graph, gradients } from '../../src/graph/index.js'

const config: Gpt2Config = {
  layers: 2,
  width: 12,
  heads: 3,
  inner: 20,
  vocabulary: 11,
  positions: 8,
  activation: 'gelu',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}
const other: Gpt2Config = { ...config, layers: 1, activation: 'gelu_new', tiedHead: false }
const rectified: Gpt2Config = { ...config, activation: 'relu' }

function withGradients(graph: Graph): Graph {
  const weights = graph.inputs.filter(({ dtype }) => dtype === 'float32')
  const found = gradients(graph.outputs.get('loss')!, weights)
  for (const [i, { name }] of weights.entries()) graph.output(`d.${name}`, found[i])
  return graph
}

test.each<[string, () => Graph, string]>([
  ['the gradient of plain norms', () => gpt2GradientGraph({ config, norms: 'plain' }, 2, 5), 'c75ae13fbd83614e'],
  [
    'the gradient of learned norms, fused, rows outside',
    () => gpt2GradientGraph({ config: other, norms: 'learned' }, 2, 8, { fused: true, rows: 'outside' }),
    '64ce0e901e9975bb',
  ],
  [
    'the gradient of rectifiers',
    () => gpt2GradientGraph({ config: rectified, norms: 'learned' }, 1, 7, { answers: 3 }),
    '845bba6abdf9bc88',
  ],
  ['losses of tokens', () => gpt2TokenLossGraph({ config, norms: 'plain' }, 3, 4), 'd6daee958b6ad22e'],
  ['the gradient of a dense model', () => withGradients(gpt2DenseLossGraph(other, 2, 4)), '37137d0c2231f6ff'],
  ['inference', () => gpt2Graph(config, 2, 4), '82187c58b4628818'],
  ['inference with a trace', () => gpt2Graph(other, 1, 3, true), '0e935e7815010015'],
  ['a text read into the cache', () => prefillGraph(config, 4), '14f3f3af25ba5f3d'],
  ['a step with the cache', () => stepGraph(other), '2ab6f9546d71fd82'],
  ['an empty graph', () => createGraph('empty'), 'f394aea8e4d395a1'],
])('%s', (_name, build, digits) => {
  expect(createHash('sha256').update(encodeModel(build())).digest('hex').slice(0, 16)).toBe(digits)
})
