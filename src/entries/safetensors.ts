/**
 * `strong-lottery-tickets/safetensors`: safetensors files, read and written. The reader takes every length, offset and name
 * as hostile until it fits the file, and refuses in one line (`InputError`). It reads from a `ByteSource`: `memorySource`
 * is one, and a file or a range-served address is another with the same method.
 *
 * Loads no package and nothing of Node.
 */
export {
  type ByteSource,
  bfloat16Bytes,
  bytesPerElement,
  type Dtype,
  encodeSafetensors,
  float16Bytes,
  float32Bytes,
  InputError,
  memorySource,
  openSafetensors,
  planSafetensors,
  type SafetensorsFile,
  type SafetensorsLayout,
  type TensorInfo,
  type TensorPlan,
  tensorBytes,
  toFloat32,
  toUint16,
  uint16Bytes,
} from '../safetensors/index.js'
