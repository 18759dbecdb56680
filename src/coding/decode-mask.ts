/** The readable decoder; src/kernels has the same in WebAssembly. */
import { groupWithin, type MaskShape, splitChunks } from './coded-mask.js'
import { chunkRange, GROUP } from './geometry.js'
import { createMaskModel } from './mask-model.js'
import { MAGNITUDE_BITS, type MaskParameters } from './parameters.js'
import { createBitDecoder } from './rans.js'

/**
 * The mask of some coded bytes, bit for bit what was coded.
 * @returns packed bits [count], least significant first
 * @throws CodingError when the bytes are no coded mask of this shape
 */
export function decodeMask(bytes: Uint8Array, shape: MaskShape): Uint8Array {
  const { parameters, chunks } = splitChunks(bytes, shape)
  const mask = new Uint8Array(Math.ceil(shape.geometry.count / 8))
  for (const [i, chunk] of chunks.entries()) decodeChunk(chunk, shape, i, parameters, mask)
  return mask
}

function decodeChunk(
  bytes: Uint8Array,
  shape: MaskShape,
  index: number,
  parameters: MaskParameters,
  mask: Uint8Array,
): void {
  const { geometry, start: startProbability, within } = shape
  const { lanes } = parameters
  const { width } = geometry
  const { start, count } = chunkRange(geometry, index)
  const model = createMaskModel(width, startProbability, parameters)
  const decoder = createBitDecoder(bytes, lanes)
  const probabilities = new Uint16Array(GROUP)
  for (let line = start; line < start + count; line += width) {
    const columns = Math.min(width, start + count - line)
    const contexts = lineContexts(shape, parameters, line, columns)
    model.startLine()
    for (let column = 0; column < columns; column += GROUP) {
      const size = Math.min(GROUP, columns - column)
      model.predict(column, contexts, size, probabilities)
      const coded = groupWithin(within, line + column, size)
      let bits = 0
      for (let k = 0; k < size; k++) {
        if ((coded >>> k) & 1) bits |= decoder.read(lanes === 1 ? 0 : k, probabilities[k]) << k
      }
      model.learn(column, contexts, size, bits, coded)
      putBits(mask, line + column, bits)
    }
  }
  decoder.end()
}

/** Contexts of a line: the highest bits of its scores' magnitudes, where they have one after the sign. */
export function lineContexts(
  { magnitudes, magnitudeBits = MAGNITUDE_BITS }: MaskShape,
  { contextBits }: MaskParameters,
  start: number,
  count: number,
): Uint8Array {
  if (contextBits === 0 || magnitudes === null) return new Uint8Array(count)
  const shift = magnitudeBits - contextBits
  return magnitudes(start, count).map((magnitude) => magnitude >> shift)
}

/** Sets up to eight bits from `index` on, which were zero. */
function putBits(mask: Uint8Array, index: number, bits: number): void {
  const byte = Math.floor(index / 8)
  const value = bits << (index % 8)
  mask[byte] |= value & 255
  if (value > 255) mask[byte + 1] |= value >> 8
}
