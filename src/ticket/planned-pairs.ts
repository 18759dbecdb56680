/** What a pruned model consists of: its pairs, and what it keeps dense. */
import type { BaseConfig } from '../families/config.js'
import { familyOf, parametersOf } from '../families/family.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { gpt2PairShapes } from '../families/gpt2/pair-names.js'
import { isTable } from '../families/parameter.js'
import { type Construction, mannerOf } from './construction.js'
import type { DenseSpec } from './head.js'

/** Most rows of an embedding that one pair stands for. */
export const TABLE_ROWS = 128

/** Name and size of a pair. */
export interface PlannedPair {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
}

/** The pairs of a model in the order of its forward pass. @throws RangeError for a construction that its family has not */
export function plannedPairs(config: BaseConfig, construction: Construction): readonly PlannedPair[] {
  const { attention, dense } = mannerOf(construction)
  const family = familyOf(config).name
  if (family === 'gpt2' && attention === 'merged' && dense === 'embeddings') return gpt2PairShapes(config as Gpt2Config)
  throw new RangeError(
    `"construction" expected one of the family ${family}, got attention ${attention}, dense ${dense}`,
  )
}

/** What a pruned model keeps dense by the names of parameters: embeddings and the vectors of norms, or nothing. */
export const keptDense = (config: BaseConfig, construction: Construction): DenseSpec[] =>
  mannerOf(construction).dense === 'none'
    ? []
    : parametersOf(config)
        .filter((one) => one.kind === 'gain' || one.kind === 'shift' || (one.kind === 'matrix' && isTable(one.role)))
        .map(({ name, shape }) => ({ name, shape }))
