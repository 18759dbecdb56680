/** The folder of a sweep: what is run, where it stands, and its tables. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, readTextIfThere, writeTextAtomically } from '../files/files.js'
import { InputError } from '../safetensors/index.js'
import { parseSavedSweep, parseSweepRecord, type SavedSweep, SWEEP_VERSION, type SweepRecord } from './sweep-record.js'
import type { SweepState } from './sweep-state.js'

const RECORD = 'sweep.json'
const STATE = 'state.json'

/** Reads the record of a sweep. @returns undefined where the folder has none. @throws InputError for a file that is none */
export async function readSweep(folder: string): Promise<SweepRecord | undefined> {
  const path = join(folder, RECORD)
  const text = await readTextIfThere(path)
  if (text === undefined) return undefined
  return parseSweepRecord(path, text)
}

/** The files that a sweep writes. */
export interface SweepFolder {
  /** Runs that were done at an earlier time: as many as the tables that are there hold. */
  readonly doneBefore: number
  /** Writes `state.json`, at most every two seconds unless it is the last time. */
  writeState(state: SweepState, isLast?: boolean): Promise<void>
  /**
   * Writes files by their names: `results.json`, `results.csv`, `results.md`, `runs.csv`, `figure.svg`. One whose text is undefined is removed, as it
   * would be of an earlier time.
   * @returns paths of those that were written
   */
  writeResults(texts: Readonly<Record<string, string | undefined>>): Promise<string[]>
}

/** Milliseconds between two states. */
const STATE_EVERY = 2000

/**
 * Opens the folder of a sweep, made when missing.
 * @throws InputError where it holds a sweep with runs that this one has not, or files that are no sweep's, unless `force`
 */
export async function openSweepFolder(
  folder: string,
  record: SweepRecord,
  { force = false }: { force?: boolean | undefined },
  now: () => Date = () => new Date(),
): Promise<SweepFolder> {
  await makeFolder(folder)
  const there = force ? undefined : await readSweep(folder)
  const asked = new Set(record.jobs.map(({ id }) => id))
  const left = there?.jobs.filter(({ id }) => !asked.has(id)) ?? []
  if (left.length > 0) {
    throw new InputError(
      `${folder}: holds another sweep (${left.length} of its ${there?.jobs.length} runs are not asked for, ${left[0].label} is the first); --force replaces its tables (no result is lost), --out names another folder`,
    )
  }
  if (!force && there === undefined && (await readdir(folder)).some((name) => !name.startsWith('.'))) {
    throw new InputError(`${folder}: holds files, but no sweep; --out names another folder`)
  }
  const write = (name: string, text: string) => writeTextAtomically(join(folder, name), text, { replaces: 'anything' })
  const before = there === undefined ? undefined : await savedBefore(join(folder, STATE))
  const startedAt = before?.startedAt ?? now().toISOString()
  let endedAt = before?.endedAt ?? null
  await write(RECORD, `${JSON.stringify({ version: SWEEP_VERSION, ...record }, null, 2)}\n`)
  let last = Number.NEGATIVE_INFINITY
  let writing = Promise.resolve()
  let hasEnded = false
  return {
    doneBefore: before?.counts.done ?? 0,
    async writeState({ runs, counts, rate, secondsLeft }, isLast = false) {
      if (!isLast && performance.now() - last < STATE_EVERY) return
      last = performance.now()
      const at = now().toISOString()
      const isOver = runs.every(({ status }) => status === 'done' || status === 'failed')
      // A command that finds every run done has not made the sweep any longer.
      if (isOver && !hasEnded) {
        if (endedAt === null || runs.some(({ status, found }) => status === 'failed' || !found)) endedAt = at
        hasEnded = true
      }
      const text = JSON.stringify({
        version: SWEEP_VERSION,
        at,
        counts: counts(),
        rate: rate(),
        secondsLeft: secondsLeft() ?? null,
        startedAt,
        endedAt: isOver ? endedAt : null,
        runs,
      })
      writing = writing.then(() => write(STATE, `${text}\n`))
      await writing
    },
    async writeResults(texts) {
      const written: string[] = []
      for (const [name, text] of Object.entries(texts)) {
        const path = join(folder, name)
        if (text === undefined) await rm(path, { force: true })
        else written.push(path)
        if (text !== undefined) await write(name, text)
      }
      return written
    },
  }
}

/** The state of the same sweep from an earlier time; undefined where there is none, or none that can be read. */
async function savedBefore(path: string): Promise<SavedSweep | undefined> {
  const text = await readTextIfThere(path)
  try {
    return text === undefined ? undefined : parseSavedSweep(path, text)
  } catch {
    return undefined // it is written anew
  }
}
