/**
 * The construction of Theorems 3 and 11 on a trained GPT-2: every linear map is replaced by two pruned random matrices.
 * What no subset sum can stand for (embeddings, LayerNorm gains and biases) is kept dense.
 */

import { checkGpt2Config, type Gpt2Config } from '../families/gpt2/config.js'
import { createGpt2 } from '../families/gpt2/dense.js'
import {
  checkWeights,
  denseParameter,
  type Gpt2Weights,
  gpt2DenseShapes,
  gpt2TensorShapes,
} from '../families/gpt2/weights.js'
import type { GraphRunner } from '../graph/index.js'
import type { Kernels } from '../kernels/index.js'
import { createGenerator } from '../kernels/index.js'
import { type Seed, seedWords } from '../random/index.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import {
  type CreateSha256,
  openTicketWriter,
  type PairReport,
  type PairSpec,
  type Probe,
  probeTolerance,
  type TicketStorage,
  type TicketWriter,
} from '../ticket/index.js'
import { largestDifference, logitsOfRandomInputs } from './compare-logits.js'
import { gpt2Targets, type ReadWeight, type TargetMatrix } from './gpt2-targets.js'
import { createLiteralGpt2 } from './literal-model.js'
import { LARGEST_SCALE, LEAST_SCALE, planPair, productRange } from './pair-plan.js'
import { type PruneProgress, prunePairs } from './prune-pairs.js'
import { targetFingerprint } from './target-fingerprint.js'
import type { PrunePool } from './task.js'

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

export interface PruneOptions {
  target: { config: Gpt2Config; weights: Gpt2Weights }
  /** n', random products for one weight: integer, 1 to 256. */
  items: number
  /** Unsigned 64-bit. */
  seed: Seed
  /**
   * 'auto' (a power of two a matrix), or a bound on the products, 2^-96 to 2^96; 1 is the theorem's setting.
   * Default 'auto'.
   */
  scale?: 'auto' | number
  /** Default 'balanced'. */
  method?: 'balanced' | 'plain'
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
  maxLogitError: number
  /** Wall time of the construction, and of the whole run with the comparison of the logits. */
  pruneSeconds: number
  seconds: number
  /** Subset sums solved in this run, over the wall time of the construction. */
  solvesPerSecond: number
  ticketBytes: number
  sha256: string
  keptDense: string[]
  /** Pairs taken over from an interrupted run. */
  resumed: number
  items: number
  /** Whether every subset sum is the closest that there is: up to 28 items; beyond, subset-sum/anchored.ts promises nothing. */
  provedOptimal: boolean
  seed: string
  scale: 'auto' | number
  method: 'balanced' | 'plain'
  pairs: (PairReport & { name: string; sourceScale: number })[]
}

/**
 * Prunes a randomly initialised GPT-2, changing no weight, until it behaves as the target, and writes the ticket.
 *
 * @throws RangeError or TypeError for options or a target that do not fit, before any work; InputError when `out` cannot
 * be written or holds what may not be lost; an AbortError when `signal` is aborted, leaving what is needed to resume
 */
