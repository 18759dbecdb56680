import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { matricesOf, normVectorsOf } from '../../../src/families/family.js'
import type { Gpt2Config } from '../../../src/families/gpt2/config.js'
import {
  type GradientGraphOptions,
  gradientGraph,
  type LossModel,
  lossGraph,
} from '../../../src/families/loss-graph.js'
import { encodeModel, float32, int32, type Tensor } from '../../../src/graph/index.js'
import { farthest, openVectors } from '../../vectors/pytorch/open.js'

interface Metadata extends LossModel {
  readonly loss: number
}

const runner = createGraphRunner({ threads: 1 })
const vectors = ['relu', 'gelu-new', 'learned-norms', 'untied-head', 'long-context']
const graphs: GradientGraphOptions[] = [{}, { fused: true }, { fused: true, rows: 'outside' }]

describe.each(vectors)('GPT-2 of PyTorch in float64: %s', async (name) => {
  const { metadata, names, shape, floats, integers } = await openVectors<Metadata>(`gpt2-${name}`)
  const { config, norms } = metadata
  const [batch, length] = shape('tokens')
  const tokens = integers('tokens')
  const parameters = [...matricesOf(config), ...(norms === 'learned' ? normVectorsOf(config) : [])]
  const feeds: Record<string, Tensor> = {
    tokens: int32([batch, length], tokens),
    targets: int32([batch, length], integers('targets')),
    ...Object.fromEntries(parameters.map((each) => [each.name, float32(each.shape, floats(each.name))])),
  }

  test('has the parameters that PyTorch has, each with a gradient of its shape', () => {
    const fixed = ['tokens', 'targets', 'logits', ...parameters.flatMap((each) => [each.name, `d.${each.name}`])]
    expect([...names].sort()).toEqual(fixed.sort())
    for (const each of parameters) expect(shape(`d.${each.name}`)).toEqual(each.shape)
  })

  test.each([false, true])('loss within 1e-6, fused %s', async (fused) => {
    const loaded = await runner.load(encodeModel(lossGraph(metadata, batch, length, { fused })))
    const { loss } = await loaded.run(feeds)
    await loaded.release()
    expect(Math.abs(Number(loss.data[0]) - metadata.loss)).toBeLessThan(1e-6)
  })

  test.each(graphs)('every gradient within 1e-6, loss too: %o', async (options) => {
    const isOutside = options.rows === 'outside'
    const { wte, ...others } = feeds
    const rows = isOutside ? { 'wte.rows': wte } : {}
    const loaded = await runner.load(encodeModel(gradientGraph(metadata, batch, length, options)))
    const results = await loaded.run({
      ...others,
      ...(isOutside && !(config as Gpt2Config).tiedHead ? {} : { wte }),
      ...rows,
    })
    await loaded.release()
    expect(Math.abs(Number(results.loss.data[0]) - metadata.loss)).toBeLessThan(1e-6)
    for (const { name: parameter } of parameters) {
      const expected = floats(`d.${parameter}`)
      let found = results[`d.${parameter}`]?.data as Float32Array | undefined
      if (isOutside && parameter === 'wte') {
        found ??= new Float32Array(expected.length)
        addRows(found, results['d.rows'].data as Float32Array, tokens)
      }
      expect(Math.max(...expected.map(Math.abs)), parameter).toBeGreaterThan(1e-3)
      expect(farthest(found!, expected), `d.${parameter}`).toBeLessThan(1e-6)
    }
  })
})

/** What the caller of a graph with rows `outside` does: row n of `rows` [N, d] is added to row tokens[n] of `table`. */
function addRows(table: Float32Array, rows: Float32Array, tokens: Int32Array): void {
  const d = rows.length / tokens.length
  for (let i = 0; i < rows.length; i++) table[tokens[Math.floor(i / d)] * d + (i % d)] += rows[i]
}
