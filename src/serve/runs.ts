/** Run folders as the explorer sees them: settings, state, rows of metrics from a byte on, samples. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { lockHolder } from '../files/lock-file.js'
import { parseRunRecord, type RunRecord } from '../files/run-record.js'
import { InputError } from '../safetensors/index.js'
import { type MetricsRow, readMetricsRow } from '../search/metrics.js'
import type { MetricsAnswer, RunAnswer, RunState, SamplesAnswer } from './answers.js'
import type { Catalog, Entry } from './catalog.js'
import { type OpenedFile, readPart, realInside, withFile } from './open-inside.js'
import { Refusal } from './refusal.js'

/** Bytes of `run.json`, of a lock, of one answer's metrics, of the samples and of a log's end that are read at most. */
const RECORD = 2 ** 18
const LOCK = 1024
const SLICE = 2 ** 20
const SAMPLES = 2 ** 16
const TAIL = 2 ** 17
/** A log is known by so many bytes of its first line; it holds times, which no two runs share. */
const HEAD = 512
/** The lock of another machine or container counts while it, or the log, is younger, in milliseconds. */
const STALE = 120_000

interface LogEnd {
  readonly last: MetricsRow | null
  /** The last row that validated. */
  readonly validated: MetricsRow | null
  readonly modified: number
}

/** Of each run what was read once; another file, by its tag, is read again. */
interface Records {
  readonly runs: Map<string, { readonly tag: string; readonly record: RunRecord }>
  readonly ends: Map<string, { readonly tag: string; readonly end: LogEnd }>
}

export const createRecords = (): Records => ({ runs: new Map(), ends: new Map() })

/**
 * Describes a run.
 * @returns undefined where it has vanished
 * @throws InputError when its record is none
 */
export async function describeRun(entry: Entry, catalog: Catalog, records: Records): Promise<RunAnswer | undefined> {
  const { id, name, root, path } = entry
  const record = await withFile(root, join(path, 'run.json'), (file) => readRecord(entry, file, records.runs))
  const log = await withFile(root, join(path, 'metrics.jsonl'), (file) => readEnd(id, file, records.ends))
  if (record === undefined || log === undefined) return undefined
  const { settings } = record.identity
  const lock = await withFile(root, join(path, 'lock'), async (file) => {
    const text = (await readPart(file, 0, Math.min(file.size, LOCK))).toString('utf8')
    return { holder: lockHolder(text), modified: file.modified }
  })
  const age = Date.now() - Math.max(log.modified, lock?.modified ?? 0)
  const running = lock?.holder === 'here' || (lock?.holder === 'elsewhere' && age < STALE)
  const done = log.last?.step === settings.steps
  const state: RunState = running ? 'running' : done ? 'finished' : 'stopped'
  const ticket = await ticketOf(record, catalog)
  return {
    id,
    name,
    state,
    settings,
    corpus: String(record.name),
    device: record.device,
    last: log.last,
    validLoss: (await readResult(entry)) ?? log.validated?.validLoss ?? null,
    accuracy: log.validated?.accuracy ?? null,
    modified: log.modified,
    ticket,
  }
}

/** The id of the ticket that a run has written; null where it is not there, or lies in no folder that is served. */
async function ticketOf({ out }: RunRecord, catalog: Catalog): Promise<string | null> {
  const place = catalog.placeOf(out)
  const real = place && (await realInside(place.root, place.path).catch(() => undefined))
  if (real === undefined) return null
  const id = catalog.idOf('ticket', real)
  return (await catalog.find('ticket', id)) === undefined ? null : id
}

async function readRecord({ id, name }: Entry, file: OpenedFile, records: Records['runs']): Promise<RunRecord> {
  const known = records.get(id)
  if (known?.tag === file.tag) return known.record
  if (file.size > RECORD)
    throw new InputError(`${name}: run.json has ${file.size} bytes, more than the record of a run`)
  const text = (await readPart(file, 0, file.size)).toString('utf8')
  const record = parseRunRecord(`${name}/run.json`, text)
  records.set(id, { tag: file.tag, record })
  return record
}

/** The loss that a kept run's `result.json` gives (figures 7 and 8 validate at the end alone). */
async function readResult({ root, path }: Entry): Promise<number | undefined> {
  return withFile(root, join(path, 'result.json'), async (file) => {
    if (file.size > RECORD) return undefined
    try {
      const { validLoss } = JSON.parse((await readPart(file, 0, file.size)).toString('utf8'))
      return Number.isFinite(validLoss) ? (validLoss as number) : undefined
    } catch {
      return undefined // torn or foreign: the metrics say what they say
    }
  })
}

/** The last row, and the last validation loss within reach of the log's end. */
async function readEnd(id: string, file: OpenedFile, ends: Records['ends']): Promise<LogEnd> {
  const known = ends.get(id)
  if (known?.tag === file.tag) return known.end
  const from = Math.max(0, file.size - TAIL)
  const lines = (await readPart(file, from, file.size))
    .toString('utf8')
    .split('\n')
    .slice(from > 0 ? 1 : 0, -1)
  const rows = lines.map(readMetricsRow).filter((row) => row !== undefined)
  const validated = rows.findLast((row) => row.validLoss !== undefined) ?? null
  const end = { last: rows.at(-1) ?? null, validated, modified: file.modified }
  ends.set(id, { tag: file.tag, end })
  return end
}

/**
 * Rows of the log from a byte on; from the start where the log is another one by now.
 * @throws Refusal 422 where a line is longer than an answer
 */
export async function readMetrics(entry: Entry, from: number, key: string): Promise<MetricsAnswer | undefined> {
  return withFile(entry.root, join(entry.path, 'metrics.jsonl'), async (file) => {
    const head = await readPart(file, 0, Math.min(file.size, HEAD))
    const line = head.subarray(0, head.indexOf(10) + 1 || head.length)
    const own = createHash('sha256').update(line).digest('hex').slice(0, 16)
    const isSame = from > 0 && from <= file.size && key === own && (await readPart(file, from - 1, from))[0] === 10
    const start = isSame ? from : 0
    const bytes = await readPart(file, start, Math.min(file.size, start + SLICE))
    const end = bytes.lastIndexOf(10) + 1
    if (end === 0 && bytes.length === SLICE)
      throw new Refusal(422, `${entry.name}: a line of metrics.jsonl is too long`)
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1)
    const rows = lines.map(readMetricsRow).filter((row) => row !== undefined)
    const next = start + end
    const more = end > 0 && start + SLICE < file.size
    return { from: start, next, key: own, more, rows, skipped: lines.length - rows.length }
  })
}

/** The last samples; none where the run has written none. */
export async function readSamples({ root, path }: Entry): Promise<SamplesAnswer> {
  const answer = await withFile(root, join(path, 'samples.txt'), async (file) => {
    const from = Math.max(0, file.size - SAMPLES)
    const text = (await readPart(file, from, file.size)).toString('utf8')
    const heads = [...text.matchAll(/^== step (\d{1,15})\n/gm)]
    const samples = heads.map((match, i) => {
      const end = heads[i + 1]?.index ?? text.length
      return { step: Number(match[1]), text: text.slice(match.index + match[0].length, end).replace(/\n$/, '') }
    })
    return { samples, truncated: from > 0 }
  })
  return answer ?? { samples: [], truncated: false }
}
