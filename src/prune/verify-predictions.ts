/** Checks of what a user of a ticket loses: how its predictions differ from the target's. */
import type { LanguageModel } from '../families/language-model.js'
import type { Seed } from '../random/index.js'
import { comparePredictions, type Sequences, sampleSequences } from './compare-predictions.js'

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
  /** Largest absolute difference of two logits. Default: none, as it says little without the logits' spread. */
  logitTolerance?: number
}

/** @throws RangeError for a limit out of range */
export function checkLimits({ maxKl = 1, minGreedy = 1, logitTolerance = 1 }: PredictionLimits): void {
  if (!(maxKl > 0)) throw new RangeError(`"max-kl" expected a number > 0, got ${maxKl}`)
  if (!(minGreedy >= 0 && minGreedy <= 1)) throw new RangeError(`"min-greedy" expected 0 to 1, got ${minGreedy}`)
  if (!(logitTolerance > 0)) throw new RangeError(`"logitTolerance" expected a number > 0, got ${logitTolerance}`)
}

/**
 * What a ticket loses of its target's predictions.
 * @param sequences what the two read; default: what the target writes, from this seed
 */
export async function checkPredictions(
  dense: LanguageModel,
  literal: LanguageModel,
  seed: Seed,
  { sequences, maxKl = 0.01, minGreedy = 0.95, logitTolerance }: PredictionLimits & { sequences?: Sequences },
): Promise<Check[]> {
  const read = sequences ?? (await sampleSequences(dense, seed))
  const { divergence, sameGreedy, largest, spread } = await comparePredictions(dense, literal, read)
  const where = `${read.batch} x ${read.length} tokens ${sequences ? 'of the text' : 'that the target wrote'}`
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
      detail: `largest difference from the target's logits${ofSpread}`,
    },
  ]
}
