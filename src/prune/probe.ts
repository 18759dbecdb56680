/** Runs of a target and of a pruned model beside the construction: what they are compared by, and what a ticket records. */
import { createDenseModel } from '../families/dense-model.js'
import { denseParameters, type PairChoice } from '../families/pair-plan.js'
import type { Parameter } from '../families/parameter.js'
import type { ModelWeights } from '../families/weights.js'
import { sizeOf } from '../graph/index.js'
import { createGenerator } from '../kernels/index.js'
import { type Probe, probeTolerance, type TicketWriter } from '../ticket/index.js'
import { largestDifference, type Network, resultName, resultOf, resultsOfRandomInputs } from './compare-results.js'
import { createLiteralModel } from './literal-model.js'
import type { PruneOptions, PrunePlatform } from './options.js'
import { compareModels, type ModelDifference } from './verify-predictions.js'

/** A parameter's values; gains that a model lacks are 1, shifts 0. */
export const valuesOf = ({ name, kind, shape }: Parameter, weights: ModelWeights): Float32Array =>
  weights.get(name)?.data ?? new Float32Array(sizeOf(shape)).fill(kind === 'gain' ? 1 : 0)

/**
 * The target's results for random inputs, which the pruned model's are compared with in the end.
 * @throws RangeError unless they are finite: no ticket can be verified against such a target, so none is begun
 */
export async function targetResults({ runner }: PrunePlatform, { target, seed }: PruneOptions): Promise<Float32Array> {
  const { config, weights } = target
  const model = createDenseModel(runner, config, weights)
  const results = await resultsOfRandomInputs(model, seed).finally(() => model.release())
  const wrong = results.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) {
    throw new RangeError(`"target" expected finite ${resultName(config)}, got ${results[wrong]} for random inputs`)
  }
  return results
}

/** Runs the pruned model on random inputs: the largest difference of its results from the target's, and a probe for the ticket. */
export async function runProbe(
  { runner, kernels }: PrunePlatform,
  { target, seed, sequences }: PruneOptions,
  choice: PairChoice,
  writer: TicketWriter,
  wanted: Float32Array,
): Promise<{ maxLogitError: number; probe: Probe; difference: ModelDifference }> {
  const { config, weights } = target
  const kept = denseParameters(config, choice.dense)
  const literal = createLiteralModel({
    runner,
    config,
    choice,
    dense: new Map(kept.map((one) => [one.name, { shape: one.shape, data: valuesOf(one, weights) }])),
    seed,
    readMasks: (name) => writer.readMasks(name),
    generate: createGenerator(kernels),
  })
  try {
    const maxLogitError = largestDifference(wanted, await resultsOfRandomInputs(literal, seed))
    const tokens = Array.from({ length: Math.min(8, config.positions) }, (_, i) => i % config.vocabulary)
    const first = (await probeResult(literal, tokens)).slice(0, 16)
    // Four decimals: what may differ between machines in the last bits of a float32 is no part of a ticket.
    const last = Array.from(first, (value) => Math.round(value * 1e4) / 1e4)
    const dense = createDenseModel(runner, config, weights)
    const difference = await compareModels(dense, literal, seed, sequences).finally(() => dense.release())
    return { maxLogitError, difference, probe: { tokens, logits: last, tolerance: probeTolerance(first) } }
  } finally {
    await literal.release()
  }
}

/** What a network computes at the last of some tokens: [V] logits, or an encoder's hidden state [d]. */
export async function probeResult(model: Network, tokens: readonly number[]): Promise<Float32Array> {
  const result = await resultOf(model, Int32Array.from(tokens), 1, tokens.length)
  return result.slice(-result.length / tokens.length)
}
