import { loadKernels } from '../../src/engine/node.js'
import {
  type AdamW,
  allocateParameters,
  createTicketStep,
  type TicketOptions,
  type TicketStep,
} from '../../src/kernels/index.js'
import { keptCount } from '../../src/mask/index.js'
import { createReferenceTicketStep, type TicketArrays } from '../../src/search/ticket-step-reference.js'

/** One step on some arrays: a rung of the ladder. */
export interface Rung {
  readonly arrays: readonly TicketArrays[]
  readonly step: TicketStep
}

export type MakeRung = (counts: readonly number[], options: TicketOptions) => Promise<Rung>

const nameOf = (_: number, i: number) => `m${i}`

const reference: MakeRung = async (counts, options) => {
  const arrays = counts.map((count, i) => {
    const floats = () => new Float32Array(count)
    return {
      name: nameOf(count, i),
      weights: floats(),
      effective: floats(),
      gradient: floats(),
      scores: floats(),
      momentum: floats(),
      variance: floats(),
    }
  })
  return { arrays, step: createReferenceTicketStep(arrays, options) }
}

/** The WASM step with at most `limit` bytes an instance. */
export async function wasmRung(counts: readonly number[], options: TicketOptions, limit?: number) {
  const shapes = counts.map((count, i) => ({ name: nameOf(count, i), count, kind: 'ticket' as const }))
  const memory = await allocateParameters(loadKernels, shapes, [], limit === undefined ? {} : { limit })
  return { memory, arrays: memory.tickets, step: createTicketStep(memory.tickets, options) }
}

/** Every rung, from the readable to the fast one. */
export const rungs: readonly (readonly [name: string, make: MakeRung])[] = [
  ['TypeScript', reference],
  ['WASM', wasmRung],
  [
    'WASM, in several instances',
    (counts, options) => wasmRung(counts, options, 1024 + 29 * Math.max(...counts) + 11 * 640),
  ],
]

export const makeReference = reference

/** Masks as flags, by sorting: what the selection is defined to be. */
export function oracleMasks(arrays: readonly TicketArrays[], { keep, selection }: TicketOptions): number[][] {
  const masks = arrays.map(({ scores }) => Array.from(scores, () => 0))
  const all = arrays.flatMap(({ scores }, m) => Array.from(scores, (score, i) => ({ m, i, size: Math.abs(score) })))
  const parts = selection === 'global' ? [all] : arrays.map((_, m) => all.filter((each) => each.m === m))
  for (const part of parts) {
    // Array.prototype.sort is stable: equal sizes stay in the order of matrix and index.
    const sorted = part.toSorted((a, b) => (a.size === b.size ? 0 : b.size > a.size ? 1 : -1))
    for (const { m, i } of sorted.slice(0, keptCount(part.length, keep))) masks[m][i] = 1
  }
  return masks
}

export const flagsOf = (step: TicketStep, { name, scores }: TicketArrays): number[] => {
  const bits = step.mask(name)
  return Array.from(scores, (_, i) => (bits[i >> 3] >> (i & 7)) & 1)
}

/** The bits of an array: -0 differs from 0, and every NaN counts. */
export const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [left, right] = [bitsOf(a), bitsOf(b)]
  return left.length === right.length && left.every((word, i) => word === right[i])
}

/** A small generator of pseudo-random numbers on [0, 1): Park and Miller's. */
export function randomFrom(seed: number): () => number {
  let state = (seed % 2147483646) + 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

export const settings = (learningRate: number, step: number): AdamW => {
  return { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step }
}
