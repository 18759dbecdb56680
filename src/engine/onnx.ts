import type { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../graph/device.js'
import type { GraphRunner } from '../graph/runner.js'
import { loadedGraph } from './onnx-session.js'

/** How ONNX Runtime may use the machine. */
export interface GraphRunnerOptions {
  /** Default `cpu`. A device that is not there is found out when a graph is loaded: `openGraphRunner` asks first. */
  readonly device?: Device | undefined
  /** Threads within an operator, an integer >= 1; ONNX Runtime's own choice (the physical cores) when absent. */
  readonly threads?: number | undefined
}

/**
 * A graph runner on ONNX Runtime. On the CPU feeds are read and bound results written in place, without a copy; a GPU
 * is sent the feeds and sends the results back at every run, and operators it does not know are computed on the CPU.
 * Arrays must not lie in shared memory. A run computes in one go and blocks the event loop meanwhile, so runs never overlap,
 * which GPU providers would not bear.
 * @throws RangeError when `threads` is not an integer >= 1
 */
export function createGraphRunner({ device = 'cpu', threads }: GraphRunnerOptions = {}): GraphRunner {
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  }
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: [device],
    logSeverityLevel: 3, // errors only; they are thrown as well
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  }
  return {
    prefersFused: device === 'cpu',
    multipliesFewBits: device === 'cpu',
    takesBeside: true,
    async load(model, beside = new Map()) {
      const ort = await import('onnxruntime-node') // 46 MB of native code (Linux x64), which only networks need
      const externalData = Array.from(beside, ([path, data]) => ({ path, data }))
      const session = await ort.InferenceSession.create(model, {
        ...sessionOptions,
        ...(externalData.length === 0 ? {} : { externalData }),
      })
      return loadedGraph(ort, session, { writesInPlace: true })
    },
  }
}
