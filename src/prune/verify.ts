/** Checks of a ticket: what it says of itself, and how it compares with the target it was pruned to. */

import type { BaseConfig } from '../families/config.js'
import { createDenseModel } from '../families/dense-model.js'
import { orderedConfig } from '../families/family.js'
import type { PairModel } from '../families/pair-model.js'
import { denseParameters, pairPlans } from '../families/pair-plan.js'
import { pairTargets } from '../families/pair-target.js'
import type { ModelWeights, WeightTensor } from '../families/weights.js'
import { createGenerator } from '../kernels/index.js'
import { InputError } from '../safetensors/input-error.js'
import {
  choiceOf,
  countKept,
  type Probe,
  type PrunedTicket,
  pairsBytes,
  probeTolerance,
  productBytes,
} from '../ticket/index.js'
import type { Sequences } from './compare-predictions.js'
import { resultName } from './compare-results.js'
import { createLiteralModel, LITERAL_CACHE } from './literal-model.js'
import type { PrunePlatform, PruneTarget } from './options.js'
import { absoluteDifferences, pairProduct } from './pair-product.js'
import { probeResult } from './probe.js'
import { type Check, checkLimits, checkPredictions, type PredictionLimits } from './verify-predictions.js'

export type { Check, PredictionLimits }

export interface VerifyOptions extends PredictionLimits {
  /** An opened ticket: its structure and hash are checked already. */
  ticket: PrunedTicket
  target?: PruneTarget
  /** What the two are compared on. Default: sequences that the target writes; see `sampleSequences`. */
  sequences?: Sequences
  signal?: AbortSignal
  onProgress?(progress: { pair: string; done: number; total: number }): void
}

/**
 * The model of a ticket, run literally: masks at full source width over weights regenerated from the seed.
 *
 * @throws InputError when the ticket holds no model, or one that needs more memory than the ticket may ask for
 */
export async function openLiteralModel(
  { runner, kernels }: Pick<PrunePlatform, 'runner' | 'kernels'>,
  ticket: PrunedTicket,
): Promise<PairModel> {
  const config = configOf(ticket)
  // What a token's hidden units are, of the widest pair and a full context, beside the matrices.
  const units = [...ticket.pairs.values()].reduce((most, { hidden }) => Math.max(most, hidden), 0)
  ticket.memory.expect(pairsBytes(ticket, LITERAL_CACHE) + 4 * units * config.positions, 'run')
  const choice = choiceOf(ticket.metadata.construction)
  const dense = new Map<string, WeightTensor>()
  for (const { name, shape } of denseParameters(config, choice.dense)) {
    dense.set(name, { shape, data: await ticket.readDense(name) })
  }
  const readMasks = (name: string) => ticket.readMasks(name)
  const generate = createGenerator(kernels)
  return createLiteralModel({ runner, config, choice, dense, seed: ticket.seed, readMasks, generate })
}

function configOf(ticket: PrunedTicket): BaseConfig {
  const { config, kind } = ticket.metadata
  if (!config) throw new InputError(`${ticket.name}: holds loose pairs (kind ${kind}), not a model that runs`)
  return config
}

/**
 * Verifies a ticket. Without a target: container, masks, and the probe recorded at pruning. With one: every weight of
 * the merged matrices against the recorded errors, what is kept dense bit for bit, and by how much the predictions differ.
 * @throws InputError when the ticket holds no model; RangeError for a limit out of range
 */
export async function verifyModel(
  platform: Pick<PrunePlatform, 'runner' | 'kernels'>,
  options: VerifyOptions,
): Promise<{ checks: Check[] }> {
  const { ticket, target } = options
  checkLimits(options)
  const config = configOf(ticket)
  const checks: Check[] = [
    { name: 'container', passed: true, detail: `${ticket.bytes} bytes, sha256 ${ticket.sha256.slice(0, 16)}...` },
    checkPairs(ticket, config),
  ]
  const detail = target ? configDifference(config, target.config) : ''
  if (detail !== '') return { checks: [...checks, { name: 'configuration', passed: false, detail }] }
  if (target) checks.push(await checkDense(ticket, target.weights), await checkWeights(platform, options, target))
  const literal = await openLiteralModel(platform, ticket)
  try {
    const { probe } = ticket.metadata
    if (probe) {
      const last = await probeResult(literal, probe.tokens)
      const what = `${resultName(config)} of the masked random matrices at full source width, against those recorded at pruning`
      checks.push(checkProbe(probe, last, what))
    }
    if (target) {
      const dense = createDenseModel(platform.runner, config, target.weights)
      try {
        checks.push(...(await checkPredictions(dense, literal, ticket.seed, options)))
      } finally {
        await dense.release()
      }
    }
  } finally {
    await literal.release()
  }
  return { checks }
}

