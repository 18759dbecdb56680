/** Codes of two bits in the order of a matrix' weights, put in the order in which products read them. */
import { strideOf, type TernaryMatrix } from '../families/ternary-matrix.js'
import { copyBits } from '../mask/index.js'

/** The code of a weight that is 0, four times. */
const ZEROS = 0b10101010

/**
 * A matrix from its codes in the order of its weights.
 * @param packed uint8 [ceil(rows columns / 4)], row-major, the lowest bits of a byte first
 * @param stored `in-out` for linear maps [in, out], `out-in` for embeddings and heads
 * @param magnitude > 0, a float32 number
 */
export function ternaryMatrix(
  shape: readonly [number, number],
  packed: Uint8Array,
  stored: 'in-out' | 'out-in',
  magnitude: number,
): TernaryMatrix {
  const [outputs, inputs] = stored === 'in-out' ? [shape[1], shape[0]] : shape
  const codes = stored === 'in-out' ? turned(packed, inputs, outputs) : spread(packed, inputs, outputs)
  return { shape, inputs, outputs, codes, magnitudes: new Float32Array(outputs).fill(magnitude) }
}

/** Rows that lie one behind another, each begun at its stride. */
function spread(packed: Uint8Array, K: number, N: number): Uint8Array {
  const stride = strideOf(K)
  if (4 * stride === K) return packed
  const codes = new Uint8Array(N * stride).fill(ZEROS)
  for (let n = 0; n < N; n++) {
    if (K % 4 === 0) codes.set(packed.subarray((n * K) / 4, ((n + 1) * K) / 4), n * stride)
    else copyBits(packed, 2 * n * K, codes, 8 * n * stride, 2 * K)
  }
  return codes
}

/** Codes [K, N] as [N, K]. Four rows by four columns at a time where rows begin at a byte. */
function turned(packed: Uint8Array, K: number, N: number): Uint8Array {
  const stride = strideOf(K)
  const codes = new Uint8Array(N * stride).fill(ZEROS)
  if (N % 4 !== 0) {
    for (let k = 0; k < K; k++) {
      for (let n = 0; n < N; n++) copyBits(packed, 2 * (k * N + n), codes, 8 * n * stride + 2 * k, 2)
    }
    return codes
  }
  const width = N / 4
  for (let k = 0; k < K; k += 4) {
    for (let column = 0; column < width; column++) {
      const at = k * width + column
      const a = packed[at]
      const b = k + 1 < K ? packed[at + width] : ZEROS
      const c = k + 2 < K ? packed[at + 2 * width] : ZEROS
      const d = k + 3 < K ? packed[at + 3 * width] : ZEROS
      for (let i = 0; i < 8; i += 2) {
        codes[(4 * column + i / 2) * stride + k / 4] =
          ((a >> i) & 3) | (((b >> i) & 3) << 2) | (((c >> i) & 3) << 4) | (((d >> i) & 3) << 6)
      }
    }
  }
  return codes
}
