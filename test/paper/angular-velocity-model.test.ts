import { expect, test } from 'vitest'
import {
  createAngularVelocityBatch,
  createAngularVelocitySet,
  fillAngularVelocityBatch,
} from '../../src/data/angular-velocity-sets.js'
import { encodeModel, float32, type Graph, type Tensor } from '../../src/graph/index.js'
import {
  type AngularVelocityParameter,
  angularVelocityGradientGraph,
  angularVelocityGraph,
  angularVelocityParameters,
} from '../../src/paper/angular-velocity-model.js'
import { attend } from '../../src/paper/attention.js'
import { uniform } from '../../src/random/index.js'
import { interpret } from '../graph/reference.js'
import type { NdArray } from '../graph/reference-arrays.js'
import { runner } from '../graph/run-graph.js'

const widths = { keyWidth: 3, valueWidth: 4 }
const [B, T] = [6, 9]
const names: readonly AngularVelocityParameter[] = ['query', 'key', 'value', 'output', 'token']

/** Five sequences of 2 to 9 positions and a sixth row of weight 0, with parameters on (-1, 1). */
function example(seed = 3): Record<string, Tensor> {
  const set = createAngularVelocitySet({ seed, split: 'train', count: 20, shortest: 2, longest: T })
  const batch = createAngularVelocityBatch(B, T)
  fillAngularVelocityBatch(set, [0, 4, 2, 19, 7], batch)
  const parameters = angularVelocityParameters(widths).map(({ name, shape }, i) => {
    const values = uniform(
      seed,
      i + 1,
      shape.reduce((a, b) => a * b),
    )
    return [name, float32(shape, Float32Array.from(values))]
  })
  return {
    inputs: float32([B, T, 2], batch.inputs),
    mask: float32([B, T], batch.mask),
    targets: float32([B], batch.targets),
    weights: float32([B], batch.weights),
    ...Object.fromEntries(parameters),
  }
}

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, number[]>> {
  const session = await runner.load(encodeModel(graph))
  const wanted = Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]]))
  const results = await session.run(wanted)
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]))
}

const replaced = (feeds: Record<string, Tensor>, name: string, data: Float32Array): Record<string, Tensor> => ({
  ...feeds,
  [name]: float32(feeds[name].dims, data),
})

test('predictions are those of the float64 attention with the token in position 0, to 1e-6', async () => {
  const feeds = example()
  const { predictions } = await run(angularVelocityGraph(widths, B, T), feeds)
  const [query, key, value, output, token] = names.map((name) => Float64Array.from(feeds[name].data as Float32Array))
  const attention = {
    inputs: 2,
    outputs: 1,
    heads: [{ kind: 'factored' as const, ...widths, query, key, value, output }],
  }
  const mask = feeds.mask.data as Float32Array
  const inputs = feeds.inputs.data as Float32Array
  for (let row = 0; row < 5; row++) {
    const length = mask.subarray(row * T, (row + 1) * T).filter((logit) => logit === 0).length
    const x = Float64Array.from(inputs.subarray(row * T * 2, (row * T + length) * 2))
    x.set(token)
    expect(Math.abs(predictions[row] - attend(attention, x, 'encoder', [0])[0])).toBeLessThan(1e-6)
  }
})

test('the loss is the weighted mean square, its gradients those of finite differences (float64, 1e-6)', async () => {
  const feeds = example()
  const graph = angularVelocityGradientGraph(widths, B, T)
  const loss = graph.outputs.get('loss')!
  const lossAt = (moved: Record<string, NdArray>) => interpret(graph, moved).get(loss)!.data[0]
  const exact = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, dims, data }]) => [
      name,
      { dtype, shape: dims, data: Float64Array.from(data as Float32Array) },
    ]),
  )
  const found = await run(graph, feeds)
  const { predictions } = await run(angularVelocityGraph(widths, B, T), feeds)
  const targets = feeds.targets.data as Float32Array
  const mean = predictions.slice(0, 5).reduce((sum, y, i) => sum + (y - targets[i]) ** 2 / 5, 0)
  expect(found.loss[0]).toBeCloseTo(mean, 5)

  const h = 1e-5
  const all = interpret(graph, exact)
  for (const name of names) {
    const gradient = all.get(graph.outputs.get(`d.${name}`)!)!.data
    expect(gradient.some((slope) => Math.abs(slope) > 1e-3)).toBe(true)
    for (let i = 0; i < gradient.length; i++) {
      const at = (shift: number) => {
        const data = Float64Array.from(exact[name].data)
        data[i] += shift
        return lossAt({ ...exact, [name]: { ...exact[name], data } })
      }
      const slope = (at(h) - at(-h)) / (2 * h)
      expect(Math.abs(gradient[i] - slope)).toBeLessThan(1e-6)
      expect(Math.abs(found[`d.${name}`][i] - slope)).toBeLessThan(1e-4)
    }
  }
})

test('what is padding, and rows of weight 0, change nothing', async () => {
  const feeds = example()
  const graph = angularVelocityGradientGraph(widths, B, T)
  const inputs = (feeds.inputs.data as Float32Array).slice()
  const mask = feeds.mask.data as Float32Array
  let filled = 0
  for (let at = 0; at < B * T; at++) {
    if (mask[at] === 0 && at < (B - 1) * T) continue
    inputs.fill(7, 2 * at, 2 * at + 2)
    filled++
  }
  expect(filled).toBeGreaterThan(T)
  expect(await run(graph, replaced(feeds, 'inputs', inputs))).toEqual(await run(graph, feeds))
})

test('a token of zero weighs all positions alike, and queries and keys get no gradient', async () => {
  const feeds = replaced(example(), 'token', new Float32Array(2))
  const found = await run(angularVelocityGradientGraph(widths, B, T), feeds)
  for (const name of ['d.query', 'd.key']) expect(found[name].every((slope) => slope === 0)).toBe(true)
  for (const name of ['d.value', 'd.output', 'd.token']) expect(found[name].some((slope) => slope !== 0)).toBe(true)
})
