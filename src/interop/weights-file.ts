import type { WeightTensor } from '../families/index.js'
import { bfloat16Bytes, float16Bytes, float32Bytes, planSafetensors } from '../safetensors/index.js'
import type { OutputFile } from './output-file.js'

/** Number formats that weights can be exported in. */
export const weightFormats = ['fp32', 'fp16', 'bf16'] as const
export type WeightFormat = (typeof weightFormats)[number]

const formats = {
  fp32: { dtype: 'F32', encode: float32Bytes, torch: 'float32', limit: Number.POSITIVE_INFINITY },
  fp16: { dtype: 'F16', encode: float16Bytes, torch: 'float16', limit: 65520 },
  bf16: { dtype: 'BF16', encode: bfloat16Bytes, torch: 'bfloat16', limit: 2 ** 128 - 2 ** 119 },
} as const

/** PyTorch's name of a format, for config.json. */
export const torchName = (format: WeightFormat): string => formats[format].torch

/**
 * `model.safetensors`: stored tensors in their order, rounded to nearest, ties to even, where the format is narrower than
 * float32.
 * @throws RangeError when a weight is too large for the format, naming the tensor and the index
 */
export function weightsFile(weights: ReadonlyMap<string, WeightTensor>, format: WeightFormat): OutputFile {
  const { dtype, encode, limit } = formats[format]
  for (const [name, { data }] of weights) {
    const at = data.findIndex((value) => !(Math.abs(value) < limit))
    if (at >= 0) {
      throw new RangeError(`"dtype" expected one that holds ${name}, whose value ${at} is ${data[at]}, got ${format}`)
    }
  }
  const { header, size } = planSafetensors(Array.from(weights, ([name, { shape }]) => ({ name, dtype, shape })))
  return {
    path: 'model.safetensors',
    size,
    *chunks() {
      yield header
      for (const tensor of weights.values()) yield* pieces(tensor, encode)
    },
  }
}

/** Numbers that are encoded at a time. */
const PIECE = 2 ** 22

function* pieces({ data }: WeightTensor, encode: (values: Float32Array) => Uint8Array): Iterable<Uint8Array> {
  for (let from = 0; from < data.length; from += PIECE) yield encode(data.subarray(from, from + PIECE))
}
