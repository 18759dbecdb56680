/** Between the metadata of a ticket in memory and the JSON text of its file. */
import { familyOf, orderedConfig } from '../families/family.js'
import { parameterOfFirst } from '../families/gpt2/first-names.js'
import { parseJson, quoted } from '../safetensors/strict-json.js'
import { assertOneOf, isRecord } from './check.js'
import { choiceOf } from './construction.js'
import type { TicketMetadata } from './format.js'
import { FORMAT_VERSIONS, type FormatVersion, GENERATOR, maskCodings } from './head.js'
import { PACKED_GENERATOR, parsePacked } from './packed-metadata.js'
import { assertPrunedMetadata } from './pruned-metadata.js'
import { assertSearchedMetadata } from './searched-metadata.js'
import { FIRST_FAMILY, firstKinds, storedDense } from './version.js'

/**
 * Reads the metadata text of a ticket and checks that this program knows its version and its generator.
 * @param text the string under `__metadata__`.`slt`
 * @throws SyntaxError when it is not JSON; TypeError or RangeError naming the field that is wrong
 */
export function storedMetadata(text: string): Record<string, unknown> & { readonly version: FormatVersion } {
  const value: unknown = parseJson(text)
  if (!isRecord(value)) throw new TypeError('"metadata" expected an object')
  const { version, generator } = value
  if (!(FORMAT_VERSIONS as readonly unknown[]).includes(version)) {
    throw new RangeError(
      `ticket format version ${quoted(version)} is unknown (this program reads versions "1", "2", "3" and "4")`,
    )
  }
  const isKnown =
    version === '4'
      ? generator === PACKED_GENERATOR
      : isRecord(generator) && generator.name === GENERATOR.name && generator.version === GENERATOR.version
  if (!isKnown) {
    throw new RangeError(`generator ${quoted(generator)} is unknown (expected ${GENERATOR.name}, version 1)`)
  }
  return { ...value, version: version as FormatVersion }
}

/**
 * The metadata of a ticket of which every mask is a tensor, all of it checked. A ticket of version 1 or 2 reads as one of version 3 would.
 * @param stored what {@link storedMetadata} gives, of version 1, 2 or 3
 * @throws TypeError or RangeError naming the field that is wrong
 */
export function separateMetadata(stored: ReturnType<typeof storedMetadata>): TicketMetadata {
  const metadata = fromStored(stored, stored.version) as unknown as TicketMetadata
  assertMetadata(metadata)
  return metadata
}

/**
 * What a ticket is, from its header alone.
 * @param text the string under `__metadata__`.`slt`
 * @throws as {@link storedMetadata} does
 */
export function ticketOutline(text: string): Pick<TicketMetadata, 'kind' | 'config'> {
  const stored = storedMetadata(text)
  if (stored.version !== '4') return separateMetadata(stored)
  return { kind: 'searched', config: parsePacked(stored, Number.POSITIVE_INFINITY).config }
}

/** The metadata as it is held in memory, its fields unchecked but for those that the way it is written decides. */
function fromStored(stored: Record<string, unknown>, version: FormatVersion): Record<string, unknown> {
  const { version: _, generator, seed, kind, family, coding, config, sharedRow: __, ...rest } = stored // copies are of version 4
  const head = { version, generator, seed }
  if (version === '3') {
    assertOneOf('"kind"', kind, Object.keys(firstKinds))
    assertOneOf('"coding"', coding, maskCodings)
    if (kind === 'pruned-pairs') return { ...head, kind, coding, config, ...rest }
    if (typeof family !== 'string') throw new TypeError(`"family" expected a name, got ${quoted(family)}`)
    const model = { ...head, kind, coding, config: configOf(config, family), ...rest }
    return kind === 'pruned' ? { ...model, construction: withoutNull(rest.construction) } : model
  }
  assertOneOf('"kind"', kind, Object.values(firstKinds))
  if (version === '2') assertOneOf('"coding"', coding, maskCodings.slice(1))
  const own = Object.keys(firstKinds).find((key) => firstKinds[key as keyof typeof firstKinds] === kind)
  return {
    ...head,
    kind: own,
    coding: version === '1' ? 'bits' : coding,
    config: configOf(config, FIRST_FAMILY),
    ...rest,
    ...(own === 'pruned' && Array.isArray(rest.dense) ? { dense: rest.dense.map(renamed) } : {}),
  }
}

/**
 * A configuration names its family in memory, unless it is the one that the first versions mean. In a file the ticket names it; a second name
 * beside the sizes may not differ.
 */
function configOf(config: unknown, family: string): unknown {
  if (!isRecord(config)) return config
  const { family: own = family, ...fields } = config
  if (own !== family) throw new RangeError(`"config.family" expected ${family}, the ticket's, got ${quoted(own)}`)
  return family === FIRST_FAMILY ? fields : { family, ...fields }
}

/** Null items of embeddings are those of all matrices, as if they were absent. */
function withoutNull(construction: unknown): unknown {
  if (!isRecord(construction) || construction.embeddingItems !== null) return construction
  const { embeddingItems: _, ...own } = construction
  return own
}

const renamed = (spec: unknown): unknown =>
  isRecord(spec) && typeof spec.name === 'string' ? { ...spec, name: parameterOfFirst(spec.name) } : spec

/** Checks the metadata of a ticket, read or about to be written. */
export function assertMetadata(metadata: TicketMetadata): void {
  if (metadata.kind === 'searched') assertSearchedMetadata(metadata)
  else assertPrunedMetadata(metadata)
}

/** The JSON text of some metadata of version 1, 2 or 3, with the fields in the order of docs/ticket-format.md. */
export function metadataText(metadata: TicketMetadata): string {
  const { version, generator, seed, kind, coding, config, ...rest } = metadata
  const head = { version, generator, seed }
  const dense = storedDense(metadata)
  const coded = version === '1' ? {} : { coding }
  if (version === '3' && config !== null) {
    const { family = FIRST_FAMILY, ...fields } = orderedConfig(config)
    const model = { ...head, kind, family, ...coded, config: fields, ...rest, dense }
    if (metadata.kind === 'searched') return JSON.stringify(model)
    const { embeddingItems = null, items, scale, method, itemsPer } = metadata.construction
    const own = itemsPer === undefined ? {} : { itemsPer }
    const construction = { items, scale, method, ...choiceOf(metadata.construction), embeddingItems, ...own }
    return JSON.stringify({ ...model, construction })
  }
  const first = { ...head, kind: version === '3' ? kind : firstKinds[kind], ...coded, config, ...rest, dense }
  if (metadata.kind === 'searched') return JSON.stringify(first)
  const { items, scale, method } = metadata.construction
  return JSON.stringify({ ...first, construction: { items, scale, method } })
}

/** The family of a ticket's model as people write it; null for loose pairs. */
export const familyTitle = ({ config }: Pick<TicketMetadata, 'config'>): string | null =>
  config === null ? null : familyOf(config).title
