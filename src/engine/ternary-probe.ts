/** Whether products with 2-bit weights are fast here: ONNX Runtime has kernels for them on some CPUs only. */
import { ternaryProduct, ternaryValue } from '../families/ternary-graph.js'
import { createGraph, encodeModel, float32, type GraphRunner, gemm, type Value } from '../graph/index.js'
import { ternaryMatrix } from './ternary-layout.js'

const [K, N] = [512, 2048]
const RUNS = 9

/**
 * Times one product of a row of 512 by 512 x 2048 weights, which fit the caches of a CPU.
 * @returns seconds with 2-bit weights over seconds with float32 weights. With ONNX Runtime's kernels it was 1.1 to 2.3 (AVX-512 VNNI, one or two
 *   threads), without them about 20 (WebAssembly)
 */
export async function ternaryProbe(runner: GraphRunner): Promise<number> {
  const ternary = await timeOf(runner, (x) => {
    const packed = new Uint8Array((K * N) / 4).fill(0b11011001)
    return ternaryProduct(x, ternaryValue(x.graph, ternaryMatrix([N, K], packed, 'out-in', 1)), 'float32')
  })
  const dense = await timeOf(runner, (x) => {
    const w = x.graph.constant(float32([K, N], new Float32Array(K * N).fill(0.5)))
    return gemm(x, w)
  })
  return ternary / dense
}

/** Least seconds of some runs of a product with a row. */
async function timeOf(runner: GraphRunner, product: (x: Value) => Value): Promise<number> {
  const graph = createGraph('probe')
  graph.output('y', product(graph.input('x', 'float32', [1, K])))
  const session = await runner.load(encodeModel(graph))
  try {
    const x = float32([1, K], new Float32Array(K).fill(0.25))
    let least = Number.POSITIVE_INFINITY
    for (let run = 0; run < RUNS; run++) {
      const started = performance.now()
      await session.run({ x })
      least = Math.min(least, performance.now() - started)
    }
    return least
  } finally {
    await session.release()
  }
}
