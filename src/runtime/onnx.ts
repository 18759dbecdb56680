import * as ort from 'onnxruntime-node'
import type { GraphRunner, LoadedGraph } from '../graph/runner.js'
import { type DType, formatShape, sameShape, sizeOf, type Tensor } from '../graph/tensor.js'

/** The devices that ONNX Runtime's Node package computes on; `cuda` has to be installed first. */
export type Device = 'cpu' | 'webgpu' | 'cuda'

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
  const sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    logSeverityLevel: 3, // errors only; they are thrown as well
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  }
  return {
    prefersFused: device === 'cpu',
    async load(model) {
      return loadedGraph(await ort.InferenceSession.create(model, sessionOptions))
    },
  }
}

function loadedGraph(session: ort.InferenceSession): LoadedGraph {
  return {
    async run(feeds) {
      const results = await session.run(toOrt(feeds))
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]))
    },
    bind(feeds, results) {
      const missing = session.inputNames.find((name) => feeds[name] === undefined)
      if (missing !== undefined) throw new RangeError(`graph input ${missing} expected a tensor, got nothing`)
      if (Object.keys(results).length === 0) throw new RangeError('"results" expected at least one output, got none')
      for (const [name, tensor] of Object.entries(feeds)) checkFits('input', session.inputMetadata, name, tensor)
      for (const [name, tensor] of Object.entries(results)) checkFits('output', session.outputMetadata, name, tensor)
      const [inputs, outputs] = [toOrt(feeds), toOrt(results)]
      return async () => {
        await session.run(inputs, outputs) // what this returns are copies
      }
    },
    release: () => session.release(),
  }
}

type Metadata = readonly ort.InferenceSession.ValueMetadata[]

/** A tensor of the wrong shape would be written past, or be ignored and stay as it was. */
function checkFits(side: 'input' | 'output', metadata: Metadata, name: string, { dtype, dims, data }: Tensor): void {
  const known = metadata.find((value) => value.name === name)
  if (!known?.isTensor) throw new RangeError(`the graph has no ${side} named ${name}`)
  const shape = known.shape as readonly number[] // our graphs have no symbolic dimensions
  if (dtype !== known.type || !sameShape(dims, shape)) {
    const expected = `${known.type} ${formatShape(shape)}`
    throw new RangeError(`graph ${side} ${name} expected ${expected}, got ${dtype} ${formatShape(dims)}`)
  }
  const expected = arrays[dtype]
  if (!(data instanceof expected)) throw new TypeError(`graph ${side} ${name} expected a ${expected.name}`)
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`graph ${side} ${name} expected ${sizeOf(shape)} elements, got ${data.length}`)
  }
}

const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array }

function toOrt(tensors: Readonly<Record<string, Tensor>>): Record<string, ort.Tensor> {
  const entries = Object.entries(tensors)
  return Object.fromEntries(
    entries.map(([name, { dtype, dims, data }]) => [name, new ort.Tensor(dtype, data as never, dims)]),
  )
}

const fromOrt = (tensor: ort.Tensor): Tensor =>
  ({ dtype: tensor.type as DType, dims: tensor.dims, data: tensor.data }) as Tensor
