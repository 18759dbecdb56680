/**
 * The construction of Theorems 3 and 11 on a trained transformer of any family: every matrix is replaced by two pruned random ones, embeddings
 * and norms too unless they are to be kept dense.
 */

import type { BaseConfig } from '../families/config.js'
import { createDenseModel } from '../families/dense-model.js'
import { checkConfig, countParameters, familyOf } from '../families/family.js'
import {
  defaultAttention,
  denseParameters,
  type PairChoice,
  type PairPlan,
  pairPlans,
  queriesOfUnit,
} from '../families/pair-plan.js'
import { pairTarget, pairTargets, type TargetMatrix } from '../families/pair-target.js'
import type { Parameter } from '../families/parameter.js'
import { heldParameters, type ModelWeights } from '../families/weights.js'
import { type GraphRunner, sizeOf } from '../graph/index.js'
import type { Kernels } from '../kernels/index.js'
import { createGenerator } from '../kernels/index.js'
import { type Seed, seedWords } from '../random/index.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import {
  type Construction,
  type CreateSha256,
  openTicketWriter,
  type PairReport,
  type PairSpec,
  type Probe,
  probeTolerance,
  type TicketStorage,
  type TicketWriter,
} from '../ticket/index.js'
import type { Sequences } from './compare-predictions.js'
import { largestDifference, type Network, resultName, resultOf, resultsOfRandomInputs } from './compare-results.js'
import { createLiteralModel } from './literal-model.js'
import { LARGEST_SCALE, LEAST_SCALE, planSource, productRange } from './pair-source.js'
import { type PruneProgress, prunePairs } from './prune-pairs.js'
import { targetFingerprint } from './target-fingerprint.js'
import type { PrunePool } from './task.js'
import { compareModels, type ModelDifference } from './verify-predictions.js'

/** Target matrices merged to find their scale are kept for the construction up to this many bytes in all. */
const MERGED_BYTES = 2 ** 29

/** What the construction needs of the machine; src/jobs provides it. */
export interface PrunePlatform {
  pool: PrunePool
  kernels: Kernels
  runner: GraphRunner
  storage: TicketStorage
  createSha256: CreateSha256
}

/** A trained model, its weights by the names of its family's parameters. */
export interface PruneTarget {
  config: BaseConfig
  weights: ModelWeights
}

export interface PruneOptions {
  target: PruneTarget
  /** n', random products for one weight: integer, 1 to 256. */
  items: number
  /** The same for the weights of embeddings. Default: `items`. */
  embeddingItems?: number | undefined
  /** Unsigned 64-bit. */
  seed: Seed
  /**
   * 'auto' (a power of two a matrix), or a bound on the products, 2^-96 to 2^96; 1 is the theorem's setting.
   * Default 'auto'.
   */
  scale?: 'auto' | number
  /** Default 'balanced'. */
  method?: 'balanced' | 'plain'
  /** Default: `merged`, for rotary families `factored`. */
  attention?: PairChoice['attention'] | undefined
  /** What keeps its float values. Default 'none'. */
  dense?: PairChoice['dense'] | undefined
  /** What the pruned model is compared with the target on. Default: what the target writes, for encoders random tokens. */
  sequences?: Sequences | undefined
  /** Where the ticket goes. Beside it lie the working files of an unfinished run, which the next one resumes. */
  out: string
  /** Drops the finished matrices of an interrupted run of other settings; default: no, they are refused. */
  force?: boolean | undefined
  signal?: AbortSignal
  onProgress?(progress: PruneProgress): void
}

export interface PruneReport {
  weights: number
  unreachable: number
  maxWeightError: number
  medianWeightError: number
  /** Largest difference of a logit, of an encoder of a hidden state, on random inputs. */
  maxLogitError: number
  /** What it loses of the target's predictions or embeddings. */
  difference: ModelDifference
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
  items: number
  embeddingItems: number
  attention: PairChoice['attention']
  dense: PairChoice['dense']
  /** Bits of the ticket's file for each weight of the model. */
  bitsPerWeight: number
  /** Whether every subset sum is the closest that there is: up to 28 items; beyond, subset-sum/anchored.ts promises nothing. */
  provedOptimal: boolean
  seed: string
  scale: 'auto' | number
  method: 'balanced' | 'plain'
  pairs: (PairReport & { name: string; sourceScale: number })[]
}

