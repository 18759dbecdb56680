import { create, toBinary } from '@bufbuild/protobuf'
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../graph/proto/onnx_pb.js'
import type { OutputFile } from './output-file.js'

/** An array that an ONNX model holds. */
export interface Initializer {
  readonly name: string
  readonly dtype: 'float32' | 'uint8' | 'int64'
  readonly dims: readonly number[]
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array
}

/** A protobuf message ends before 2^31 bytes, and readers refuse more. */
export const ONNX_LIMIT = 2 ** 31 - 1

const dataTypes = {
  float32: TensorProto_DataType.FLOAT,
  uint8: TensorProto_DataType.UINT8,
  int64: TensorProto_DataType.INT64,
}

/** Field numbers of onnx.proto, all of length-delimited fields. */
const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_RAW_DATA = 9

/**
 * An ONNX file: the model, with further initializers at the end of its graph. Their bytes are passed on as they are: a model
 * of a gigabyte is written without a copy of it.
 * @throws RangeError when the file would be of 2 GiB or more
 */
export function onnxFile(path: string, model: ModelProto, initializers: readonly Initializer[]): OutputFile {
  const { graph, ...rest } = model
  if (!graph) throw new RangeError('"model" expected a graph, got none')
  const parts = initializers.map(encodeInitializer)
  const body = toBinary(GraphProtoSchema, graph)
  const graphBytes = body.length + parts.reduce((sum, { head, bytes }) => sum + head.length + bytes.length, 0)
  const start = [
    toBinary(ModelProtoSchema, create(ModelProtoSchema, rest)),
    lengthDelimited(MODEL_GRAPH, graphBytes),
    body,
  ]
  const size = start[0].length + start[1].length + graphBytes
  if (size > ONNX_LIMIT) {
    throw new RangeError(`the ONNX file would have ${size} bytes, but one file holds at most ${ONNX_LIMIT}`)
  }
  return {
    path,
    size,
    *chunks() {
      yield* start
      for (const { head, bytes } of parts) {
        yield head
        yield bytes
      }
    },
  }
}

/** What stands before the raw bytes of an initializer: all its other fields. */
function encodeInitializer({ name, dtype, dims, bytes }: Initializer): { head: Uint8Array; bytes: Uint8Array } {
  const tensor = create(TensorProtoSchema, { name, dataType: dataTypes[dtype], dims: dims.map(BigInt) })
  const fields = toBinary(TensorProtoSchema, tensor)
  const raw = lengthDelimited(TENSOR_RAW_DATA, bytes.length)
  const prefix = lengthDelimited(GRAPH_INITIALIZER, fields.length + raw.length + bytes.length)
  const head = new Uint8Array(prefix.length + fields.length + raw.length)
  head.set(prefix)
  head.set(fields, prefix.length)
  head.set(raw, prefix.length + fields.length)
  return { head, bytes }
}

/** Tag and length of a field that is followed by `length` bytes (below 2^53). */
function lengthDelimited(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2]
  let rest = length
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** Float32 numbers as an initializer, not copied (a little-endian machine). */
export const floatInitializer = (name: string, dims: readonly number[], data: Float32Array): Initializer => ({
  name,
  dtype: 'float32',
  dims,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})
