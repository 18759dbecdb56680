/**
 * Run in a process of its own by `device.ts`: asks ONNX Runtime for a device and says over the channel to the parent how
 * it went. Drivers may abort the process or write to stderr, neither of which may happen to the parent.
 */
import * as ort from 'onnxruntime-node'
import type { Device } from '../graph/device.js'
import { createGraph, encodeModel, matMul } from '../graph/index.js'

/** What the parent asks. */
export interface ProbeQuestion {
  readonly device: Device
  /** Also compare its speed with the CPU's. */
  readonly compare: boolean
}

/** What it is told. */
export interface ProbeAnswer {
  /** Why the device cannot be used; absent when it can. */
  readonly error?: string
  /** Its speed at matrix products, transfers included, over the CPU's; 0 when it is too slow to measure. */
  readonly speed?: number
}

const TINY = { size: 16, products: 1 }
/** Two CPU cores take 0.5 ms for it, SwiftShader on them 115 ms. */
const SMALL = { size: 256, products: 1 }
const TOO_SLOW = 50 // ms, of the second run: the first compiles shaders
/** 2.1 GFLOP, 10 to 30 ms on two CPU cores: much computing for 2 MB of transfers. */
const LARGE = { size: 512, products: 8 }

if (process.send) {
  process.once('message', async (question: ProbeQuestion) => {
    const answer = await probe(question).catch((error): ProbeAnswer => ({ error: String(error?.message ?? error) }))
    process.send?.(answer, () => process.disconnect())
  })
}

async function probe({ device, compare }: ProbeQuestion): Promise<ProbeAnswer> {
  await time(device, TINY)
  if (!compare) return {}
  if ((await time(device, SMALL)) > TOO_SLOW) return { speed: 0 }
  return { speed: (await time('cpu', LARGE)) / (await time(device, LARGE)) }
}

/**
 * Least of several times of a chain of products of n x n matrices, in ms.
 * @throws Error when they are not computed on the device, or wrongly
 */
async function time(device: Device, { size: n, products }: typeof SMALL): Promise<number> {
  const graph = createGraph('probe')
  const x = graph.input('x', 'float32', [n, n])
  let y = x
  for (let i = 0; i < products; i++) y = matMul(y, x)
  graph.output('y', y)
  const session = await ort.InferenceSession.create(encodeModel(graph), {
    executionProviders: [device],
    logSeverityLevel: 3,
    // Rather fail than compute on the CPU in silence.
    ...(device === 'cpu' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
  })
  // Of a matrix with equal rows that sum to 1, every power is the matrix itself.
  const row = Float32Array.from({ length: n }, (_, i) => (2 * i + 1) / (n * n))
  const data = Float32Array.from({ length: n * n }, (_, i) => row[i % n])
  const feeds = { x: new ort.Tensor('float32', data, [n, n]) }
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 4 && (run < 2 || least < TOO_SLOW); run++) {
    const start = performance.now()
    const result = (await session.run(feeds)).y.data as Float32Array
    least = Math.min(least, performance.now() - start)
    const wrong = result.findIndex((value, i) => !(Math.abs(value - data[i]) <= 0.01 * data[i])) // TF32 is right enough
    if (wrong >= 0) throw new Error(`a matrix product is wrong: expected ${data[wrong]}, got ${result[wrong]}`)
  }
  await session.release()
  return least
}