/** The choices of some options, with their defaults. */
export const pairChoiceOf = ({
  target,
  attention,
  dense,
}: Pick<PruneOptions, 'target' | 'attention' | 'dense'>): PairChoice => ({
  attention: attention ?? defaultAttention(target.config),
  dense: dense ?? 'none',
})

/** What a ticket says of its construction. */
export const constructionOf = (options: Omit<PruneOptions, 'out' | 'seed'>): Construction => {
  const { items, embeddingItems, scale = 'auto', method = 'balanced' } = options
  const own = embeddingItems === undefined || embeddingItems === items ? {} : { embeddingItems }
  return { items, scale, method, ...pairChoiceOf(options), ...own }
}

/**
 * Prunes a randomly initialised transformer, changing no weight, until it behaves as the target, and writes the ticket.
 *
 * @throws RangeError or TypeError for options or a target that do not fit, before any work; InputError when `out` cannot
 * be written or holds what may not be lost; an AbortError when `signal` is aborted, leaving what is needed to resume
 */
export async function pruneModel(platform: PrunePlatform, options: PruneOptions): Promise<PruneReport> {
  const { target, items, seed, scale = 'auto', method = 'balanced', out, signal } = options
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
    specs.push(planSource(size, specs.length, { items: itemsOf(plan, options), scale, method }))
    mergedBytes += matrix.weights.byteLength
    if (mergedBytes <= MERGED_BYTES) merged.push(matrix)
  }
  const wanted = await targetResults(platform, options)
  signal?.throwIfAborted()
  const dense = denseParameters(config, choice.dense)
  const writer = await openTicketWriter({
    path: out,
    seed,
    config,
    pairs: specs,
    dense: dense.map((parameter) => ({ ...shaped(parameter), values: valuesOf(parameter, weights) })),
    construction: constructionOf(options),
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
    return {
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
      items,
      embeddingItems: options.embeddingItems ?? items,
      ...choice,
      bitsPerWeight: (8 * bytes) / countParameters(config),
      difference: probe.difference,
      provedOptimal: specs.every(({ hidden, inputs }) => hidden / inputs <= MAX_EXACT_ITEMS),
      seed: BigInt(seed).toString(),
      scale,
      method,
      pairs: specs.map((spec) => ({
        name: spec.name,
        sourceScale: productRange(spec),
        ...writer.finished.get(spec.name)!,
      })),
    }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** Random products for a weight of a pair. */
function itemsOf({ part }: PairPlan, { items, embeddingItems = items }: PruneOptions): number {
  return part === 'table' ? embeddingItems : items
}

const shaped = ({ name, shape }: Parameter) => ({ name, shape })

/** A parameter's values; gains that a model lacks are 1, shifts 0. */
const valuesOf = ({ name, kind, shape }: Parameter, weights: ModelWeights): Float32Array =>
  weights.get(name)?.data ?? new Float32Array(sizeOf(shape)).fill(kind === 'gain' ? 1 : 0)

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

/**
 * The target's results for random inputs, which the pruned model's are compared with in the end.
 * @throws RangeError unless they are finite: no ticket can be verified against such a target, so none is begun
 */
async function targetResults({ runner }: PrunePlatform, { target, seed }: PruneOptions): Promise<Float32Array> {
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
async function runProbe(
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

function checkOptions(options: PruneOptions): void {
  const { target, items, embeddingItems = items, seed, scale = 'auto', method = 'balanced', out } = options
  for (const [name, value] of Object.entries({ items, embeddingItems })) {
    if (!Number.isInteger(value) || value < 1 || value > 256)
      throw new RangeError(`"${name}" expected an integer from 1 to 256, got ${value}`)
  }
  if (scale !== 'auto' && !(scale >= LEAST_SCALE && scale <= LARGEST_SCALE))
    throw new RangeError(`"scale" expected auto or a number from 2^-96 to 2^96, got ${scale}`)
  if (method !== 'balanced' && method !== 'plain')
    throw new RangeError(`"method" expected balanced or plain, got ${method}`)
  if (typeof out !== 'string' || out === '') throw new TypeError('"out" expected a path')
  seedWords(seed)
  checkConfig(target.config)
  heldParameters(target.config, target.weights)
}

function finishedProgress(specs: readonly PairSpec[]): Omit<PruneProgress, 'pair'> {
  const weights = sum(specs, ({ inputs, outputs }) => inputs * outputs)
  return { done: weights, total: weights, weightsDone: weights, weightsTotal: weights }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}
