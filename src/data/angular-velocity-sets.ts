/**
 * The sets that attention is trained on to predict angular velocities: 10,000 sequences each to train, validate and test,
 * of lengths 4 to 256, in padded batches (the paper's appendix: batches of 1024, 25 epochs).
 */
import { fillWords, type Seed } from '../random/index.js'
import { drawRotations, writeRotation } from './angular-velocity.js'

/** Set k of these reads streams `2^48 + 4k` (rotations), `+ 1` (lengths) and `+ 2` (orders of epochs). Frozen. */
const splits = ['train', 'validation', 'test'] as const
const FIRST_STREAM = 2 ** 48
const streamOf = (split: AngularVelocitySplit, part: 0 | 1 | 2) => FIRST_STREAM + 4 * splits.indexOf(split) + part

export type AngularVelocitySplit = (typeof splits)[number]

/** Rotations and how many positions of each are seen; a few numbers a sequence, the inputs are made with the batch. */
export interface AngularVelocitySet {
  readonly seed: Seed
  readonly split: AngularVelocitySplit
  readonly count: number
  /** Greatest length: T of a batch. */
  readonly longest: number
  /** Positions a sequence has, the regression token included, [count], each in shortest..longest. */
  readonly lengths: Int32Array
  /** w, radians a step on (-pi, pi), and p, radians on (0, pi), [count]. */
  readonly velocities: Float64Array
  readonly phases: Float64Array
}

/**
 * @param options.count sequences, 1 <= count <= 2^21; default 10,000
 * @param options.shortest, options.longest positions with the regression token, 1 <= shortest <= longest <= 2^21; each
 *   length in between is equally likely, both ends included; default 4 and 256
 */
export function createAngularVelocitySet(options: {
  seed: Seed
  split: AngularVelocitySplit
  count?: number
  shortest?: number
  longest?: number
}): AngularVelocitySet {
  const { seed, split, count = 10_000, shortest = 4, longest = 256 } = options
  if (!splits.includes(split)) throw new RangeError(`"split" expected ${splits.join(', ')}, got ${split}`)
  checkInteger('count', count, 1)
  checkInteger('shortest', shortest, 1)
  checkInteger('longest', longest, shortest)
  const words = new Uint32Array(count)
  fillWords(seed, streamOf(split, 1), 0, words)
  const lengths = Int32Array.from(words, (word) => shortest + below(word, longest - shortest + 1))
  return { seed, split, count, longest, lengths, ...drawRotations(seed, streamOf(split, 0), count) }
}

/**
 * The order of an epoch, a permutation of 0..count-1: Fisher and Yates's shuffle, whose exchange i reads word
 * `epoch * count + i`. A batch takes the next B of it, the last one what is left.
 * @param epoch from 0, an integer
 */
export function shuffleEpoch({ seed, split, count }: AngularVelocitySet, epoch: number): Int32Array {
  const words = new Uint32Array(count)
  fillWords(seed, streamOf(split, 2), epoch * count, words)
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = 0; i < count - 1; i++) {
    const other = i + below(words[i], count - i)
    const moved = order[i]
    order[i] = order[other]
    order[other] = moved
  }
  return order
}

/** A batch of B sequences padded to T positions, float32. */
export interface AngularVelocityBatch {
  /** [B, T, 2]; position 0 and what lies beyond a sequence's end are (0, 0). */
  readonly inputs: Float32Array
  /** Added to the attention logits, [B, T]: 0 where a key is seen, {@link HIDDEN_LOGIT} beyond the sequence's end. */
  readonly mask: Float32Array
  /** Angular velocities, [B]. */
  readonly targets: Float32Array
  /** 1 for a sequence, 0 for a row that only fills the batch, [B]; loss = sum weights (y - w)^2 / sum weights. */
  readonly weights: Float32Array
}

/** The logit of a key that is not seen: its exponential is 0 in float32, and it stays finite through products with 0. */
export const HIDDEN_LOGIT = -1e9

/** Arrays for a batch of B sequences of T positions. */
export function createAngularVelocityBatch(batch: number, length: number): AngularVelocityBatch {
  checkInteger('batch', batch, 1)
  checkInteger('length', length, 1)
  return {
    inputs: new Float32Array(batch * length * 2),
    mask: new Float32Array(batch * length),
    targets: new Float32Array(batch),
    weights: new Float32Array(batch),
  }
}

/**
 * Writes sequences into a batch. Rows beyond them hold nothing but a seen regression token, and have weight 0.
 * @param sequences indices in the set, at most B
 * @param into overwritten; its T is at least the longest of these sequences
 */
export function fillAngularVelocityBatch(
  set: AngularVelocitySet,
  sequences: ArrayLike<number>,
  into: AngularVelocityBatch,
): void {
  const { inputs, mask, targets, weights } = into
  const batch = targets.length
  const length = mask.length / batch
  if (inputs.length !== 2 * mask.length || weights.length !== batch || !Number.isInteger(length)) {
    throw new RangeError('"into" expected inputs [B, T, 2], mask [B, T], targets [B] and weights [B]')
  }
  if (sequences.length > batch) {
    throw new RangeError(`"sequences" expected at most ${batch} of them, got ${sequences.length}`)
  }
  inputs.fill(0)
  mask.fill(HIDDEN_LOGIT)
  targets.fill(0)
  weights.fill(0)
  for (let row = 0; row < batch; row++) mask[row * length] = 0
  for (let row = 0; row < sequences.length; row++) {
    const sequence = sequences[row]
    const seen = set.lengths[sequence]
    if (seen === undefined) throw new RangeError(`"sequences" expected 0 to ${set.count - 1}, got ${sequence}`)
    if (seen > length) throw new RangeError(`"into" expected at least ${seen} positions, got ${length}`)
    const start = row * length
    writeRotation(inputs.subarray(2 * start, 2 * (start + seen)), set.velocities[sequence], set.phases[sequence])
    mask.fill(0, start, start + seen)
    targets[row] = set.velocities[sequence]
    weights[row] = 1
  }
}

/** floor(word * bound / 2^32) for bound <= 2^21, exact: an integer in 0..bound-1. */
const below = (word: number, bound: number): number => Math.floor((word * bound) / 2 ** 32)

function checkInteger(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > 2 ** 21) {
    throw new RangeError(`"${name}" expected an integer from ${least} to 2^21, got ${value}`)
  }
}
