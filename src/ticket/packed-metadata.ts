/** The metadata of a packed ticket (version 4) as the JSON text of its file: what follows from the configuration is left out. */
import { familyOf, matricesOf, orderedConfig } from '../families/family.js'
import { type Norms, normKinds } from '../families/parameter.js'
import { type Initialisation, initialisationScale } from '../random/index.js'
import { quoted } from '../safetensors/strict-json.js'
import { assertDistinct, assertInteger, assertOneOf, isRecord } from './check.js'
import { assertConfig } from './fields.js'
import { GENERATOR, type MaskCoding, maskCodings, type Probe } from './head.js'
import { type SearchedMetadata, type SearchSummary, usualScores } from './searched.js'

/** The name of a mask set where nobody gave it one. */
export const DEFAULT_MASK = 'default'

/** The generator in the text of a packed ticket. */
export const PACKED_GENERATOR = `${GENERATOR.name}/${GENERATOR.version}`

/** The tolerance of a probe that names none. */
const USUAL_TOLERANCE = 1e-3

/** Most mask sets of a file. */
export const MASK_LIMIT = 1000

/** What a mask set has of its own beside its tensors. */
export interface PackedMask {
  readonly name: string
  readonly norms: Norms
  /** See {@link SearchedMetadata.sharedRow}. */
  readonly sharedRow?: number | undefined
  readonly search: SearchSummary | null
  readonly probe: Probe | null
}

/** A packed ticket as far as its JSON says it. */
export interface PackedHead extends Pick<SearchedMetadata, 'seed' | 'coding' | 'config' | 'tokenizer'> {
  /** The different initialisations, those of one kind side by side; the index says which matrix has which. */
  readonly initialisations: readonly Initialisation[]
  /** Of each matrix. */
  readonly streams: readonly number[]
  readonly scores: readonly (number | null)[]
  readonly masks: readonly PackedMask[]
}

/** Names of the tensors of a mask set. */
export const packedNames = (mask: string): { gains: string; masks: string } => ({
  gains: `${mask}.gains`,
  masks: `${mask}.masks`,
})

/** The JSON text, its fields in the order of docs/ticket-format.md. */
export function packedText(head: PackedHead): string {
  const { seed, coding, config, tokenizer, initialisations, streams, scores, masks } = head
  const { family, ...fields } = orderedConfig(config)
  const isUsual = scores.every((stream, i) => stream === usualScores(i))
  return JSON.stringify({
    version: '4',
    generator: PACKED_GENERATOR,
    seed,
    kind: 'searched',
    family: familyOf(config).name,
    coding,
    config: fields,
    tokenizer,
    initialisations: byKind(initialisations),
    ...(streams.every((stream, i) => stream === i) ? {} : { streams }),
    ...(isUsual ? {} : { scores: scores.every((stream) => stream === null) ? null : scores }),
    masks: masks.map(({ name, norms, sharedRow, search, probe }) => ({
      ...{ name, norms, sharedRow },
      search: search && leanSearch(search, tokenizer),
      probe: probe && leanProbe(probe),
    })),
  })
}

/** The numbers of each kind of initialisation. */
function byKind(initialisations: readonly Initialisation[]): Record<string, number[]> {
  const kinds = [...new Set(initialisations.map(({ kind }) => kind))]
  const scalesOf = (kind: string) => initialisations.filter((init) => init.kind === kind).map(initialisationScale)
  return Object.fromEntries(kinds.map((kind) => [kind, scalesOf(kind)]))
}

/** A summary without the tokens that follow from steps, batch and length, and without the ticket's own tokenizer. */
function leanSearch({ corpus, ...search }: SearchSummary, tokenizer: PackedHead['tokenizer']): object {
  const { tokens, ...rest } = search
  const { tokenizer: own, ...text } = corpus
  return {
    ...rest,
    ...(tokens === rest.steps * rest.batch * rest.length ? {} : { tokens }),
    corpus: { ...text, ...(own === tokenizer ? {} : { tokenizer: own }) },
  }
}

const leanProbe = ({ tokens, logits, tolerance }: Probe): object => ({
  ...{ tokens, logits },
  ...(tolerance === USUAL_TOLERANCE ? {} : { tolerance }),
})

/** The opposite of {@link leanSearch}, unchecked. */
function wholeSearch(search: Record<string, unknown>, tokenizer: unknown): Record<string, unknown> {
  const {
    steps,
    batch,
    length,
    validLoss,
    corpus,
    tokens = Number(steps) * Number(batch) * Number(length),
    ...rest
  } = search
  return {
    ...rest,
    steps,
    batch,
    length,
    tokens,
    validLoss,
    corpus: isRecord(corpus) ? { tokenizer, ...corpus } : corpus,
  }
}

