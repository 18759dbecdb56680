import type { AttentionConstruction, KeptDense, PairChoice } from '../families/pair-plan.js'

/** What a construction may be; docs/ticket-format.md says what it means. */
export const attentionConstructions: readonly AttentionConstruction[] = ['merged', 'factored', 'rotary']
export const denseKinds: readonly KeptDense[] = ['none', 'embeddings']

/** What was asked of the construction. */
export interface Construction {
  /** n': random products per weight, where `itemsPer` is `matrix` the most of any matrix. Integer >= 1. */
  readonly items: number
  /** 'auto' (a power of two per matrix), or the literal scale. */
  readonly scale: 'auto' | number
  readonly method: 'plain' | 'balanced'
  /** Default `merged`. Loose pairs have no attention. */
  readonly attention?: AttentionConstruction | undefined
  /** Default `embeddings`. */
  readonly dense?: KeptDense | undefined
  /** Random products per weight of an embedding, an integer >= 1. Default: `items`. */
  readonly embeddingItems?: number | undefined
  /** `matrix` where each matrix has a number of its own, which its pair's `hidden` over `inputs` is; absent where there is one for all. */
  readonly itemsPer?: 'matrix' | undefined
}

/** A construction's choices that decide which pairs a model has. */
export const choiceOf = ({
  attention = 'merged',
  dense = 'embeddings',
}: Pick<Construction, 'attention' | 'dense'>): PairChoice => ({ attention, dense })
