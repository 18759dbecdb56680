/** Matrices of {-1, 0, +1} times a magnitude, two bits a weight: what signed constants under a mask are. */
import type { WeightTensor } from './weights.js'

/** A matrix of {-1, 0, +1} times a magnitude for each output. N outputs of K inputs; rows of an embedding count as outputs. */
export interface TernaryMatrix {
  /** The parameter's: [in, out] of linear maps, [N, K] of embeddings and heads. */
  readonly shape: readonly [number, number]
  /** K */
  readonly inputs: number
  /** N */
  readonly outputs: number
  /**
   * uint8 [N, ceil(K / block), block / 4]: weight k of an output is (code - 2) times its magnitude, the lowest bits of a byte first. Codes past
   * the last input are 2. This is the layout of com.microsoft's MatMulNBits.
   */
  readonly codes: Uint8Array
  /** Float32 [N], > 0. */
  readonly magnitudes: Float32Array
}

/** Whether a weight is a ternary matrix; float32 ones, and shapes alone, are not. */
export const isTernary = (weight: Pick<WeightTensor, 'shape'> | TernaryMatrix | undefined): weight is TernaryMatrix =>
  weight !== undefined && 'codes' in weight

/** Most weights that share a scale. ONNX Runtime 1.30 multiplies 2 bits in integers up to 128, the fastest of 16 to 128 at one row. */
const LARGEST_BLOCK = 128

/** Weights of an output that share a scale: the least of 16, 32, 64 and 128 that holds all K inputs, else 128. */
export function blockOf(inputs: number): number {
  let block = 16
  while (block < LARGEST_BLOCK && block < inputs) block *= 2
  return block
}

/** Blocks of an output's inputs. */
export const blocksOf = (inputs: number): number => Math.ceil(inputs / blockOf(inputs))

/** Bytes of an output's codes. */
export const strideOf = (inputs: number): number => (blocksOf(inputs) * blockOf(inputs)) / 4

/** Bytes that a matrix of this shape takes: its codes and its scales. */
export function ternaryBytes({ inputs, outputs }: Pick<TernaryMatrix, 'inputs' | 'outputs'>): number {
  return outputs * (strideOf(inputs) + 4 * blocksOf(inputs))
}

/** Linear maps of the same inputs side by side. */
export function ternarySideBySide(parts: readonly TernaryMatrix[]): TernaryMatrix {
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0)
  const { inputs } = parts[0]
  const codes = new Uint8Array(outputs * strideOf(inputs))
  const magnitudes = new Float32Array(outputs)
  let from = 0
  for (const part of parts) {
    codes.set(part.codes, from * strideOf(inputs))
    magnitudes.set(part.magnitudes, from)
    from += part.outputs
  }
  return { shape: [inputs, outputs], inputs, outputs, codes, magnitudes }
}

/** The scale of every block, as MatMulNBits reads them: float32 [N * blocks]. */
export function scalesOf({ inputs, magnitudes }: TernaryMatrix): Float32Array {
  const blocks = blocksOf(inputs)
  const scales = new Float32Array(magnitudes.length * blocks)
  for (const [n, magnitude] of magnitudes.entries()) scales.fill(magnitude, n * blocks, (n + 1) * blocks)
  return scales
}
