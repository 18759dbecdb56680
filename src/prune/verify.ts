/** Checks of a ticket: what it says of itself, and how it compares with the target it was pruned to. */

import type { BaseConfig } from '../families/config.js'
import { createDenseModel } from '../families/dense-model.js'
import { familyOf, orderedConfig } from '../families/family.js'
import type { PairModel } from '../families/pair-model.js'
import { denseParameters, type PairPlan, pairPlans } from '../families/pair-plan.js'
import { pairTargets } from '../families/pair-target.js'
import type { ModelWeights, WeightTensor } from '../families/weights.js'
import { createGenerator } from '../kernels/index.js'
import { InputError } from '../safetensors/input-error.js'
import {
  choiceOf,
  countKept,
  hiddenBytes,
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
import { sourceOptions } from './pair-source.js'
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
 * @throws InputError when the ticket holds no model, or one that needs more memory than the ticket may ask for. A pass over a longer text asks
 *   for more, and throws likewise
 */
export async function openLiteralModel(
  { runner, kernels }: Pick<PrunePlatform, 'runner' | 'kernels'>,
  ticket: PrunedTicket,
): Promise<PairModel> {
  const config = configOf(ticket)
  // Beside the matrices a text's hidden units, of the widest pair.
  const matrices = pairsBytes(ticket, LITERAL_CACHE)
  const expectLength = (length: number) => ticket.memory.expect(matrices + hiddenBytes(ticket.metadata, length), 'run')
  expectLength(1)
  const choice = choiceOf(ticket.metadata.construction)
  const dense = new Map<string, WeightTensor>()
  for (const { name, shape } of denseParameters(config, choice.dense)) {
    dense.set(name, { shape, data: await ticket.readDense(name) })
  }
  const readMasks = (name: string) => ticket.readMasks(name)
  const generate = createGenerator(kernels)
  return createLiteralModel({ runner, config, choice, dense, seed: ticket.seed, readMasks, generate, expectLength })
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

/** What rounding to four decimals may take from a recorded logit. */
const ROUNDED = 5e-5

/**
 * The logits that a probe gives now, against those recorded. The tolerance is the one that pruning and search record for logits of this size, and
 * not the ticket's own: tickets of before hold one that did not grow with the logits, and a ticket could pardon itself anything.
 */
export function checkProbe(probe: Probe, logits: ArrayLike<number>, detail: string): Check {
  const value = probe.logits.reduce((most, logit, i) => Math.max(most, Math.abs(logit - logits[i])), 0)
  const limit = probeTolerance(probe.logits.map((logit) => Math.abs(logit) + ROUNDED))
  const wider =
    probe.tolerance > limit ? `; the ticket asks for a tolerance of ${probe.tolerance}, which is too wide` : ''
  return { name: 'probe', passed: value <= limit, value, limit, detail: `${detail}${wider}` }
}

/** The fields in which two configurations differ: `tiedHead: true, target false`; of two families these. Empty where they are equal. */
function configDifference(config: BaseConfig, target: BaseConfig): string {
  const [own, other] = [config, target].map((one) => familyOf(one).title)
  if (own !== other) return `the ticket is a ${own}, the target a ${other}`
  const [here, there] = [config, target].map((one) => orderedConfig(one) as unknown as Record<string, unknown>)
  const fields = [...new Set([...Object.keys(here), ...Object.keys(there)])]
  const different = fields.filter((field) => here[field] !== there[field])
  return different.map((field) => `${field}: ${here[field]}, target ${there[field]}`).join('; ')
}

/** The pairs are those of the configuration, in shape, and as wide as the construction says. */
function checkPairs(ticket: PrunedTicket, config: BaseConfig): Check {
  const { construction } = ticket.metadata
  const plans = pairPlans(config, choiceOf(construction))
  const wrong = plans.find(({ name, inputs, outputs }) => {
    const spec = ticket.pairs.get(name)
    return !spec || spec.inputs !== inputs || spec.outputs !== outputs
  })
  const fits = wrong === undefined && ticket.pairs.size === plans.length
  if (!fits) return { name: 'pairs', passed: false, detail: `"${wrong?.name}" does not fit the model` }
  const detail = itemsDifference(ticket, plans)
  if (detail !== undefined) return { name: 'pairs', passed: false, detail }
  return { name: 'pairs', passed: true, detail: `${plans.length} pairs of pruned random matrices` }
}

/** Where the pairs have another number of products a weight than the construction says; undefined where they have that. */
function itemsDifference({ metadata: { construction }, pairs }: PrunedTicket, plans: readonly PairPlan[]) {
  const itemsOf = (plan: PairPlan) => pairs.get(plan.name)!.hidden / pairs.get(plan.name)!.inputs
  if (construction.itemsPer === 'matrix') {
    const most = Math.max(...plans.map(itemsOf))
    if (most === construction.items) return undefined
    return `no pair has more than ${most} random products a weight, where the construction says that one has ${construction.items}`
  }
  for (const plan of plans) {
    const asked = plan.part === 'table' ? (construction.embeddingItems ?? construction.items) : construction.items
    // The first tickets of short tables and shifts have no further products.
    if ([asked, sourceOptions(plan, construction).items].includes(itemsOf(plan))) continue
    return `"${plan.name}" has ${itemsOf(plan)} random products a weight, where the construction says ${asked}`
  }
  return undefined
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
