/**
 * Graphs of numeric shapes are written byte for byte as they always were: the first 16 digits of each model's SHA-256. The values were made
 * before dimensions could have names and before there were families. A search goes on bit for bit because of them. A change of a network's graph itself changes its line; a change of `graph/` changes many.
 */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { gradientGraph, tokenLossGraph } from '../../src/families/loss-graph.js'
import { createGraph, encodeModel, type Graph } from '../../src/graph/index.js'

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

test.each<[string, () => Graph, string]>([
  ['the gradient of plain norms', () => gradientGraph({ config, norms: 'plain' }, 2, 5), 'c75ae13fbd83614e'],
  [
    'the gradient of learned norms, fused, rows outside',
    () => gradientGraph({ config: other, norms: 'learned' }, 2, 8, { fused: true, rows: 'outside' }),
    '64ce0e901e9975bb',
  ],
  [
    'the gradient of rectifiers',
    () => gradientGraph({ config: rectified, norms: 'learned' }, 1, 7, { answers: 3 }),
    '845bba6abdf9bc88',
  ],
  ['losses of tokens', () => tokenLossGraph({ config, norms: 'plain' }, 3, 4), 'd6daee958b6ad22e'],
  ['an empty graph', () => createGraph('empty'), 'f394aea8e4d395a1'],
])('%s', (_name, build, digits) => {
  expect(createHash('sha256').update(encodeModel(build())).digest('hex').slice(0, 16)).toBe(digits)
})
