import { float32Bytes } from '../safetensors/floats.js'
import { InputError } from '../safetensors/input-error.js'
import { toUint16, uint16Bytes } from '../safetensors/integers.js'
import { planSafetensors, type SafetensorsLayout, type TensorPlan } from '../safetensors/layout.js'
import { assertFiniteValues } from './dense-values.js'
import { coordinateName, metadataOf, secondName, type TicketPlan, ticketTensors } from './format.js'
import { hashOf, hashTicket } from './hash.js'
import { HASH_KEY, METADATA_KEY, PROBE_LIMIT, type Probe } from './head.js'
import {
  differenceOf,
  entryLine,
  headLine,
  isJournalOf,
  type JournalEntry,
  type JournalHead,
  parseJournal,
} from './journal.js'
import { assertMetadata, metadataText } from './metadata.js'
import { assertPairMasks, assertPairReport, type PairMasks, type PairReport } from './pair.js'
import type { CreateSha256 } from './sha256.js'
import type { TicketStorage, WorkingFiles } from './storage.js'
import { storedDense } from './version.js'

/** What a ticket writer is told. */
export interface TicketWriterOptions extends Omit<TicketPlan, 'dense'> {
  /** Where the finished ticket goes; whether it may replace a file is the storage's to know. */
  readonly path: string
  /** What is kept dense: float32 values, as many as the shape asks, all finite. */
  readonly dense: readonly { readonly name: string; readonly shape: readonly number[]; readonly values: Float32Array }[]
  /** Names everything that determines the masks (target's hash, version of the method...): resuming needs an equal one. */
  readonly fingerprint: string
  /** Whether the finished pairs of an interrupted run of other settings may be dropped; default: no. */
  readonly force?: boolean | undefined
  /** From src/files. */
  readonly storage: TicketStorage
  /** From src/files. */
  readonly createSha256: CreateSha256
}

/** A ticket under construction. */
export interface TicketWriter {
  /**
   * `new`: there were no working files. `resumed`: they belonged to this fingerprint; see `finished`.
   * `restarted`: they belonged to another, or were torn, and were dropped.
   */
  readonly start: 'new' | 'resumed' | 'restarted'
  /** Reports of the pairs that are written already and verified by their hash; need not be written again. */
  readonly finished: ReadonlyMap<string, PairReport>
  /** Writes a pair durably. RangeError when it is unknown, already written or does not fit its specification. */
  writePair(masks: PairMasks, report: PairReport): Promise<void>
  /** The masks of a pair that is written already. RangeError when it is not. */
  readMasks(name: string): Promise<PairMasks>
  /** Writes header and hash and renames over the final path. RangeError when pairs are missing. */
  finish(final?: { probe?: Probe }): Promise<{ bytes: number; sha256: string }>
  /** Closes. The working files stay for a later resumption, unless `remove`. */
  abandon(options?: { remove?: boolean }): Promise<void>
}

/**
 * Starts a ticket, or resumes one that was interrupted. The sizes of everything are known from the specifications, so
 * that each pair goes straight to its place in the working file `<path>.slt-partial`; `<path>.slt-journal` records the
 * finished ones; `<path>.slt-lock` keeps a second process out. Nothing is at `path` before `finish` renames it there.
 * @throws RangeError or TypeError when the plan is unsound; InputError when the path cannot be written or is locked, or when pairs of a run of
 *   other settings would be lost without `force`
 */