export async function pruneGpt2(platform: PrunePlatform, options: PruneOptions): Promise<PruneReport> {
  const { target, items, seed, scale = 'auto', method = 'balanced', out, signal } = options
  checkOptions(options)
  const started = performance.now()
  const { config, weights } = target
  const read = async (name: string) => weights.get(name)!.data

  const specs: PairSpec[] = []
  const merged: TargetMatrix[] = []
  let mergedBytes = 0
  for await (const matrix of gpt2Targets(config, read)) {
    signal?.throwIfAborted()
    const { name, inputs, outputs } = matrix
    const largest = matrix.weights.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    if (!Number.isFinite(largest)) throw new RangeError(`"${name}" expected finite weights, got ${largest}`)
    specs.push(planPair({ name, inputs, outputs, largest }, specs.length, { items, scale, method }))
    mergedBytes += matrix.weights.byteLength
    if (mergedBytes <= MERGED_BYTES) merged.push(matrix)
  }
  const wanted = await targetLogits(platform, options)
  signal?.throwIfAborted()
  const dense: [string, readonly number[]][] = [...gpt2DenseShapes(config)].map(([name, shape]) => [name, shape])
  const writer = await openTicketWriter({
    path: out,
    seed,
    config,
    pairs: specs,
    dense: dense.map(([name, shape]) => ({ name: denseParameter(name), shape, values: weights.get(name)!.data })),
    construction: { items, scale, method },
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
      targets: takeTargets(config, read, merged),
      signal,
      onProgress: options.onProgress,
    })
    const pruneSeconds = (performance.now() - started) / 1000
    signal?.throwIfAborted()
    options.onProgress?.({ pair: 'comparing logits', ...finishedProgress(specs) })
    const probe = await runProbe(platform, options, writer, wanted)
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
      keptDense: dense.map(([name]) => name),
      resumed,
      items,
      provedOptimal: items <= MAX_EXACT_ITEMS,
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

/** Every target matrix: those merged already, given up as they are taken, and then the others. */
async function* takeTargets(
  config: Gpt2Config,
  read: ReadWeight,
  merged: TargetMatrix[],
): AsyncGenerator<TargetMatrix> {
  const known = new Set(merged.map(({ name }) => name))
  while (merged.length > 0) yield merged.shift()!
  yield* gpt2Targets(config, read, (name) => !known.has(name))
}

/**
 * The target's logits for random inputs, which the pruned model's are compared with in the end.
 * @throws RangeError unless they are finite: no ticket can be verified against such a target, so none is begun
 */
async function targetLogits({ runner }: PrunePlatform, { target, seed }: PruneOptions): Promise<Float32Array> {
  const model = createGpt2(runner, target.config, target.weights)
  const logits = await logitsOfRandomInputs(model, seed).finally(() => model.release())
  const wrong = logits.findIndex((logit) => !Number.isFinite(logit))
  if (wrong >= 0) throw new RangeError(`"target" expected finite logits, got ${logits[wrong]} for random inputs`)
  return logits
}

/** Runs the pruned model on random inputs: the largest difference of its logits from the target's, and a probe for the ticket. */
async function runProbe(
  { runner, kernels }: PrunePlatform,
  { target, seed }: PruneOptions,
  writer: TicketWriter,
  wanted: Float32Array,
): Promise<{ maxLogitError: number; probe: Probe }> {
  const { config, weights } = target
  const literal = createLiteralGpt2({
    runner,
    config,
    dense: weights,
    seed,
    readMasks: (name) => writer.readMasks(name),
    generate: createGenerator(kernels),
  })
  try {
    const maxLogitError = largestDifference(wanted, await logitsOfRandomInputs(literal, seed))
    const tokens = Array.from({ length: Math.min(8, config.positions) }, (_, i) => i % config.vocabulary)
    const logits = await literal.logits(Int32Array.from(tokens), 1, tokens.length)
    // Four decimals: what may differ between machines in the last bits of a float32 is no part of a ticket.
    const first = logits.slice(-config.vocabulary).slice(0, 16)
    const last = Array.from(first, (logit) => Math.round(logit * 1e4) / 1e4)
    return { maxLogitError, probe: { tokens, logits: last, tolerance: probeTolerance(first) } }
  } finally {
    await literal.release()
  }
}

function checkOptions({ target, items, seed, scale = 'auto', method = 'balanced', out }: PruneOptions): void {
  if (!Number.isInteger(items) || items < 1 || items > 256)
    throw new RangeError(`"items" expected an integer from 1 to 256, got ${items}`)
  if (scale !== 'auto' && !(scale >= LEAST_SCALE && scale <= LARGEST_SCALE))
    throw new RangeError(`"scale" expected auto or a number from 2^-96 to 2^96, got ${scale}`)
  if (method !== 'balanced' && method !== 'plain')
    throw new RangeError(`"method" expected balanced or plain, got ${method}`)
  if (typeof out !== 'string' || out === '') throw new TypeError('"out" expected a path')
  seedWords(seed)
  checkGpt2Config(target.config)
  checkWeights(target.weights, gpt2TensorShapes(target.config))
}

function finishedProgress(specs: readonly PairSpec[]): Omit<PruneProgress, 'pair'> {
  const weights = sum(specs, ({ inputs, outputs }) => inputs * outputs)
  return { done: weights, total: weights, weightsDone: weights, weightsTotal: weights }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}
