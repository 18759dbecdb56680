import { chooseParameters, costOfBit, SAMPLE } from './choose-parameters.js'
import { groupWithin, joinChunks, type MaskShape } from './coded-mask.js'
import { lineContexts } from './decode-mask.js'
import { type ChunkRange, chunkRange, GROUP } from './geometry.js'
import { createMaskModel } from './mask-model.js'
import { type MaskParameters, packParameters } from './parameters.js'
import { encodeBits } from './rans.js'

/** A chunk of at least so many bits has eight states, which decode faster; a smaller one has one, which is shorter. */
const MANY = 2 ** 18

/**
 * Codes a mask close to its entropy given what is known of it. Equal masks give equal bytes on every machine.
 * @param mask packed bits, least significant first: [count]; it lies within `shape.within`
 * @param parameters default: those that make the first bits of the mask shortest
 */
export function encodeMask(mask: Uint8Array, shape: MaskShape, parameters = parametersFor(mask, shape)): Uint8Array {
  const { geometry } = shape
  const { lanes } = parameters
  const chunks = Array.from({ length: geometry.chunks }, (_, i) => {
    const { probabilities, bits, laneOf } = predictRange(mask, shape, chunkRange(geometry, i), parameters)
    return encodeBits(probabilities, bits, lanes === 1 ? null : laneOf, lanes)
  })
  return joinChunks(packParameters(parameters), chunks)
}

const bitOf = (packed: Uint8Array, index: number): number => (packed[Math.floor(index / 8)] >>> (index % 8)) & 1

/** Those that make the first bits of the mask shortest. */
function parametersFor(mask: Uint8Array, shape: MaskShape): MaskParameters {
  const { geometry, magnitudes, within } = shape
  const first = chunkRange(geometry, 0)
  let coded = first.count
  if (within) for (let i = 0; i < first.count; i++) coded -= 1 - bitOf(within, i)
  // Of a mask that is coded in few places a longer part is read, for as many coded bits.
  const share = Math.max(coded, 1) / first.count
  const lines = Math.max(1, Math.floor(SAMPLE / share / geometry.width))
  const sample = { start: 0, count: Math.min(first.count, lines * geometry.width) }
  return chooseParameters(coded >= MANY ? 8 : 1, magnitudes !== null, (parameters) => {
    const { probabilities, bits } = predictRange(mask, shape, sample, parameters)
    return bits.reduce((cost, bit, i) => cost + costOfBit(bit, probabilities[i]), 0)
  })
}

/** Every coded bit of a range, how likely the model holds it to be one, and its state where there are eight; the range is read as a chunk of its own. */
function predictRange(
  mask: Uint8Array,
  shape: MaskShape,
  { start, count }: ChunkRange,
  parameters: MaskParameters,
): { probabilities: Uint16Array; bits: Uint8Array; laneOf: Uint8Array } {
  const { geometry, start: startProbability, within } = shape
  const { width } = geometry
  const model = createMaskModel(width, startProbability, parameters)
  const probabilities = new Uint16Array(count)
  const bits = new Uint8Array(count)
  const laneOf = new Uint8Array(count)
  const group = new Uint16Array(GROUP)
  let at = 0
  for (let line = start; line < start + count; line += width) {
    const columns = Math.min(width, start + count - line)
    const contexts = lineContexts(shape, parameters, line, columns)
    model.startLine()
    for (let column = 0; column < columns; column += GROUP) {
      const size = Math.min(GROUP, columns - column)
      const coded = groupWithin(within, line + column, size)
      model.predict(column, contexts, size, group)
      let found = 0
      for (let k = 0; k < size; k++) {
        if (((coded >>> k) & 1) === 0) continue
        const bit = bitOf(mask, line + column + k)
        found |= bit << k
        probabilities[at] = group[k]
        laneOf[at] = k
        bits[at++] = bit
      }
      model.learn(column, contexts, size, found, coded)
    }
  }
  return { probabilities: probabilities.subarray(0, at), bits: bits.subarray(0, at), laneOf: laneOf.subarray(0, at) }
}
