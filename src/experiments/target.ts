/**
 * Untrained targets "initialised as the theory assumes": every matrix is drawn U(-1, 1) and divided by its spectral
 * norm, so that all norms are exactly 1, the largest value the theorems allow.
 */
import type { Attention } from '../paper/attention.js'
import { spectralNorm } from '../paper/matrix.js'
import type { NormFreeTransformer } from '../paper/norm-free-transformer.js'
import type { RotaryAttention, RotaryShape } from '../paper/rotary-attention.js'
import { type Seed, uniform } from '../random/index.js'

/** A matrix [rows, columns] of spectral norm 1, from `stream`. */
export function unitNormMatrix(seed: Seed, stream: number, rows: number, columns: number): Float64Array {
  const values = uniform(seed, stream, rows * columns)
  const norm = spectralNorm(values, rows, columns)
  return values.map((value) => value / norm)
}

/** Attention whose heads' four matrices have norm 1; reads `stream`..`stream + 4 heads - 1`. */
export function createTargetAttention(options: {
  seed: Seed
  stream: number
  inputs: number
  outputs: number
  heads: number
  keyWidth: number
  valueWidth: number
}): Attention {
  const { seed, stream, inputs, outputs, heads, keyWidth, valueWidth } = options
  return {
    inputs,
    outputs,
    heads: Array.from({ length: heads }, (_, j) => ({
      kind: 'factored',
      keyWidth,
      valueWidth,
      query: unitNormMatrix(seed, stream + 4 * j, inputs, keyWidth),
      key: unitNormMatrix(seed, stream + 4 * j + 1, inputs, keyWidth),
      value: unitNormMatrix(seed, stream + 4 * j + 2, inputs, valueWidth),
      output: unitNormMatrix(seed, stream + 4 * j + 3, valueWidth, outputs),
    })),
  }
}

/**
 * Rotary attention whose heads' matrices have norm 1; reads a stream a matrix: W_K and W_V of each group, then W_Q and W_O of each of its
 * query heads.
 */
export function createRotaryTarget(
  options: RotaryShape & { seed: Seed; stream: number; groups: readonly number[]; valueWidth: number },
): RotaryAttention {
  const { seed, inputs, outputs, frequencies, groups, valueWidth } = options
  const keyWidth = 2 * frequencies.length
  let stream = options.stream
  const draw = (rows: number, columns: number) => [unitNormMatrix(seed, stream++, rows, columns)]
  return {
    inputs,
    outputs,
    frequencies,
    groups: groups.map((count) => ({
      key: draw(inputs, keyWidth),
      value: draw(inputs, valueWidth),
      heads: Array.from({ length: count }, () => ({
        query: draw(inputs, keyWidth),
        output: draw(valueWidth, outputs),
      })),
    })),
  }
}

/** Transformer of one-layer feed-forward blocks, all norms 1; reads `blocks x (4 heads + 1)` streams. */
export function createTargetTransformer(options: {
  seed: Seed
  stream: number
  width: number
  heads: number
  keyWidth: number
  blocks: number
}): NormFreeTransformer {
  const { seed, stream, width, heads, keyWidth, blocks } = options
  const stride = 4 * heads + 1
  return {
    width,
    blocks: Array.from({ length: blocks }, (_, b) => {
      const first = stream + b * stride
      const shape = { inputs: width, outputs: width, heads, keyWidth, valueWidth: keyWidth }
      return {
        attention: createTargetAttention({ seed, stream: first, ...shape }),
        feedForward: [
          { inputs: width, outputs: width, weights: unitNormMatrix(seed, first + 4 * heads, width, width) },
        ],
      }
    }),
  }
}
