import { countParameters, familyOf } from '../families/family.js'
import { denseParameters, type PairChoice, type PairPlan, pairPlans, queriesOfUnit } from '../families/pair-plan.js'
import { pairTarget, pairTargets, type TargetMatrix } from '../families/pair-target.js'
import type { ModelWeights } from '../families/weights.js'
import { createMemoryBudget } from '../safetensors/memory-budget.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { openTicketWriter, type PairReport, type PairSpec, plannedBytes } from '../ticket/index.js'
import { sequenceShape } from './compare-predictions.js'
import { resultName } from './compare-results.js'
import { itemsToTry } from './items-to-try.js'
import { LITERAL_CACHE } from './literal-model.js'
import {
  checkOptions,
  constructionOf,
  type PruneOptions,
  type PrunePlatform,
  type PruneTarget,
  pairChoiceOf,
} from './options.js'
import { planSource, productRange, sourceOptions } from './pair-source.js'
import { runProbe, targetResults, valuesOf } from './probe.js'
import { type PruneProgress, prunePairs } from './prune-pairs.js'
import { targetFingerprint } from './target-fingerprint.js'
import { type Check, differenceChecks, type ModelDifference } from './verify-predictions.js'

/** Target matrices merged to find their scale are kept for the construction up to this many bytes in all. */
const MERGED_BYTES = 2 ** 29

export type { PruneOptions, PrunePlatform, PruneTarget }

export interface PruneReport {
  /** Weights of the model, each tensor counted once. */
  parameters: number
  /** Those among them that keep their float values. */
  denseParameters: number
  /**
   * Entries of the matrices that random ones are pruned to, each a subset sum. They stand for the other weights; a head's merged matrix has
   * more entries than its factors have weights.
   */
  weights: number
  unreachable: number
  maxWeightError: number
  medianWeightError: number
  /** Largest difference of a logit, of an encoder of a hidden state, on random inputs. */
  maxLogitError: number
  /** What it loses of the target's predictions or embeddings. */
  difference: ModelDifference
  /** What `slt verify --target` says of this difference with its limits. */
  checks: Check[]
  /** Items that may pass, where a check fails. */
  itemsToTry?: number | undefined
  /** Wall time of the construction, and of the whole run with the comparison of the logits. */
  pruneSeconds: number
  seconds: number
  /** Subset sums solved in this run, over the wall time of the construction. */
  solvesPerSecond: number
  ticketBytes: number
  sha256: string
  /** Names of the parameters that are kept as they are. */
  keptDense: string[]
  /** Pairs taken over from an interrupted run. */
  resumed: number
  family: string
  /** Random products a weight; where `itemsPer` is `matrix`, the most of any matrix. */
  items: number
  embeddingItems: number
  /** Whether there is one number of items for all matrices, or each has its own. */
  itemsPer: 'model' | 'matrix'
  attention: PairChoice['attention']
  dense: PairChoice['dense']
  /** Bits of the ticket's file for each of `parameters`. */
  bitsPerWeight: number
  /** Whether every subset sum is the closest that there is: up to 28 items; beyond, subset-sum/anchored.ts promises nothing. */
  provedOptimal: boolean
  seed: string
  scale: 'auto' | number
  method: 'balanced' | 'plain'
  /** Of each pair, with its random products a weight. */
  pairs: (PairReport & { name: string; items: number; sourceScale: number })[]
}

/**
 * Prunes a randomly initialised transformer, changing no weight, until it behaves as the target, and writes the ticket.
 *
 * @throws RangeError or TypeError for options or a target that do not fit, before any work; InputError when `out` cannot
 * be written, holds what may not be lost, or would need more memory to be run than a ticket may ask for; an AbortError when `signal` is aborted, leaving what is needed to resume
 */
