/** `run.json`: what a run was asked for, so that it can go on. */
import { basename } from 'node:path'
import type { Corpus, CorpusPart } from '../data/index.js'
import type { Device } from '../graph/device.js'
import { InputError, parseJson, quoted } from '../safetensors/index.js'
import { fingerprintOf } from '../search/fingerprint.js'
import type { Cadence } from '../search/run.js'
import { checkSettings, type SearchSettings } from '../search/settings.js'
import type { MaskCoding } from '../ticket/index.js'
import { nodeSha256 } from './sha256.js'

/** Where the corpus is. */
export interface DataPaths {
  readonly data: string
  readonly valid: string | null
  /** A name, or the path of a folder. */
  readonly tokenizer: string
  /** Whether the bytes of every file are taken as they are. */
  readonly raw: boolean
}

/** What determines a run's result. */
export interface RunIdentity {
  readonly settings: SearchSettings
  /** SHA-256 of what was read. */
  readonly corpus: string
  /**
   * How many special tokens the texts held that were read as such; absent for none. Earlier runs read them letter
   * by letter: they have no such number, and go on as they began.
   */
  readonly specialTokens?: number
  /** SHA-256 of the files of a folder's tokenizer; absent for one that its name tells. */
  readonly tokenizer?: string
}

/** @param tokenizer SHA-256 of the files of a folder's tokenizer */
export function identityOf(
  settings: SearchSettings,
  { sha256, specialTokens }: Pick<Corpus, 'sha256' | 'specialTokens'>,
  tokenizer?: string,
): RunIdentity {
  return {
    settings,
    corpus: sha256,
    ...(specialTokens > 0 ? { specialTokens } : {}),
    ...(tokenizer === undefined ? {} : { tokenizer }),
  }
}

/** What was read for one path; `corpus.jsonl` has its files one by one. */
export interface ReadRecord extends Omit<CorpusPart, 'files'> {
  /** How many. */
  readonly files: number
  /** How many of them were read how: `{ text: 2, gzip: 1 }`. */
  readonly forms: Readonly<Record<string, number>>
}

/** The teacher of a run; its content is named by the settings. */
export interface TeacherRecord {
  /** Absolute. */
  readonly path: string
  /** Its parameters. */
  readonly parameters: number
  /** Tokens that it was trained on itself; null where that is not known. */
  readonly trainingTokens: number | null
  /** Spent in it as of the last checkpoint. */
  readonly seconds: number
}

/** Everything in `run.json`; paths are absolute, but for those of `read`, which are as they were given. */
export interface RunRecord extends DataPaths {
  readonly identity: RunIdentity
  /** Of the identity. */
  readonly fingerprint: string
  /** The corpus' name in the ticket: that of the first path, wherever the corpus goes later. */
  readonly name: string
  readonly out: string
  readonly coding: MaskCoding
  readonly cadence: Cadence & { readonly validWindows: number }
  /** The device that it ran on last. */
  readonly device: Device
  readonly threads: number | null
  /** Hash of the ticket that the run has written, or is about to write; of a mask that goes into a file, of this mask alone. Absent before its end. */
  readonly ticket?: string
  /** What the mask is called in its file; absent: `default`. */
  readonly mask?: string
  /** The ticket that the random network was taken from: its name, and its hash then. Absent for a network of the run's own. */
  readonly base?: { readonly name: string; readonly ticket: string }
  /** Whether `out` is a ticket that the mask is added to. */
  readonly into?: true
  /** Hash of the mask of this name in `out` that the run may replace. */
  readonly replaced?: string
  /**
   * What was read: one part that is split, or one to train on and one to validate on; none for a task. Null in records from before
   * files were looked at: such a run goes on with its files read as they were then (`asBefore` of `openCorpus`).
   */
  readonly read: readonly ReadRecord[] | null
  /** Absent without a teacher. */
  readonly teacher?: TeacherRecord
  /** Absolute path of the model that scores started from; absent without one. */
  readonly start?: string
}

const VERSION = '1'

export const formatRunRecord = (record: RunRecord): string =>
  `${JSON.stringify({ version: VERSION, ...record }, null, 2)}\n`

/** What `run.json` says of the parts of a corpus. */
export function recordParts(parts: readonly CorpusPart[]): ReadRecord[] {
  return parts.map(({ files, ...part }) => {
    const forms: Record<string, number> = {}
    for (const { form } of files) forms[form] = (forms[form] ?? 0) + 1
    return { ...part, files: files.length, forms }
  })
}

/** The files of a corpus as `corpus.jsonl` has them, a line each. */
export const formatFiles = (parts: readonly CorpusPart[]): string =>
  parts.flatMap(({ path, files }) => files.map((file) => `${JSON.stringify({ part: path, ...file })}\n`)).join('')

/** @throws InputError naming the file when it is not such a record */
export function parseRunRecord(name: string, text: string): RunRecord {
  try {
    const { version, ...record } = (parseJson(text) ?? {}) as { version?: unknown } & RunRecord
    if (version !== VERSION) throw new RangeError(`version ${quoted(version)} is unknown`)
    for (const key of ['data', 'tokenizer', 'out', 'device', 'fingerprint'] as const) {
      if (typeof record[key] !== 'string') throw new TypeError(`"${key}" expected text, got ${quoted(record[key])}`)
    }
    if (typeof record.identity !== 'object' || record.identity === null) {
      throw new TypeError(`"identity" expected an object, got ${quoted(record.identity)}`)
    }
    checkSettings(record.identity.settings)
    if (fingerprintOf(nodeSha256, record.identity) !== record.fingerprint) {
      throw new RangeError('"identity" does not match its fingerprint: the settings or the corpus were changed')
    }
    return { ...{ name: basename(record.data), coding: 'range', raw: false, read: null }, ...record }
  } catch (error) {
    throw new InputError(`${name}: not the record of a run: ${(error as Error).message}`)
  }
}
