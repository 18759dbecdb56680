// node search-worker.mjs '{"kind": "edge-popup" | "dense" | "gemm", "arithmetic": "float32" | "int8", ...}': answers as
// startContestant asks.
import { createInterface } from 'node:readline'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { createGraph, encodeModel, float32, matMul } from '../dist/graph/index.js'
import { openNetwork } from './search-network.mjs'

/** Products of the chain that the rate of matrix products is measured on, and their side. */
const CHAIN = { products: 8, side: 1024 }

const importBytes = process.resourceUsage().maxRSS * 1024
const { kind, threads, ...model } = JSON.parse(process.argv[2])
const runner = createGraphRunner({ threads })
const { step, report } = kind === 'gemm' ? await products() : await training()

for await (const line of createInterface({ input: process.stdin })) {
  const timed = { seconds: [], graph: [], ticket: [] }
  for (let i = 0; i < Number(line); i++) {
    for (const [name, seconds] of Object.entries(await step())) timed[name].push(seconds)
  }
  console.log(JSON.stringify(timed))
}
console.log(JSON.stringify({ importBytes, peakBytes: process.resourceUsage().maxRSS * 1024, ...report() }))

/** a b b b ...: nothing but square matrix products, in one graph. */
async function products() {
  const { products: count, side } = CHAIN
  const graph = createGraph('products')
  const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', [side, side]))
  let product = a
  for (let i = 0; i < count; i++) product = matMul(product, b)
  graph.output('product', product)
  const loaded = await runner.load(encodeModel(graph))
  const random = () => Float32Array.from({ length: side * side }, () => (Math.random() - 0.5) * Math.sqrt(12 / side))
  const shape = [side, side]
  const result = new Float32Array(side * side)
  const compute = loaded.bind(
    { a: float32(shape, random()), b: float32(shape, random()) },
    { product: float32(shape, result) },
  )
  return {
    async step() {
      const started = performance.now()
      await compute()
      return { seconds: (performance.now() - started) / 1000 }
    },
    report: () => ({ flops: count * 2 * side ** 3 }),
  }
}

async function training() {
  const network = await openNetwork(runner, kind, model)
  return {
    async step() {
      network.fillBatch()
      const started = performance.now()
      await network.loss()
      const ran = performance.now()
      network.update()
      const ended = performance.now()
      return { seconds: (ended - started) / 1000, graph: (ran - started) / 1000, ticket: (ended - ran) / 1000 }
    },
    report: network.report,
  }
}