export async function pruneModel(platform: PrunePlatform, options: PruneOptions): Promise<PruneReport> {
  const { target, seed, scale = 'auto', method = 'balanced', out, signal } = options
  checkOptions(options)
  const started = performance.now()
  const { config, weights } = target
  const choice = pairChoiceOf(options)
  const plans = pairPlans(config, choice)

  const specs: PairSpec[] = []
  const merged: TargetMatrix[] = []
  let mergedBytes = 0
  for (const plan of plans) {
    signal?.throwIfAborted()
    const { name, inputs, outputs } = plan
    const matrix = { name, inputs, outputs, weights: pairTarget(plan, weights) }
    const largest = matrix.weights.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    if (!Number.isFinite(largest)) throw new RangeError(`"${name}" expected finite weights, got ${largest}`)
    const size = { name, inputs, outputs, largest, queries: queriesOfUnit(plan) }
    specs.push(planSource(size, specs.length, sourceOptions(plan, options)))
    mergedBytes += matrix.weights.byteLength
    if (mergedBytes <= MERGED_BYTES) merged.push(matrix)
  }
  const dense = denseParameters(config, choice.dense)
  // A ticket that its own verification could not run is not begun.
  createMemoryBudget(out, options.memoryLimit).expect(
    plannedBytes({ pairs: specs, dense }, LITERAL_CACHE, sequenceShape(config).length),
    'run',
  )
  const wanted = await targetResults(platform, options)
  signal?.throwIfAborted()
  const asked = constructionOf(options)
  const writer = await openTicketWriter({
    path: out,
    seed,
    config,
    pairs: specs,
    dense: dense.map((parameter) => ({
      name: parameter.name,
      shape: parameter.shape,
      values: valuesOf(parameter, weights),
    })),
    construction: asked,
    fingerprint: targetFingerprint(platform.createSha256, target),
    force: options.force,
    storage: platform.storage,
    createSha256: platform.createSha256,
  })
  try {
    const resumed = writer.finished.size
    const construction = await prunePairs(platform, {
      seed,
      method,
      specs,
      writer,
      targets: takeTargets(plans, weights, merged),
      signal,
      onProgress: options.onProgress,
    })
    const pruneSeconds = (performance.now() - started) / 1000
    signal?.throwIfAborted()
    options.onProgress?.({ pair: `comparing ${resultName(config)}`, ...finishedProgress(specs) })
    const probe = await runProbe(platform, options, choice, writer, wanted)
    signal?.throwIfAborted()
    const { bytes, sha256 } = await writer.finish({ probe: probe.probe })
    const { statistics } = construction
    const parameters = countParameters(config)
    const checks = differenceChecks(probe.difference)
    return {
      parameters,
      denseParameters: sum(dense, ({ shape }) => shape.reduce((size, length) => size * length, 1)),
      weights: statistics.count,
      unreachable: sum(specs, ({ name }) => writer.finished.get(name)!.unreachable),
      maxWeightError: statistics.max,
      medianWeightError: statistics.median(),
      maxLogitError: probe.maxLogitError,
      pruneSeconds,
      seconds: (performance.now() - started) / 1000,
      solvesPerSecond: construction.solved / pruneSeconds,
      ticketBytes: bytes,
      sha256,
      keptDense: dense.map(({ name }) => name),
      resumed,
      family: familyOf(config).name,
      items: asked.items,
      embeddingItems: asked.embeddingItems ?? asked.items,
      itemsPer: asked.itemsPer ?? 'model',
      ...choice,
      bitsPerWeight: (8 * bytes) / parameters,
      difference: probe.difference,
      checks,
      itemsToTry: itemsToTry(asked.items, checks),
      provedOptimal: specs.every(({ hidden, inputs }) => hidden / inputs <= MAX_EXACT_ITEMS),
      seed: BigInt(seed).toString(),
      scale,
      method,
      pairs: specs.map((spec) => ({
        name: spec.name,
        items: spec.hidden / spec.inputs,
        sourceScale: productRange(spec),
        ...writer.finished.get(spec.name)!,
      })),
    }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** Every target matrix: those merged already, given up as they are taken, and then the others. */
function* takeTargets(
  plans: readonly PairPlan[],
  weights: ModelWeights,
  merged: TargetMatrix[],
): Generator<TargetMatrix> {
  const rest = plans.slice(merged.length)
  while (merged.length > 0) yield merged.shift()!
  yield* pairTargets(rest, weights)
}

function finishedProgress(specs: readonly PairSpec[]): Omit<PruneProgress, 'pair'> {
  const weights = sum(specs, ({ inputs, outputs }) => inputs * outputs)
  return { done: weights, total: weights, weightsDone: weights, weightsTotal: weights }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}
