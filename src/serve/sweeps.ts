/** Sweeps as the explorer sees them: counts for the list; rows, runs and curves of one. */
import { basename, join } from 'node:path'
import { type SweepRow, sweepRows } from '../experiments/sweep-rows.js'
import type { RunState } from '../queue/run-state.js'
import { type SweepPlan, subjectOf, variedOptions } from '../queue/sweep.js'
import { parseSavedSweep, parseSweepRecord, type SavedSweep, type SweepRecord } from '../queue/sweep-record.js'
import { measureOf } from '../queue/sweep-state.js'
import { InputError } from '../safetensors/index.js'
import type { SweepAnswer, SweepDetails, SweepRunAnswer } from './answers.js'
import type { Entry } from './catalog.js'
import { type OpenedFile, readPart, withFile } from './open-inside.js'
import { notFound } from './refusal.js'

/** Bytes of `sweep.json` and `state.json` that are read at most: some 50,000 runs. */
const MOST_BYTES = 2 ** 26

/** Most runs of an answer. */
const MOST_RUNS = 500

/** Most characters of a failed run's log: the last. */
const LOG = 4000

/** `slt sweep` writes the state every 2 seconds while it goes on. One that is older, in milliseconds, is of a sweep that nobody follows. */
const STALE = 30_000

type Summary = Pick<SweepAnswer, 'counts' | 'disputed' | 'rate' | 'secondsLeft' | 'startedAt' | 'endedAt'>
type About = Pick<SweepRecord, 'plan' | 'queue' | 'store'>

/** What was read once; another file, by its tag, is read again. */
export interface SweepRecords {
  readonly records: Map<string, { readonly tag: string; readonly record: About }>
  readonly summaries: Map<string, { readonly tag: string; readonly summary: Summary }>
  /** Of the sweep that was asked for last. */
  last: { readonly id: string; readonly tag: string; readonly found: Found } | undefined
}

type Found = Pick<SweepDetails, 'rows' | 'runs' | 'leftOut'>

export const createSweepRecords = (): SweepRecords => ({ records: new Map(), summaries: new Map(), last: undefined })

/**
 * Describes a sweep for the list.
 * @returns undefined where it has vanished
 * @throws InputError when its files are no sweep's
 */
export async function describeSweep(entry: Entry, records: SweepRecords): Promise<SweepAnswer | undefined> {
  const record = await withFile(entry.root, join(entry.path, 'sweep.json'), (file) => readRecord(entry, file, records))
  const state = await withFile(entry.root, join(entry.path, 'state.json'), async (file) => {
    const known = records.summaries.get(entry.id)
    const summary = known?.tag === file.tag ? known.summary : summaryOf(await readState(entry, file))
    records.summaries.set(entry.id, { tag: file.tag, summary })
    return { summary, modified: file.modified }
  })
  if (record === undefined || state === undefined) return undefined
  const { id, name } = entry
  const { summary, modified } = state
  const isOpen = summary.counts.waiting + summary.counts.running > 0
  return {
    id,
    name,
    command: record.plan.command,
    subject: subjectOf(record.plan) ?? null,
    varied: valuesOf(record.plan),
    isQueued: record.queue !== null,
    store: record.store.startsWith('s3://') ? 'S3' : basename(record.store),
    state: !isOpen ? 'finished' : Date.now() - modified < STALE ? 'running' : 'stopped',
    ...summary,
    modified,
    files: entry.files,
  }
}

/**
 * All that is shown of a sweep.
 * @throws Refusal 404 where it has vanished; InputError when its files are no sweep's
 */
export async function readSweepDetails(entry: Entry, records: SweepRecords): Promise<SweepDetails> {
  const answer = await describeSweep(entry, records)
  const found = await withFile(entry.root, join(entry.path, 'state.json'), async (file) => {
    const { last } = records
    if (last?.id === entry.id && last.tag === file.tag) return last.found
    const fresh = foundIn(await readState(entry, file))
    records.last = { id: entry.id, tag: file.tag, found: fresh }
    return fresh
  })
  if (answer === undefined || found === undefined) throw notFound(`a sweep ${entry.id}`)
  return { ...answer, ...found, measure: measureOf(answer) }
}

async function readRecord({ id, name }: Entry, file: OpenedFile, { records }: SweepRecords) {
  const known = records.get(id)
  if (known?.tag === file.tag) return known.record
  const path = `${name}/sweep.json`
  const { plan, queue, store } = parseSweepRecord(path, await textOf(path, file))
  const record: About = { plan, queue, store }
  records.set(id, { tag: file.tag, record })
  return record
}

async function readState({ name }: Entry, file: OpenedFile): Promise<SavedSweep> {
  const path = `${name}/state.json`
  return parseSavedSweep(path, await textOf(path, file))
}

async function textOf(path: string, file: OpenedFile): Promise<string> {
  if (file.size > MOST_BYTES)
    throw new InputError(`${path}: has ${file.size} bytes; at most ${MOST_BYTES} bytes of a sweep are shown`)
  return (await readPart(file, 0, file.size)).toString('utf8')
}

const summaryOf = ({ counts, rate, secondsLeft, startedAt, endedAt, runs }: SavedSweep): Summary => ({
  counts,
  disputed: runs.filter(({ disputed }) => disputed).length,
  rate,
  secondsLeft,
  startedAt: timeOf(startedAt),
  endedAt: timeOf(endedAt),
})

/** Of a time in ISO 8601; null for a text that is none. */
function timeOf(text: string | null): number | null {
  const time = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

/** Options of which the runs of a plan have more than one value. */
function valuesOf(plan: SweepPlan): [string, number][] {
  const valuesIn = (name: string) =>
    new Set([...(plan.grid[name] ?? []), ...plan.runs.flatMap((run) => run[name] ?? [])])
  return variedOptions(plan).flatMap((name) => {
    const { size } = valuesIn(name)
    const isLeftOut = plan.runs.some((run) => run[name] === undefined) && plan.grid[name] === undefined
    return size > 1 || isLeftOut ? [[name, size]] : []
  })
}

function foundIn({ runs }: SavedSweep): Found {
  const rows: readonly SweepRow[] = sweepRows(runs)
  const shown = runs
    .map((run, place) => ({ ...run, place }))
    .sort((a, b) => urgency(a) - urgency(b) || a.place - b.place)
    .slice(0, MOST_RUNS)
  return { rows, runs: shown.map(shownRun), leftOut: runs.length - shown.length }
}

/** What needs a look comes first: failed runs, disputed ones, running ones. */
const urgency = ({ status, disputed }: RunState): number =>
  status === 'failed' ? 0 : disputed ? 1 : status === 'running' ? 2 : 3

function shownRun({ files: _, id: __, failure, ...run }: RunState & { readonly place: number }): SweepRunAnswer {
  return { ...run, ...(failure && { failure: { message: failure.message, log: failure.log.slice(-LOG) } }) }
}
