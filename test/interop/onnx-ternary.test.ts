/** Tickets of signed constants as ONNX graphs of two bits a weight, in plain ONNX Runtime, held against the dense network. */
import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { makeTernary } from '../../src/engine/ternary-ticket.js'
import type { BaseConfig } from '../../src/families/config.js'
import { countParameters, familyOf } from '../../src/families/family.js'
import { ternaryOnnxFile } from '../../src/interop/index.js'
import { denseResult, smallBert, smallGpt2, smallLlama } from '../families/small-models.js'
import { signedTicket } from '../ticket/signed-example.js'
import { farthest } from '../vectors/pytorch/open.js'
import { type Feeds, floats, int64, loadOnnx } from './output.js'

const wide = { ...smallGpt2, width: 132, heads: 2, inner: 130, tiedHead: true }

test.each<[string, BaseConfig]>([
  ['a GPT-2, tied', wide],
  ['a Llama', smallLlama],
  ['a BERT', smallBert],
])('%s: results are those of the dense model (1e-5 of the largest)', async (_name, config) => {
  const ticket = await signedTicket(config)
  const file = ternaryOnnxFile('model.onnx', config, await makeTernary(ticket, await loadKernels()))
  if (config === wide) expect(file.size).toBeLessThan(countParameters(config)) // two bits, padding, and the graph
  const { run } = await loadOnnx(file)
  const isCausal = familyOf(config).task === 'causal'
  const tokens = [0, 1].map((row) => Array.from({ length: 6 }, (_, i) => (7 * i + 3 * row + 1) % config.vocabulary))
  const ones = tokens.map((row) => row.map(() => 1))
  const counted = tokens.map((row) => row.map((_, i) => i))
  const feeds: Feeds = { input_ids: int64(tokens), attention_mask: int64(ones) }
  feeds[isCausal ? 'position_ids' : 'token_type_ids'] = int64(isCausal ? counted : ones)
  const { layers, keyHeads, headWidth } = familyOf(config).cache(config)
  for (let layer = 0; layer < layers; layer++) {
    for (const part of ['key', 'value']) {
      feeds[`past_key_values.${layer}.${part}`] = floats([2, keyHeads, 0, headWidth], new Float32Array(0))
    }
  }
  const results = await run(feeds)
  const weights = networkWeights(await rebuildTicket(ticket))
  const expected = await denseResult(
    config,
    weights,
    Int32Array.from(tokens.flat()),
    [2, 6],
    isCausal ? {} : { types: new Int32Array(12).fill(1) },
  )
  const found = isCausal ? results.logits : results.last_hidden_state
  expect(farthest(found, expected) / Math.max(...expected.map(Math.abs))).toBeLessThan(1e-5)
})