/**
 * The logits that a probe gives now, against those recorded. Tickets of before hold a tolerance that did not grow with the logits:
 * the wider one counts.
 */
export function checkProbe(probe: Probe, logits: ArrayLike<number>, detail: string): Check {
  const value = probe.logits.reduce((most, logit, i) => Math.max(most, Math.abs(logit - logits[i])), 0)
  const limit = Math.max(probe.tolerance, probeTolerance(probe.logits))
  return { name: 'probe', passed: value <= limit, value, limit, detail }
}

/** The fields in which two configurations differ: `tiedHead: true, target false`; empty where they are equal. */
function configDifference(config: BaseConfig, target: BaseConfig): string {
  const [here, there] = [config, target].map((one) => orderedConfig(one) as unknown as Record<string, unknown>)
  const fields = [...new Set([...Object.keys(here), ...Object.keys(there)])]
  const different = fields.filter((field) => here[field] !== there[field])
  return different.map((field) => `${field}: ${here[field]}, target ${there[field]}`).join('; ')
}

/** The pairs are those of the configuration, in shape. */
function checkPairs(ticket: PrunedTicket, config: BaseConfig): Check {
  const shapes = pairPlans(config, choiceOf(ticket.metadata.construction))
  const wrong = shapes.find(({ name, inputs, outputs }) => {
    const spec = ticket.pairs.get(name)
    return !spec || spec.inputs !== inputs || spec.outputs !== outputs
  })
  const passed = wrong === undefined && ticket.pairs.size === shapes.length
  const detail = passed ? `${shapes.length} pairs of pruned random matrices` : `"${wrong?.name}" does not fit the model`
  return { name: 'pairs', passed, detail }
}

async function checkDense(ticket: PrunedTicket, weights: ModelWeights): Promise<Check> {
  let different = 0
  for (const name of ticket.dense.keys()) {
    const kept = await ticket.readDense(name)
    const original = weights.get(name)?.data
    const otherwise = name.endsWith('.weight') ? 1 : 0 // of norms that the target lacks
    if (kept.some((value, i) => value !== (original ? original[i] : otherwise))) different++
  }
  if (ticket.dense.size === 0)
    return { name: 'kept dense', passed: true, detail: 'nothing: no float of the target is in the ticket' }
  const detail = `${ticket.dense.size} tensors (embeddings and norms) equal to the target's bit for bit`
  return { name: 'kept dense', passed: different === 0, value: different, limit: 0, detail }
}

/** Every weight of every merged matrix: the errors recorded at pruning come out again. */
async function checkWeights(
  { kernels }: Pick<PrunePlatform, 'kernels'>,
  { ticket, signal, onProgress }: VerifyOptions,
  target: PruneTarget,
): Promise<Check> {
  ticket.memory.expect(productBytes(ticket), 'compare its weights')
  const total = ticket.pairs.size
  let done = 0
  let kept = 0
  let possible = 0
  let largest = 0
  let wrong = ''
  const plans = pairPlans(target.config, choiceOf(ticket.metadata.construction))
  for (const { name, weights } of pairTargets(plans, target.weights)) {
    signal?.throwIfAborted()
    const masks = await ticket.readMasks(name)
    const errors = absoluteDifferences(pairProduct(kernels, masks, ticket.seed), weights)
    const maxError = errors.reduce((max, error) => Math.max(max, error), 0)
    const recorded = ticket.reports.get(name)!.maxError
    if (maxError !== recorded && wrong === '') wrong = `"${name}" has ${maxError}, the ticket says ${recorded}`
    largest = Math.max(largest, maxError)
    kept += countKept(masks).second
    possible += masks.spec.hidden * masks.spec.outputs
    onProgress?.({ pair: name, done: ++done, total })
  }
  const share = ((100 * kept) / possible).toFixed(1)
  const entries = plans.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0).toLocaleString('en-US')
  const detail =
    wrong || `largest error of ${entries} subset sums, as recorded; second masks keep ${share} % of their weights`
  return { name: 'weights', passed: wrong === '', value: largest, detail }
}
