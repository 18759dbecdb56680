/** The model whose distributions a network learns from, at work on batches of one shape; see src/families/teaching.ts. */

import type { BaseConfig, ModelWeights } from '../families/index.js'
import { heldParameters } from '../families/index.js'
import { lossParameters, teacherGraph } from '../families/loss-graph.js'
import { encodeModel, float32, type GraphRunner, int32 } from '../graph/index.js'

/** What a teacher is asked for. */
export interface Lesson {
  /** [B, T], read at every run. */
  readonly tokens: Int32Array
  /** B, windows of a run. */
  readonly batch: number
  /** T, at most the teacher's context. */
  readonly length: number
  /** A: distributions are wanted after the last A tokens of each window, an integer from 1 to T. */
  readonly answers: number
  /** Of the distributions, > 0. */
  readonly temperature: number
}

/** A teacher that is ready to answer. */
export interface TeacherStep {
  /** [B A, V], softmax(logits / temperature) as of the last run. */
  readonly probabilities: Float32Array
  run(): Promise<void>
  release(): Promise<void>
}

export type OpenTeacher = (lesson: Lesson) => Promise<TeacherStep>

/**
 * A dense teacher: a graph of its own, without gradients, always in float32.
 * @param weights of the family's parameters; biases and norms may be absent
 */
export function denseTeacher(runner: GraphRunner, config: BaseConfig, weights: ModelWeights): OpenTeacher {
  const held = heldParameters(config, weights)
  const biases = held.some(({ kind }) => kind === 'bias')
  const norms = held.some(({ kind }) => kind === 'gain') ? 'learned' : 'plain'
  const model = { config, norms, biases } as const
  return async ({ tokens, batch, length, answers, temperature }) => {
    const graph = teacherGraph(model, batch, length, temperature, { fused: runner.prefersFused, answers })
    const shape = [batch * answers, config.vocabulary]
    const probabilities = new Float32Array(shape[0] * shape[1])
    const feeds = lossParameters(model).map((each) => [each.name, float32(each.shape, weights.get(each.name)!.data)])
    const loaded = await runner.load(encodeModel(graph))
    const run = loaded.bind(
      { tokens: int32([batch, length], tokens), ...Object.fromEntries(feeds) },
      { probabilities: float32(shape, probabilities) },
    )
    return { probabilities, run, release: () => loaded.release() }
  }
}

/** A teacher that only gives logits [B, T, V]: a pruned ticket, whose masks are applied literally. */
export function logitsTeacher(
  logitsOf: (tokens: Int32Array, batch: number, length: number) => Promise<Float32Array>,
  vocabulary: number,
): OpenTeacher {
  return async ({ tokens, batch, length, answers, temperature }) => {
    const V = vocabulary
    const probabilities = new Float32Array(batch * answers * V)
    return {
      probabilities,
      async run() {
        const logits = await logitsOf(tokens, batch, length)
        for (let n = 0; n < batch * answers; n++) {
          const token = Math.floor(n / answers) * length + (length - answers) + (n % answers)
          softmaxInto(
            probabilities.subarray(n * V, (n + 1) * V),
            logits.subarray(token * V, (token + 1) * V),
            temperature,
          )
        }
      },
      release: async () => {},
    }
  }
}

/** softmax(logits / T), in float64. */
function softmaxInto(out: Float32Array, logits: Float32Array, temperature: number): void {
  let most = Number.NEGATIVE_INFINITY
  for (const logit of logits) most = Math.max(most, logit)
  let sum = 0
  for (const logit of logits) sum += Math.exp((logit - most) / temperature)
  for (let i = 0; i < out.length; i++) out[i] = Math.exp((logits[i] - most) / temperature) / sum
}
