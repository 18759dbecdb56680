/** What is said of a run that lies where another is to begin. */
import { join } from 'node:path'
import type { Corpus } from '../data/index.js'
import { isFile } from '../files/path-kind.js'
import { fileDifferences, settingDifferences } from '../files/run-difference.js'
import type { RunFolder } from '../files/run-folder.js'
import { parseRunRecord, type RunRecord } from '../files/run-record.js'
import { InputError } from '../safetensors/index.js'
import { isResultOf } from './search-result.js'

/**
 * Refuses to start a run anew, without `force`, where something of the run that is there would be lost.
 * @param file of the run that has something in it; a log without a checkpoint comes again from the same settings
 * @throws InputError that says how to go on
 */
export async function refuseConflict(
  path: string,
  folder: RunFolder,
  record: RunRecord,
  corpus: Corpus,
  file: string | undefined,
): Promise<void> {
  const there = await readRecord(path, folder, ' (--force replaces it, --run names another folder)')
  const different = settingDifferences(there.identity, record.identity)
  const advice = `go on with --resume ${path}, or start anew with --force`
  if (different !== undefined && file !== undefined) {
    throw new InputError(`${path}: holds a run of another configuration (${different}); ${advice} or another --out`)
  }
  if (there.fingerprint !== record.fingerprint && file !== undefined) {
    const files = fileDifferences(await folder.readFiles(), corpus.parts)
    throw new InputError(`${path}: holds a run of another text${files}; start anew with --force or another --out`)
  }
  if (!(await folder.hasCheckpoint())) return
  if ((await isFile(there.out)) && (await isResultOf(there.out, there))) {
    throw new InputError(
      `${path}: this run is finished, its result is ${there.out}; start anew with --force or another --out`,
    )
  }
  throw new InputError(`${path}: this run has begun already; ${advice}`)
}

/** @param advice follows the message where `run.json` is no record */
async function readRecord(path: string, folder: RunFolder, advice: string): Promise<RunRecord> {
  const text = (await folder.readRun()) ?? ''
  try {
    return parseRunRecord(join(path, 'run.json'), text)
  } catch (error) {
    throw new InputError(`${(error as Error).message}${advice}`)
  }
}
