/** Rotary positions (Su et al. 2021), by halves of a head as transformers turns them. */
import { add, concat, type Graph, mul, numericShape, split, sub, type Value } from '../graph/index.js'

/** Cosine and sine of every position's angles, float32 [positions, D / 2] each. */
export interface Rotation {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/**
 * Angles `position * theta^(-2i/D)` for i < D / 2. Frequencies and angles are rounded to float32 as transformers rounds them, so that far
 * positions turn by the same.
 * @param first the first position, an integer >= 0
 * @param count positions
 * @param width D, even
 * @param theta > 0
 */
export function rotationOf(first: number, count: number, width: number, theta: number): Rotation {
  const half = width / 2
  const cos = new Float32Array(count * half)
  const sin = new Float32Array(count * half)
  for (const [i, frequency] of frequenciesOf(width, theta).entries()) {
    for (let t = 0; t < count; t++) {
      const angle = Math.fround((first + t) * frequency)
      cos[t * half + i] = Math.cos(angle)
      sin[t * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

/** theta^(-2i/D) for i < D / 2, rounded as transformers rounds it. */
export const frequenciesOf = (width: number, theta: number): Float32Array =>
  Float32Array.from({ length: width / 2 }, (_, i) => 1 / Math.fround(theta ** ((2 * i) / width)))

/** The tables of positions 0 to `count` - 1 as constants of a graph, [count, D / 2] each. */
export function rotationConstants(
  graph: Graph,
  count: number,
  width: number,
  theta: number,
): { cos: Value; sin: Value } {
  const { cos, sin } = rotationOf(0, count, width, theta)
  const dims = [count, width / 2]
  return {
    cos: graph.constant({ dtype: 'float32', dims, data: cos }),
    sin: graph.constant({ dtype: 'float32', dims, data: sin }),
  }
}

/** Turns the last dimension of x, [..., D], by cosines and sines that broadcast against [..., D / 2]. */
export function rotate(x: Value, { cos, sin }: { readonly cos: Value; readonly sin: Value }): Value {
  const axis = x.shape.length - 1
  const half = numericShape('rotate', x.shape.slice(axis))[0] / 2
  const [a, b] = split(x, axis, [half, half])
  return concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], axis)
}
