/** How attention is made of pairs: see docs/ticket-format.md. */
export const attentionManners = ['merged', 'factored', 'rotary'] as const
export type AttentionManner = (typeof attentionManners)[number]

/** What is kept dense: nothing, or embeddings and the vectors of norms. */
export const denseManners = ['none', 'embeddings'] as const
export type DenseManner = (typeof denseManners)[number]

/** What was asked of the construction. */
export interface Construction {
  /** n': random products per weight. Integer >= 1. */
  readonly items: number
  /** 'auto' (a power of two per matrix), or the literal scale. */
  readonly scale: 'auto' | number
  readonly method: 'plain' | 'balanced'
  /** Default `merged`. Loose pairs have no attention. */
  readonly attention?: AttentionManner | undefined
  /** Default `embeddings`. */
  readonly dense?: DenseManner | undefined
  /** Random products per weight of an embedding, an integer >= 1. Default, and null: `items`. */
  readonly embeddingItems?: number | null | undefined
}

/** A construction's choices that decide which pairs a model has. */
export const mannerOf = ({
  attention = 'merged',
  dense = 'embeddings',
}: Pick<Construction, 'attention' | 'dense'>) => ({ attention, dense })