export async function openTicketWriter(options: TicketWriterOptions): Promise<TicketWriter> {
  const { pairs, dense, createSha256 } = options
  const specs = new Map(pairs.map((pair) => [pair.name, pair]))
  const { layout, headerBytes, denseNames, tensors } = planTicket(options)
  for (const { name, shape, values } of dense) assertFiniteValues(name, shape, values)
  const { seed, construction } = options
  const asked = Object.fromEntries(Object.entries(construction).filter(([, value]) => value !== undefined))
  const head = {
    fingerprint: options.fingerprint,
    layout: hashOf(createSha256, layout.header),
    settings: { seed: BigInt(seed).toString(), ...asked },
  }
  const files = await options.storage.open(options.path)
  try {
    const journal = await files.readJournal()
    const isResumed = resumes(options, journal, head)
    const kept = isResumed ? await verified(parseJournal(journal).entries, layout, files, createSha256) : []
    const rest = kept.map(entryLine).join('')
    if (journal !== headLine(head) + rest) await files.resetJournal(headLine(head) + rest)
    if ((await files.size()) !== layout.size) await files.resize(layout.size)
    for (const [i, { values }] of dense.entries()) {
      await files.write(layout.tensors.get(denseNames[i])!.byteOffset, float32Bytes(values))
    }
    const finished = new Map(kept.map(({ pair, report }) => [pair, report]))
    return {
      start: isResumed ? 'resumed' : journal === '' ? 'new' : 'restarted',
      finished,
      async writePair(masks, report) {
        const { name } = masks.spec
        const spec = specs.get(name)
        if (!spec) throw new RangeError(`"masks" expected a planned pair, got "${name}"`)
        if (finished.has(name)) throw new RangeError(`"masks" expected an unfinished pair, got "${name}"`)
        assertPairMasks({ ...masks, spec })
        assertPairReport(report, name)
        const coordinate = uint16Bytes(masks.coordinate)
        await files.write(layout.tensors.get(coordinateName(name))!.byteOffset, coordinate)
        await files.write(layout.tensors.get(secondName(name))!.byteOffset, masks.second)
        await files.sync()
        const sha256 = hashOf(createSha256, coordinate, masks.second)
        await files.appendJournal(entryLine({ pair: name, sha256, report }))
        finished.set(name, report)
      },
      async readMasks(name) {
        const spec = specs.get(name)
        if (!spec || !finished.has(name)) throw new RangeError(`"name" expected a finished pair, got "${name}"`)
        const read = (tensor: string) => {
          const { byteOffset, byteLength } = layout.tensors.get(tensor)!
          return files.read(byteOffset, byteLength)
        }
        const coordinate = toUint16(await read(coordinateName(name)))
        return { spec, coordinate, second: await read(secondName(name)) }
      },
      async finish({ probe } = {}) {
        const missing = pairs.filter(({ name }) => !finished.has(name))
        if (missing.length) throw new RangeError(`"finish" expected every pair, but "${missing[0].name}" is missing`)
        const reports = pairs.map(({ name }) => finished.get(name)!)
        const metadata = metadataOf(options, reports, probe ?? null)
        assertMetadata(metadata)
        const text = metadataText(metadata)
        const sha256 = await hashTicket(text, files, headerBytes, layout.size, createSha256)
        const entries = { [METADATA_KEY]: text, [HASH_KEY]: sha256 }
        await files.write(0, planSafetensors(tensors, entries, headerBytes).header)
        await files.publish()
        return { bytes: layout.size, sha256 }
      },
      abandon: ({ remove = false } = {}) => (remove ? files.remove() : files.close()),
    }
  } catch (error) {
    await files.close()
    throw error
  }
}

/**
 * Whether a journal is of this run, and not of another one that may be dropped.
 * @throws InputError when finished pairs of another run, or a file that is no journal, would be lost
 */
function resumes({ path, force = false }: TicketWriterOptions, text: string, head: JournalHead): boolean {
  const journal = parseJournal(text)
  if (isJournalOf(journal, head)) return true
  if (force) return false
  const advice = '--force starts anew, another --out keeps both'
  if (journal.head && journal.entries.length > 0) {
    const { length } = journal.entries
    throw new InputError(
      `${path}: an interrupted run with ${length} finished ${length === 1 ? 'matrix' : 'matrices'} lies beside it (${differenceOf(journal.head, head)}): the same settings go on with it, ${advice}`,
    )
  }
  // Of a journal of ours only the first line can be torn and no pair be finished.
  if (!journal.head && text.includes('\n')) {
    throw new InputError(`${path}.slt-journal: is no journal that this version reads: ${advice}`)
  }
  return false
}

/** The layout, with room in the header for the longest reports and probe that there can be. */
function planTicket(options: TicketWriterOptions): {
  layout: SafetensorsLayout
  headerBytes: number
  denseNames: string[]
  tensors: TensorPlan[]
} {
  const long = 0.0000010000000000000002 // 24 characters: no finite number >= 0 prints longer
  const longReport = {
    weights: Number.MAX_SAFE_INTEGER,
    unreachable: Number.MAX_SAFE_INTEGER,
    maxError: long,
    medianError: long,
    expectedGap: long,
  }
  const longProbe = {
    tokens: new Array(PROBE_LIMIT).fill(Number.MAX_SAFE_INTEGER),
    logits: new Array(PROBE_LIMIT).fill(-long),
    tolerance: long,
  }
  const { pairs } = options
  const longest = metadataOf(
    options,
    pairs.map(() => longReport),
    longProbe,
  )
  assertMetadata({ ...longest, probe: null }) // its probe is longer than any model allows
  const metadata = { [METADATA_KEY]: metadataText(longest), [HASH_KEY]: '0'.repeat(64) }
  const dense = storedDense(longest)
  const tensors = ticketTensors(pairs, dense)
  const layout = planSafetensors(tensors, metadata)
  return { layout, headerBytes: layout.header.length, denseNames: dense.map(({ name }) => name), tensors }
}

/** The leading entries whose bytes in the working file still have their hash. */
async function verified(
  entries: readonly JournalEntry[],
  layout: SafetensorsLayout,
  files: WorkingFiles,
  createSha256: CreateSha256,
): Promise<JournalEntry[]> {
  const kept = new Map<string, JournalEntry>()
  const size = await files.size()
  for (const entry of entries) {
    const places = [coordinateName(entry.pair), secondName(entry.pair)].map((name) => layout.tensors.get(name))
    if (kept.has(entry.pair) || places.some((place) => !place || place.byteOffset + place.byteLength > size)) continue
    const bytes = await Promise.all(places.map((place) => files.read(place!.byteOffset, place!.byteLength)))
    if (hashOf(createSha256, ...bytes) === entry.sha256) kept.set(entry.pair, entry)
  }
  return [...kept.values()]
}
