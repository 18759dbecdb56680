import { chooseParameters, costOfBit, SAMPLE } from './choose-parameters.js'
import { joinChunks, type MaskShape } from './coded-mask.js'
import { lineContexts } from './decode-mask.js'
import { type ChunkRange, chunkRange, GROUP } from './geometry.js'
import { createMaskModel } from './mask-model.js'
import { type MaskParameters, packParameters } from './parameters.js'
import { encodeBits } from './rans.js'

/** A chunk of at least so many bits has eight states, which decode faster; a smaller one has one, which is shorter. */
const MANY = 2 ** 18

/**
 * Codes a mask close to its entropy given what is known of it. Equal masks give equal bytes on every machine.
 * @param mask packed bits, least significant first: [count]
 * @param parameters default: those that make the first bits of the mask shortest
 */
export function encodeMask(mask: Uint8Array, shape: MaskShape, parameters = parametersFor(mask, shape)): Uint8Array {
  const { geometry } = shape
  const chunks = Array.from({ length: geometry.chunks }, (_, i) => {
    const range = chunkRange(geometry, i)
    const { probabilities, bits } = predictRange(mask, shape, range, parameters)
    const { lanes } = parameters
    const laneOf = lanes === 1 ? null : bits.map((_, j) => (j % geometry.width) % GROUP)
    return encodeBits(probabilities, bits, laneOf, lanes)
  })
  return joinChunks(packParameters(parameters), chunks)
}

/** Those that make the first bits of the mask shortest. */
function parametersFor(mask: Uint8Array, shape: MaskShape): MaskParameters {
  const { geometry, magnitudes } = shape
  const first = chunkRange(geometry, 0)
  const lines = Math.max(1, Math.floor(SAMPLE / geometry.width))
  const sample = { start: 0, count: Math.min(first.count, lines * geometry.width) }
  return chooseParameters(first.count >= MANY ? 8 : 1, magnitudes !== null, (parameters) => {
    const { probabilities, bits } = predictRange(mask, shape, sample, parameters)
    return bits.reduce((cost, bit, i) => cost + costOfBit(bit, probabilities[i]), 0)
  })
}

/** Every bit of a range and how likely the model holds it to be one, range read as a chunk of its own. */
function predictRange(
  mask: Uint8Array,
  { geometry, start: startProbability, magnitudes }: MaskShape,
  { start, count }: ChunkRange,
  parameters: MaskParameters,
): { probabilities: Uint16Array; bits: Uint8Array } {
  const { width } = geometry
  const model = createMaskModel(width, startProbability, parameters)
  const probabilities = new Uint16Array(count)
  const bits = new Uint8Array(count)
  for (let i = 0; i < count; i++) bits[i] = (mask[(start + i) >>> 3] >>> ((start + i) & 7)) & 1
  for (let line = 0; line < count; line += width) {
    const columns = Math.min(width, count - line)
    const contexts = lineContexts(magnitudes, parameters, start + line, columns)
    model.startLine()
    for (let column = 0; column < columns; column += GROUP) {
      const size = Math.min(GROUP, columns - column)
      const at = line + column
      model.predict(column, contexts, size, probabilities.subarray(at, at + size))
      let group = 0
      for (let k = 0; k < size; k++) group |= bits[at + k] << k
      model.learn(column, contexts, size, group)
    }
  }
  return { probabilities, bits }
}
