/** What every package of ONNX Runtime shares: sessions as loaded graphs. The package itself is an argument. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common'
import { type Dimension, numberFor } from '../graph/dimension.js'
import type { LoadedGraph } from '../graph/runner.js'
import { type DType, formatShape, sizeOf, type Tensor } from '../graph/tensor.js'

/** The part of ONNX Runtime's packages that this needs: `onnxruntime-node` and `onnxruntime-web` both have it. */
export interface OrtModule {
  readonly Tensor: TensorConstructor
}

/** How a session of one package computes. */
export interface SessionHabits {
  /** Whether arrays given to a run for its outputs are written in place; else results are copied into them. */
  readonly writesInPlace: boolean
  /** Runs one thing after another where runs must not overlap; default: as they are asked for. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>
}

/** A session as a loaded graph, its feeds and results checked against what the model declares. */
export function loadedGraph(
  ort: OrtModule,
  session: InferenceSession,
  { writesInPlace, inTurn = (work) => work() }: SessionHabits,
): LoadedGraph {
  return {
    async run(feeds) {
      const results = await inTurn(() => session.run(toOrt(ort, feeds)))
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]))
    },
    bind(feeds, results) {
      const missing = session.inputNames.find((name) => feeds[name] === undefined)
      if (missing !== undefined) throw new RangeError(`graph input ${missing} expected a tensor, got nothing`)
      if (Object.keys(results).length === 0) throw new RangeError('"results" expected at least one output, got none')
      const lengths = namedLengths(session.inputMetadata, feeds)
      for (const [name, tensor] of Object.entries(feeds))
        checkFits('input', session.inputMetadata, name, tensor, lengths)
      for (const [name, tensor] of Object.entries(results)) {
        checkFits('output', session.outputMetadata, name, tensor, lengths)
      }
      const inputs = toOrt(ort, feeds)
      if (writesInPlace) {
        const outputs = toOrt(ort, results)
        return async () => {
          await inTurn(() => session.run(inputs, outputs)) // what this returns are copies
        }
      }
      const names = Object.keys(results)
      return async () => {
        const found = await inTurn(() => session.run(inputs, names))
        for (const name of names) copyInto(results[name], found[name])
      }
    },
    release: () => inTurn(() => session.release()),
  }
}

type Metadata = readonly InferenceSession.ValueMetadata[]

/** What the names of open lengths stand for, by the first input that has each. */
function namedLengths(metadata: Metadata, feeds: Readonly<Record<string, Tensor>>): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>()
  for (const value of metadata) {
    if (!value.isTensor) continue
    for (const [axis, length] of value.shape.entries()) {
      if (typeof length === 'string' && !lengths.has(length)) lengths.set(length, feeds[value.name].dims[axis])
    }
  }
  return lengths
}

/** A tensor of the wrong shape would be written past, or be ignored and stay as it was. */
function checkFits(
  side: 'input' | 'output',
  metadata: Metadata,
  name: string,
  { dtype, dims, data }: Tensor,
  lengths: ReadonlyMap<string, number>,
): void {
  const known = metadata.find((value) => value.name === name)
  if (!known?.isTensor) throw new RangeError(`the graph has no ${side} named ${name}`)
  const shape = known.shape as readonly Dimension[]
  const fits = shape.every((length, axis) => {
    const number = numberFor(length, (each) => lengths.get(each)) ?? lengths.get(String(length))
    return number === dims[axis]
  })
  if (dtype !== known.type || dims.length !== shape.length || !fits) {
    const expected = `${known.type} ${formatShape(shape)}`
    throw new RangeError(`graph ${side} ${name} expected ${expected}, got ${dtype} ${formatShape(dims)}`)
  }
  const expected = arrays[dtype]
  if (!(data instanceof expected)) throw new TypeError(`graph ${side} ${name} expected a ${expected.name}`)
  if (data.length !== sizeOf(dims)) {
    throw new RangeError(`graph ${side} ${name} expected ${sizeOf(dims)} elements, got ${data.length}`)
  }
}

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int64: BigInt64Array,
  bool: Uint8Array,
}

function toOrt(ort: OrtModule, tensors: Readonly<Record<string, Tensor>>): Record<string, OrtTensor> {
  const entries = Object.entries(tensors)
  return Object.fromEntries(
    entries.map(([name, { dtype, dims, data }]) => [name, new ort.Tensor(dtype, data as never, dims)]),
  )
}

function copyInto(result: Tensor, found: OrtTensor): void {
  const into = result.data as { set(values: unknown): void } // of the type and length that `checkFits` saw
  into.set(found.data)
}

const fromOrt = (tensor: OrtTensor): Tensor =>
  ({ dtype: tensor.type as DType, dims: tensor.dims, data: tensor.data }) as Tensor
