/** What the same network would take if its weights were stored, without any header. */

/** One way to store weights. */
export interface DenseSize {
  readonly name: 'float32' | 'float16' | '8-bit' | '4-bit'
  readonly bytes: number
  /** Of all parameters. */
  readonly bitsPerWeight: number
}

/** Weights that share a scale, as ONNX Runtime's MatMulNBits has them by default. */
export const BLOCK = 32

/** Bytes of a block's scale: a float16; the codes are symmetric, so there is no zero point. */
const SCALE_BYTES = 2

/**
 * Sizes of a network stored densely. With 8 and 4 bits every matrix is quantised, embeddings too, in blocks of 32 weights along
 * its inputs with a float16 scale each (8.5 and 4.5 bits a weight where 32 divides them); what 32 leaves over is a shorter block.
 * Codes lie back to back, vectors stay float32.
 * @param shapes of all its weights; a matrix is [in, out], or [lines, d] for a table, whose blocks run along d
 * @param isTable whether the shape at an index is a table
 */
export function denseSizes(
  shapes: readonly (readonly number[])[],
  isTable: (index: number) => boolean,
): readonly DenseSize[] {
  const counts = shapes.map((shape) => shape.reduce((product, size) => product * size, 1))
  const parameters = counts.reduce((sum, count) => sum + count, 0)
  const quantised = (bits: number) =>
    shapes.reduce((sum, shape, i) => {
      if (shape.length !== 2) return sum + 4 * counts[i]
      const [inputs, outputs] = isTable(i) ? [shape[1], shape[0]] : shape
      const blocks = Math.ceil(inputs / BLOCK) * outputs
      return sum + Math.ceil((counts[i] * bits) / 8) + blocks * SCALE_BYTES
    }, 0)
  const sizes = [
    { name: 'float32', bytes: 4 * parameters },
    { name: 'float16', bytes: 2 * parameters },
    { name: '8-bit', bytes: quantised(8) },
    { name: '4-bit', bytes: quantised(4) },
  ] as const
  return sizes.map((size) => ({ ...size, bitsPerWeight: parameters > 0 ? (8 * size.bytes) / parameters : 0 }))
}
