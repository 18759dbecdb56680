/** What versions 1 and 2 of the format say otherwise than version 3: they hold GPT-2 alone, under names of their own. */
import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import { firstName } from '../families/gpt2/first-names.js'
import { type Construction, choiceOf } from './construction.js'
import type { DenseSpec, FormatVersion, MaskCoding } from './head.js'

/** The family that versions 1 and 2 mean without naming it. */
export const FIRST_FAMILY = 'gpt2'

/** Kinds of tickets, and what versions 1 and 2 call them. */
export const firstKinds = {
  pruned: 'pruned-gpt2',
  'pruned-pairs': 'pruned-pairs',
  searched: 'searched-gpt2',
} as const

/** The version of a layout of which every mask is a tensor of its own: 1 or 2 where that can say it, so that older readers read it. */
export function versionOf({
  config,
  construction,
  coding,
}: {
  readonly config: BaseConfig | null
  readonly construction?: Construction | undefined
  readonly coding: MaskCoding
}): FormatVersion {
  const isFirst = config === null || familyOf(config).name === FIRST_FAMILY
  const { attention, dense } = choiceOf(construction ?? {})
  if (!isFirst || attention !== 'merged' || dense !== 'embeddings') return '3'
  return coding === 'bits' ? '1' : '2'
}

interface Versioned {
  readonly version: FormatVersion
  readonly kind: keyof typeof firstKinds
}

/** The name in the file of a tensor kept dense. */
export const storedName = ({ version, kind }: Versioned, parameter: string): string =>
  version !== '3' && kind === 'pruned' ? firstName(parameter) : parameter

/** What is kept dense, under the names that the file has. */
export const storedDense = (metadata: Versioned & { readonly dense: readonly DenseSpec[] }): DenseSpec[] =>
  metadata.dense.map((spec) => ({ ...spec, name: storedName(metadata, spec.name) }))
