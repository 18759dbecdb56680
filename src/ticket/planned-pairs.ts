/** What a pruned model consists of: its pairs, and what it keeps dense. */

import type { BaseConfig } from '../families/config.js'
import { matricesOf } from '../families/family.js'
import { denseParameters, type PairPlan, pairPlans, TABLE_BLOCK } from '../families/pair-plan.js'
import { isTable } from '../families/parameter.js'
import { attentionSpecs } from '../families/tape.js'
import { type Construction, choiceOf } from './construction.js'
import type { DenseSpec } from './head.js'

/**
 * The pairs of a model in the order of its forward pass.
 * @param most a file may claim any number of layers, heads and tokens: what needs more pairs than this is refused before they are listed
 * @throws RangeError for a construction that does not suit the family
 */
export function plannedPairs(config: BaseConfig, construction: Construction, most = Infinity): readonly PairPlan[] {
  const choice = choiceOf(construction)
  const expectAtLeast = (least: number) => {
    if (least <= most) return
    throw new RangeError(`"pairs" expected at least ${least} for the configuration, got ${most}`)
  }
  expectAtLeast(config.layers * config.heads)
  const tables = choice.dense === 'none' ? matricesOf(config).filter(({ role }) => isTable(role)) : []
  const blocks = tables.reduce((sum, { shape }) => sum + Math.ceil(shape[0] / TABLE_BLOCK), 0)
  const frequencies = choice.attention === 'rotary' ? attentionSpecs(config) : []
  expectAtLeast(frequencies.reduce((sum, { heads, headWidth }) => sum + heads * (headWidth / 2), blocks))
  return pairPlans(config, choice)
}

/** What a pruned model keeps dense by the names of parameters: embeddings and the vectors of norms, or nothing. */
export const keptDense = (config: BaseConfig, construction: Construction): DenseSpec[] =>
  denseParameters(config, choiceOf(construction).dense).map(({ name, shape }) => ({ name, shape }))
