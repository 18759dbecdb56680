/** A packed ticket: its JSON text and its tensors. */
import type { TensorPlan } from '../safetensors/layout.js'
import { assertDistinct } from './check.js'
import { encodeIndex, initialisationsOf } from './packed-index.js'
import { assertMaskName, packedNames, packedText } from './packed-metadata.js'
import { partsOf } from './parts.js'
import { gainsDtype, withGains } from './read-packed.js'
import type { SearchedMetadata } from './searched.js'

/** A searched ticket, checked, with its parts as they are stored. */
export interface StoredMasks {
  readonly name: string
  readonly metadata: SearchedMetadata
  /** Bytes of every part, by `partsOf` of the matrices. */
  readonly parts: ReadonlyMap<string, Uint8Array>
  /** Bytes of every dense tensor. */
  readonly dense: ReadonlyMap<string, Uint8Array>
}

/**
 * The file of some mask sets over one random network.
 * @throws RangeError where their networks differ, or their names do not
 */
export function encodePacked(sets: readonly StoredMasks[]): {
  text: string
  tensors: (TensorPlan & { readonly bytes: Uint8Array })[]
} {
  if (sets.length === 0) throw new RangeError('"masks" expected at least one, got none')
  for (const { name } of sets) assertMaskName(name)
  assertDistinct(
    'mask',
    sets.map(({ name }) => name),
  )
  const { seed, coding, config, tokenizer, matrices } = sets[0].metadata
  for (const set of sets.slice(1)) assertSameNetwork(set, sets[0])
  const inits = initialisationsOf(sets.flatMap(({ metadata }) => metadata.matrices))
  const text = packedText({
    ...{ seed, coding, config, tokenizer, initialisations: inits },
    streams: matrices.map(({ stream }) => stream),
    scores: matrices.map(({ scores = null }) => scores),
    masks: sets.map(({ name, metadata: { norms, sharedRow, search, probe } }) => ({
      name,
      norms,
      sharedRow,
      search,
      probe,
    })),
  })
  const masks = sets.map(({ name, metadata, parts }) => {
    const entries = metadata.matrices.map((matrix) => {
      const names = partsOf(matrix).map((part) => part.name)
      return { matrix, lengths: new Map(names.map((part) => [part, parts.get(part)!.length])), names }
    })
    const stored = entries.flatMap(({ names }) => names.map((part) => parts.get(part)!))
    return tensor(packedNames(name).masks, 'U8', [encodeIndex(entries, inits), ...stored])
  })
  const all = sets.map((set) => ({ ...set, norms: set.metadata.norms }))
  const gains = withGains(all).map(({ name, norms, dense }) => {
    return tensor(packedNames(name).gains, gainsDtype(norms), [...dense.values()])
  })
  return { text, tensors: [...gains, ...masks] }
}

const sizes = { U8: 1, F16: 2, F32: 4 } as const

/** A tensor of one dimension. */
function tensor(name: string, dtype: keyof typeof sizes, parts: readonly Uint8Array[]) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { name, dtype, shape: [bytes.length / sizes[dtype]], bytes }
}

/** Throws unless a set is over the same random network as the first one. */
function assertSameNetwork({ name, metadata }: StoredMasks, first: StoredMasks): void {
  const differs = (what: string) =>
    new RangeError(`"${what}" of the masks ${name} expected that of ${first.name}: both are in one file`)
  const networkOf = ({ version, seed, coding, config, tokenizer, matrices }: SearchedMetadata) => ({
    ...{ version, seed, coding, tokenizer, config },
    streams: matrices.map(({ stream, scores = null }) => [stream, scores]),
  })
  const [own, other] = [networkOf(metadata), networkOf(first.metadata)]
  for (const key of Object.keys(own) as (keyof typeof own)[]) {
    if (JSON.stringify(own[key]) !== JSON.stringify(other[key])) throw differs(key)
  }
}
