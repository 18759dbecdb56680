import * as ort from 'onnxruntime-node'
import type { GraphRunner } from '../graph/runner.js'
import type { DType, Tensor } from '../graph/tensor.js'

/** How ONNX Runtime may use the machine. */
export interface GraphRunnerOptions {
  /** Threads within an operator, an integer >= 1; ONNX Runtime's own choice (the physical cores) when absent. */
  readonly threads?: number
}

/**
 * A graph runner on ONNX Runtime's CPU provider. Feeds are read in place, without a copy, so they must not lie in shared
 * memory; `run` blocks the event loop while it computes.
 * @throws RangeError when `threads` is not an integer >= 1
 */
export function createGraphRunner(options: GraphRunnerOptions = {}): GraphRunner {
  const { threads } = options
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  }
  const sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    logSeverityLevel: 3, // errors only; they are thrown as well
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  }
  return {
    async load(model) {
      const session = await ort.InferenceSession.create(model, sessionOptions)
      return {
        async run(feeds) {
          const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]))
          const results = await session.run(inputs)
          return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]))
        },
        release: () => session.release(),
      }
    },
  }
}

const toOrt = ({ dtype, dims, data }: Tensor): ort.Tensor => new ort.Tensor(dtype, data as never, dims)

const fromOrt = (tensor: ort.Tensor): Tensor =>
  ({ dtype: tensor.type as DType, dims: tensor.dims, data: tensor.data }) as Tensor
