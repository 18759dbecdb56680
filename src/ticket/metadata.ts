import { parseJson, quoted } from '../safetensors/strict-json.js'
import { maskCodings } from './coding.js'
import { assertOneOf, isRecord } from './fields.js'
import { FORMAT_VERSIONS, GENERATOR, type TicketMetadata } from './format.js'
import { assertPrunedMetadata } from './pruned-metadata.js'
import { assertSearchedMetadata } from './searched-metadata.js'

/**
 * Reads the metadata text of a ticket and checks all of it.
 * @param text the string under `__metadata__`.`slt`
 * @throws SyntaxError when it is not JSON; TypeError or RangeError naming the field that is wrong
 */
export function parseMetadata(text: string): TicketMetadata {
  const value: unknown = parseJson(text)
  if (!isRecord(value)) throw new TypeError('"metadata" expected an object')
  if (!(FORMAT_VERSIONS as readonly unknown[]).includes(value.version)) {
    throw new RangeError(
      `ticket format version ${quoted(value.version)} is unknown (this program reads versions "1" and "2")`,
    )
  }
  const generator = value.generator
  if (!isRecord(generator) || generator.name !== GENERATOR.name || generator.version !== GENERATOR.version) {
    throw new RangeError(`generator ${quoted(generator)} is unknown (expected ${GENERATOR.name}, version 1)`)
  }
  const metadata = value as unknown as TicketMetadata
  assertMetadata(metadata)
  return metadata
}

/** Checks the metadata of a ticket, read or about to be written, but for its version. */
export function assertMetadata(metadata: TicketMetadata): void {
  if (metadata.version === '2') assertOneOf('"coding"', metadata.coding, maskCodings.slice(1))
  switch (metadata.kind) {
    case 'pruned-gpt2':
    case 'pruned-pairs':
      assertPrunedMetadata(metadata)
      break
    case 'searched-gpt2':
      assertSearchedMetadata(metadata)
      break
    default: {
      const { kind } = metadata as { kind: unknown }
      throw new RangeError(`"kind" expected pruned-gpt2, pruned-pairs or searched-gpt2, got ${quoted(kind)}`)
    }
  }
}
