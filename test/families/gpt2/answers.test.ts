import { describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../../src/engine/onnx.js'
import { matricesOf, normVectorsOf } from '../../../src/families/family.js'
import { gradientGraph, type LossModel, lossGraph } from '../../../src/families/loss-graph.js'
import { encodeModel, float32, int32, type Tensor } from '../../../src/graph/index.js'
import { farthest, openVectors } from '../../vectors/pytorch/open.js'

const runner = createGraphRunner({ threads: 1 })

// The loss of all targets is held to PyTorch's in gpt2-pytorch.test.ts. Attention is causal, so the first T - A targets have
// the same losses in a window that ends with them:
//   T loss(all of T) = (T - A) loss(all of the first T - A) + A loss(the last A of T), and so for every gradient.
describe.each(['relu', 'learned-norms', 'untied-head'])(
  'the loss of the last answers of a window: %s',
  async (name) => {
    const { metadata, shape, floats, integers } = await openVectors<LossModel>(`gpt2-${name}`)
    const { config, norms } = metadata
    const [B, T] = shape('tokens')
    const parameters = [...matricesOf(config), ...(norms === 'learned' ? normVectorsOf(config) : [])]
    const values = Object.fromEntries(parameters.map((each) => [each.name, float32(each.shape, floats(each.name))]))
    const first = (all: Int32Array, length: number) =>
      Int32Array.from({ length: B * length }, (_, i) => all[Math.floor(i / length) * T + (i % length)])
    const feeds = (length: number): Record<string, Tensor> => ({
      tokens: int32([B, length], first(integers('tokens'), length)),
      targets: int32([B, length], first(integers('targets'), length)),
      ...values,
    })
    const gradients = async (length: number, answers?: number) => {
      const loaded = await runner.load(encodeModel(gradientGraph(metadata, B, length, { answers })))
      const results = await loaded.run(feeds(length))
      await loaded.release()
      return results
    }

    test.each([1, 3, T - 1])('of %i answers', async (A) => {
      const whole = await gradients(T)
      const before = await gradients(T - A)
      const last = await gradients(T, A)
      for (const output of ['loss', ...parameters.map((each) => `d.${each.name}`)]) {
        const [all, some, rest] = [whole, before, last].map((results) => results[output].data as Float32Array)
        const expected = all.map((value, i) => (T * value - (T - A) * some[i]) / A)
        expect(farthest(rest, expected), output).toBeLessThan(T * 1e-6)
        expect(Math.max(...rest.map(Math.abs)), output).toBeGreaterThan(1e-4)
      }
      const loaded = await runner.load(encodeModel(lossGraph(metadata, B, T, { answers: A })))
      const { loss } = await loaded.run(feeds(T))
      await loaded.release()
      expect(Math.abs(Number(loss.data[0]) - Number(last.loss.data[0]))).toBeLessThan(1e-6)
    })

    test('no fewer than one, no more than there are', () => {
      for (const answers of [0, T + 1, 1.5]) {
        const attempt = () => lossGraph(metadata, B, T, { answers })
        expect(attempt).toThrow(`"answers" expected an integer from 1 to ${T}, got ${answers}`)
      }
    })
  },
)
