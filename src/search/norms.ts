/** Learned vectors of norms. */
import type { AdamW } from '../kernels/adamw.js'
import { createDenseStep, type DenseMemory } from '../kernels/index.js'
import { toFloat32 } from '../safetensors/floats.js'
import { float16Bytes } from '../safetensors/narrow.js'

/**
 * Learned gains and shifts of norms move at this part of the scores' learning rate: scores bear steps that would
 * throw a norm about.
 */
export const NORM_RATE = 0.1

/** A step of AdamW on gains and shifts, which are not decayed. */
export function createNorms(norms: readonly DenseMemory[]): (adamw: AdamW) => void {
  if (norms.length === 0) return () => {}
  const step = createDenseStep(norms)
  return (adamw) => step.update({ ...adamw, weightDecay: 0 })
}

/** The nearest numbers that fp16 holds, ties to even. */
export const float16Values = (values: Float32Array): Float32Array => toFloat32('F16', float16Bytes(values))

/** Does something while vectors hold fp16 numbers, as tickets with gains alone store them, and puts back what was there. */
export async function withFloat16<T>(vectors: readonly DenseMemory[], work: () => Promise<T>): Promise<T> {
  const before = vectors.map(({ effective }) => effective.slice())
  for (const { effective } of vectors) effective.set(float16Values(effective))
  try {
    return await work()
  } finally {
    for (const [i, { effective }] of vectors.entries()) effective.set(before[i])
  }
}