/**
 * Reads the JSON of a packed ticket; version and generator are checked already. Streams, summary and probe are left to the check of the
 * whole metadata.
 * @param most matrices that the file has room for
 * @throws TypeError or RangeError naming the field that is wrong
 */
export function parsePacked(value: Record<string, unknown>, most: number): PackedHead {
  const { seed, kind, family, coding, config, tokenizer, initialisations, streams, scores, masks } = value
  assertOneOf('"kind"', kind, ['searched'])
  assertOneOf('"coding"', coding, maskCodings)
  if (!isRecord(config)) throw new TypeError('"config" expected an object')
  const own = configOf(config, family)
  assertConfig(own)
  if (own.layers > most) {
    throw new RangeError(`"masks" expected room for ${own.layers} layers, got at most ${most} entries`)
  }
  const count = matricesOf(own).length
  return {
    seed: seed as string,
    coding: coding as MaskCoding,
    config: own,
    tokenizer: tokenizer as SearchedMetadata['tokenizer'],
    initialisations: initialisationsIn(initialisations, count),
    streams: listOf('streams', streams, count, (i) => i),
    scores: scores === null ? new Array(count).fill(null) : listOf('scores', scores, count, usualScores),
    masks: masksOf(masks, tokenizer),
  }
}

function initialisationsIn(value: unknown, most: number): Initialisation[] {
  if (!isRecord(value)) throw new TypeError('"initialisations" expected an object')
  const found: Initialisation[] = []
  for (const [kind, scales] of Object.entries(value)) {
    assertOneOf('"initialisations"', kind, Object.keys(scaleNames))
    if (!Array.isArray(scales)) throw new TypeError(`"initialisations.${kind}" expected a list of numbers`)
    for (const scale of scales) {
      const init = { kind, [scaleNames[kind as Initialisation['kind']]]: scale } as unknown as Initialisation
      initialisationScale(init)
      found.push(init)
    }
  }
  if (found.length === 0 || found.length > most) {
    throw new RangeError(`"initialisations" expected 1 to ${most} of them, got ${found.length}`)
  }
  return found
}

const scaleNames = { uniform: 'range', normal: 'std', 'signed-constant': 'magnitude' } as const

/** A configuration in memory names its family, but for a GPT-2's. */
function configOf(config: Record<string, unknown>, family: unknown): SearchedMetadata['config'] {
  if (typeof family !== 'string') throw new TypeError(`"family" expected a name, got ${typeof family}`)
  const { family: _, ...fields } = config
  return (family === 'gpt2' ? fields : { family, ...fields }) as unknown as SearchedMetadata['config']
}

function listOf<T>(name: string, value: unknown, count: number, usual: (matrix: number) => T): T[] {
  if (value === undefined) return Array.from({ length: count }, (_, i) => usual(i))
  if (!Array.isArray(value) || value.length !== count) throw new RangeError(`"${name}" expected a list of ${count}`)
  return value
}

function masksOf(masks: unknown, tokenizer: unknown): PackedMask[] {
  if (!Array.isArray(masks)) throw new TypeError('"masks" expected a list')
  assertInteger('"masks" length', masks.length, 1, MASK_LIMIT)
  for (const mask of masks) {
    if (!isRecord(mask)) throw new TypeError('"masks" expected objects')
    assertMaskName(mask.name)
    assertOneOf('"norms"', mask.norms, normKinds)
    if (mask.search === undefined || mask.probe === undefined) {
      throw new TypeError('"masks" expected a search and a probe, or null for them')
    }
  }
  assertDistinct(
    'mask',
    masks.map(({ name }) => name),
  )
  return masks.map(({ name, norms, sharedRow, search, probe }) => ({
    ...{ name, norms, sharedRow },
    search: isRecord(search) ? wholeSearch(search, tokenizer) : search,
    probe: isRecord(probe) ? { tolerance: USUAL_TOLERANCE, ...probe } : probe,
  })) as unknown as PackedMask[]
}

/** Throws unless it can name a mask set. @param what messages call it */
export function assertMaskName(name: unknown, what = 'masks.name'): void {
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
    throw new RangeError(`"${what}" expected 1 to 64 letters, digits, dots, dashes or underscores, got ${quoted(name)}`)
  }
}
