/**
 * Runs that are kept: each has a folder, goes on where it was interrupted, and leaves `result.json` when it ends, so that it
 * is never run twice.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Corpus } from '../data/index.js'
import { makeFolder, readTextIfThere, writeTextAtomically } from '../files/files.js'
import { identityOf } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import type { Device } from '../graph/device.js'
import { InputError } from '../safetensors/index.js'
import { fingerprintOf } from '../search/fingerprint.js'
import type { MetricsRow } from '../search/metrics.js'
import { chooseSettings, type SettingsChoice } from '../search/settings.js'
import { type SearchReport, type SearchStart, search } from './search.js'

/** What the runs of a folder have in common. */
export interface KeptRunsOptions {
  /** Holds a folder for each run; made when missing. */
  readonly folder: string
  /** Read already, from these paths. */
  readonly corpus: Corpus
  readonly data: string
  readonly valid?: string | undefined
  /** Whether their bytes were taken as they are. */
  readonly raw?: boolean | undefined
  readonly device: Device
  readonly threads?: number | undefined
}

/** One run, with a name fit for a folder. */
export interface KeptRunRequest {
  readonly name: string
  readonly choice: SettingsChoice
}

/** What a finished run found. */
export type KeptRunResult = Pick<
  SearchReport,
  'settings' | 'device' | 'weights' | 'validLoss' | 'bitsPerByte' | 'keptFraction' | 'attentionDeviation' | 'seconds'
> & {
  /** Weights that are not masked. */
  readonly nonZero: number
}

export interface KeptRuns {
  /** The result of a run that has ended here before with the same settings and corpus. */
  find(request: KeptRunRequest): Promise<KeptRunResult | undefined>
  /**
   * Starts a run, or goes on with it, and keeps its result. Of a finished run stay the result, metrics and the ticket;
   * checkpoints and trained weights, which are large, are removed.
   * @throws like `search`; its messages begin with the run's folder or name
   */
  run(request: KeptRunRequest, hooks?: KeptRunHooks): Promise<KeptRunResult>
}

export interface KeptRunHooks {
  readonly signal?: AbortSignal
  onStart?(start: SearchStart): void
  onStep?(row: MetricsRow): void
  onNote?(line: string): void
}

const VERSION = '1'
const RESULT = 'result.json'

/** Opens the runs of a folder. */
export function openKeptRuns(options: KeptRunsOptions): KeptRuns {
  const { corpus, data, valid, raw, device, threads } = options
  const { tokenizer } = corpus
  // Of equal names and other settings there may be several: a part of the fingerprint tells them apart.
  const place = ({ name, choice }: KeptRunRequest) => {
    const settings = chooseSettings(choice, tokenizer)
    const fingerprint = fingerprintOf(nodeSha256, identityOf(settings, corpus))
    return { folder: join(options.folder, `${name}-${fingerprint.slice(0, 8)}`), fingerprint, settings }
  }
  return {
    async find(request) {
      const { folder, fingerprint } = place(request)
      const result = await readResult(join(folder, RESULT), fingerprint)
      if (result !== undefined) await removeLarge(folder)
      return result
    },
    async run(request, { signal, ...hooks } = {}) {
      const { folder, fingerprint } = place(request)
      const { kind, ...choice } = request.choice
      await makeFolder(folder)
      const isBegun = (await readTextIfThere(join(folder, 'run.json'))) !== undefined
      const report = await search({
        kind,
        choice,
        data,
        valid,
        raw,
        corpus,
        tokenizer: tokenizer.name,
        out: join(folder, kind === 'search' ? 'ticket.slt.safetensors' : DENSE),
        ...(isBegun ? { resume: folder } : { run: folder }),
        cadence: { validateEvery: 0, sampleEvery: 0 },
        device,
        threads,
        signal,
        ...hooks,
      }).catch((error) => {
        throw error instanceof InputError && !error.message.includes(request.name)
          ? new InputError(`${request.name}: ${error.message}`)
          : error
      })
      const result = resultOf(report)
      const text = JSON.stringify({ version: VERSION, fingerprint, corpus: corpus.sha256, ...result }, null, 2)
      await writeTextAtomically(join(folder, RESULT), `${text}\n`, { replaces: 'anything' })
      await removeLarge(folder)
      return result
    },
  }
}

const DENSE = 'trained.safetensors'

async function removeLarge(folder: string): Promise<void> {
  for (const name of ['checkpoint.safetensors', 'checkpoint.previous.safetensors', DENSE]) {
    await rm(join(folder, name), { force: true })
  }
}

function resultOf(report: SearchReport): KeptRunResult {
  const { settings, device, weights, validLoss, bitsPerByte, keptFraction, attentionDeviation, seconds } = report
  const nonZero = report.matrices.reduce((sum, { kept }) => sum + kept, 0)
  return { settings, device, weights, nonZero, validLoss, bitsPerByte, keptFraction, attentionDeviation, seconds }
}

/** A result of this fingerprint; undefined where there is none, or a file that is no such result. */
async function readResult(path: string, fingerprint: string): Promise<KeptRunResult | undefined> {
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  try {
    const { version, fingerprint: found, corpus: _, ...result } = JSON.parse(text)
    const numbers = [result.validLoss, result.bitsPerByte, result.weights, result.nonZero, result.seconds]
    const isSound = [...numbers, result.attentionDeviation.all].every(Number.isFinite)
    return version === VERSION && found === fingerprint && isSound ? (result as KeptRunResult) : undefined
  } catch {
    return undefined
  }
}
