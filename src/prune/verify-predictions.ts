/** Checks of what a user of a ticket loses: how its predictions differ from the target's. */
import { familyOf } from '../families/family.js'
import type { Seed } from '../random/index.js'
import { compareEmbeddings, type EmbeddingDifference } from './compare-embeddings.js'
import {
  comparePredictions,
  type PredictionDifference,
  randomSequences,
  type Sequences,
  sampleSequences,
} from './compare-predictions.js'
import type { Network } from './compare-results.js'

/** One thing that was checked. */
export interface Check {
  name: string
  passed: boolean
  detail: string
  value?: number
  /** What the value may be at most; of `greedy tokens`, at least. */
  limit?: number
}

/** What of a target's predictions a ticket may lose. */
export interface PredictionLimits {
  /**
   * Largest mean KL(target || ticket) in nats a token, > 0. Default 0.01: the perplexity grows by 1 %. (Q5_K_M, which rounds an
   * 8B model to 5.5 bits a weight, loses 0.005 by llama.cpp's measurements and keeps 96.5 % of the likeliest tokens.)
   */
  maxKl?: number
  /** Least share of the likeliest tokens that are the same, 0 to 1. Default 0.95: the share that changes grows with the root of the divergence. */
  minGreedy?: number
  /** Least mean cosine of an encoder's embeddings to the target's, 0 to 1. Default 0.9999. */
  minCosine?: number
  /** Largest absolute difference of two logits. Default: none, as it says little without the logits' spread. */
  logitTolerance?: number
}

/** @throws RangeError for a limit out of range */
export function checkLimits({ maxKl = 1, minGreedy = 1, minCosine = 1, logitTolerance = 1 }: PredictionLimits): void {
  if (!(maxKl > 0)) throw new RangeError(`"max-kl" expected a number > 0, got ${maxKl}`)
  if (!(minGreedy >= 0 && minGreedy <= 1)) throw new RangeError(`"min-greedy" expected 0 to 1, got ${minGreedy}`)
  if (!(minCosine >= 0 && minCosine <= 1)) throw new RangeError(`"min-cosine" expected 0 to 1, got ${minCosine}`)
  if (!(logitTolerance > 0)) throw new RangeError(`"logitTolerance" expected a number > 0, got ${logitTolerance}`)
}

/** How far a pruned model is from its target: of a causal family `predictions`, of an encoder `embeddings`. */
export interface ModelDifference {
  readonly predictions?: PredictionDifference
  readonly embeddings?: EmbeddingDifference
  /** What the two read, in words. */
  readonly where: string
}

/**
 * Compares a pruned model with its target.
 * @param sequences what the two read; default: what the target writes from this seed, for encoders random tokens
 */
export async function compareModels(
  target: Network,
  model: Network,
  seed: Seed,
  sequences?: Sequences,
): Promise<ModelDifference> {
  if (familyOf(target.config).task === 'encoder') {
    const read = sequences ?? randomSequences(target.config, seed)
    const where = `${read.batch} texts of ${read.length} ${sequences ? 'tokens' : 'random tokens'}`
    return { embeddings: await compareEmbeddings(target, model, read), where }
  }
  const read = sequences ?? (await sampleSequences(target, seed))
  const where = `${read.batch} x ${read.length} tokens ${sequences ? 'of the text' : 'that the target wrote'}`
  return { predictions: await comparePredictions(target, model, read), where }
}

/**
 * Checks what a ticket loses of its target's predictions, or of its embeddings.
 * @param sequences what the two read; see {@link compareModels}
 */
export async function checkPredictions(
  dense: Network,
  literal: Network,
  seed: Seed,
  { sequences, ...limits }: PredictionLimits & { sequences?: Sequences },
): Promise<Check[]> {
  return differenceChecks(await compareModels(dense, literal, seed, sequences), limits)
}

/** The checks of a difference that was found already. */
export function differenceChecks(
  { predictions, embeddings, where }: ModelDifference,
  limits: PredictionLimits = {},
): Check[] {
  return predictions ? predictionChecks(predictions, where, limits) : embeddingChecks(embeddings!, where, limits)
}

function predictionChecks(
  { divergence, sameGreedy, largest, spread }: PredictionDifference,
  where: string,
  { maxKl = 0.01, minGreedy = 0.95, logitTolerance }: PredictionLimits,
): Check[] {
  const ofSpread = spread > 0 ? `, ${(largest / spread).toExponential(1)} of their standard deviation` : ''
  return [
    {
      name: 'divergence',
      passed: divergence <= maxKl,
      value: divergence,
      limit: maxKl,
      detail: `nats a token, mean KL(target || ticket) over ${where}`,
    },
    {
      name: 'greedy tokens',
      passed: sameGreedy >= minGreedy,
      value: sameGreedy,
      limit: minGreedy,
      detail: 'share of the likeliest next tokens that are the same, at least',
    },
    {
      name: 'logits',
      passed: largest <= (logitTolerance ?? Number.MAX_VALUE),
      value: largest,
      ...(logitTolerance === undefined ? {} : { limit: logitTolerance }),
      detail: `largest difference from the target's logits over these tokens${ofSpread}`,
    },
  ]
}

function embeddingChecks(
  { distance, largest }: EmbeddingDifference,
  where: string,
  { minCosine = 0.9999 }: PredictionLimits,
): Check[] {
  const limit = 1 - minCosine
  const detail = `1 - cosine of the mean hidden states to the target's, over ${where}`
  const found = { value: largest, detail: "largest difference from the target's hidden states over these texts" }
  return [
    { name: 'embeddings', passed: distance.mean <= limit, value: distance.mean, limit, detail },
    { name: 'hidden states', passed: largest < Number.POSITIVE_INFINITY, ...found },
  ]
}
