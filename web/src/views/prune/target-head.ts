/** The head that a source is pruned towards, and what it reads. */

import { drawRotations } from '../../../../src/data/angular-velocity.js'
import { createRotaryTarget, createTargetAttention } from '../../../../src/experiments/target.js'
import { mergeHead } from '../../../../src/paper/attention.js'
import { spectralNorm } from '../../../../src/paper/matrix.js'
import { mergeRotary } from '../../../../src/paper/merged-rotary.js'
import { type RotaryAttention, rotaryFrequencies } from '../../../../src/paper/rotary-attention.js'
import { scoreMatrices } from '../../../../src/paper/rotary-construction.js'
import { uniform } from '../../../../src/random/index.js'
import { type InputChoice, ROTARY_KEY_WIDTH, ROTARY_THETA, type TargetChoice } from './choices.js'
import type { Sorter } from './sorter.js'
import type { StoryHeads } from './story-heads.js'

/** One head, merged. */
export interface TargetHead {
  /** d1. */
  readonly inputs: number
  /** d2. */
  readonly outputs: number
  /** What the scores are made of: W_QK, [d1, d1]; of a rotary head [A_p' | -B_p'] for each frequency, [d1, 2 d1]. */
  readonly scores: readonly Float64Array[]
  /** A rotary head by its four matrices; its frequencies turn queries and keys. */
  readonly rotary?: RotaryAttention
  /** W_VO, [d1, d2]. */
  readonly valueOutput: Float64Array
  /** Spectral norm of W_VO. */
  readonly valueOutputNorm: number
  /** Trained heads look back only. */
  readonly mask: 'encoder' | 'causal'
  /** Whether the last coordinate of an input is the constant 1 that carries biases. */
  readonly constant: boolean
}

/** Streams of the seed: the target's matrices, its inputs, and from `SOURCE_STREAM` on sources. */
const TARGET_STREAM = 0
const INPUT_STREAM = 16
export const SOURCE_STREAM = 1024

/** Width of queries, keys and values in a random target of width d: a quarter, so that norms of 1 still leave uneven attention. */
export const targetKeyWidth = (d: number): number => Math.max(1, Math.floor(d / 4))

/**
 * @param sorter asked for only where the choice names one of its heads
 * @param stories the storyteller's heads, asked for in the same way
 */
export async function createTargetHead(
  choice: TargetChoice,
  sorter: () => Promise<Sorter>,
  stories: () => Promise<StoryHeads>,
): Promise<TargetHead> {
  if (choice.kind === 'sorter') {
    const { config, head } = await sorter()
    const { queryKey, valueOutput } = head(choice.layer, choice.head)
    const shape = { inputs: config.width + 1, outputs: config.width }
    const valueOutputNorm = spectralNorm(valueOutput, shape.inputs, shape.outputs)
    return { ...shape, scores: [queryKey], valueOutput, valueOutputNorm, mask: 'causal', constant: true }
  }
  if (choice.kind === 'story') {
    const headOf = await stories()
    return { ...rotaryHead(await headOf(choice.layer, choice.head)), mask: 'causal' }
  }
  const { seed, d } = choice
  const width = targetKeyWidth(d)
  const shape = { inputs: d, outputs: d }
  if (choice.kind === 'rotary') {
    const frequencies = rotaryFrequencies(ROTARY_KEY_WIDTH, ROTARY_THETA)
    const rotary = createRotaryTarget({
      seed,
      stream: TARGET_STREAM,
      ...shape,
      frequencies,
      groups: [1],
      valueWidth: width,
    })
    return rotaryHead(rotary)
  }
  const { heads } = createTargetAttention({
    seed,
    stream: TARGET_STREAM,
    ...shape,
    heads: 1,
    keyWidth: width,
    valueWidth: width,
  })
  const { queryKey, valueOutput } = mergeHead(heads[0], d, d)
  const valueOutputNorm = spectralNorm(valueOutput, d, d)
  return { ...shape, scores: [queryKey], valueOutput, valueOutputNorm, mask: 'encoder', constant: false }
}

/** A rotary head that sees all positions. */
function rotaryHead(rotary: RotaryAttention): TargetHead {
  const { inputs, outputs } = rotary
  const merged = mergeRotary(rotary)
  const [{ valueOutput }] = merged.heads
  const valueOutputNorm = spectralNorm(valueOutput, inputs, outputs)
  const scores = scoreMatrices(merged)
  return { inputs, outputs, scores, rotary, valueOutput, valueOutputNorm, mask: 'encoder', constant: false }
}

/** What a head reads, [T, d1], and the tokens behind it where it is letters. */
export interface HeadInput {
  readonly x: Float64Array
  readonly tokens?: readonly number[]
}

/**
 * - `random`: positions drawn uniformly and brought to norm sqrt(d), the least bound on norms that the theorem allows;
 * - `rotation`: the paper's synthetic task: a first position of zeros, then points that turn, each pair of coordinates at its own
 *   speed (with d = 2 exactly the paper's);
 * - `letters`: six letters and the first five of the sorter's answer, as they reach the layer.
 *
 * A longer input begins with the shorter one.
 */
export async function createHeadInput(
  input: InputChoice,
  target: TargetHead,
  layer: number,
  sorter: () => Promise<Sorter>,
): Promise<HeadInput> {
  if (input.kind === 'letters') {
    const model = await sorter()
    const tokens = [...input.letters].map((letter) => letter.charCodeAt(0) - 65)
    while (tokens.length < model.config.positions) {
      const logits = model.logits(tokens)
      tokens.push(logits.indexOf(Math.max(...logits)))
    }
    return { x: model.headInputs(tokens, layer), tokens }
  }
  const d = target.constant ? target.inputs - 1 : target.inputs
  const write = input.kind === 'random' ? writeRandom : writeRotations
  const rows = write(input.seed, input.length, d)
  if (!target.constant) return { x: rows }
  const x = new Float64Array(input.length * (d + 1)).fill(1)
  for (let t = 0; t < input.length; t++) x.set(rows.subarray(t * d, (t + 1) * d), t * (d + 1))
  return { x }
}

function writeRandom(seed: bigint, length: number, d: number): Float64Array {
  const x = uniform(seed, INPUT_STREAM, length * d)
  for (let t = 0; t < length; t++) {
    const row = x.subarray(t * d, (t + 1) * d)
    const scale = Math.sqrt(d) / Math.hypot(...row)
    for (let i = 0; i < d; i++) row[i] *= scale
  }
  return x
}

function writeRotations(seed: bigint, length: number, d: number): Float64Array {
  const pairs = Math.floor(d / 2)
  const { velocities, phases } = drawRotations(seed, INPUT_STREAM, pairs)
  const x = new Float64Array(length * d)
  for (let t = 1; t < length; t++) {
    for (let p = 0; p < pairs; p++) {
      const angle = velocities[p] * t + phases[p]
      x[t * d + 2 * p] = Math.cos(angle)
      x[t * d + 2 * p + 1] = Math.sin(angle)
    }
  }
  return x
}
