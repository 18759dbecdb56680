/** `run.json`: what a run was asked for, so that it can go on. */
import { basename } from 'node:path'
import type { Corpus } from '../data/index.js'
import { InputError, parseJson, quoted } from '../safetensors/index.js'
import { fingerprintOf } from '../search/fingerprint.js'
import type { Cadence } from '../search/run.js'
import { checkSettings, type SearchSettings } from '../search/settings.js'
import type { MaskCoding } from '../ticket/index.js'
import type { Device } from './onnx.js'
import { nodeSha256 } from './sha256.js'

/** Where the corpus is. */
export interface DataPaths {
  readonly data: string
  readonly valid: string | null
  readonly tokenizer: string
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
}

export function identityOf(
  settings: SearchSettings,
  { sha256, specialTokens }: Pick<Corpus, 'sha256' | 'specialTokens'>,
): RunIdentity {
  return { settings, corpus: sha256, ...(specialTokens > 0 ? { specialTokens } : {}) }
}

/** Everything in `run.json`; paths are absolute. */
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
  /** Hash of the ticket that the run has written, or is about to write; absent before its end. */
  readonly ticket?: string
}

const VERSION = '1'

export const formatRunRecord = (record: RunRecord): string =>
  `${JSON.stringify({ version: VERSION, ...record }, null, 2)}\n`

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
    return { ...{ name: basename(record.data), coding: 'range' }, ...record }
  } catch (error) {
    throw new InputError(`${name}: not the record of a run: ${(error as Error).message}`)
  }
}
