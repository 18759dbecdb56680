/** The answers under `/api/`. */
import { basename, join } from 'node:path'
import { InputError } from '../safetensors/index.js'
import type { ReportAnswer, StatusAnswer, SweepDetails, TicketAnswer } from './answers.js'
import type { Catalog, Entry } from './catalog.js'
import type { Target } from './guard.js'
import { foreignHeaders, typeOf } from './headers.js'
import { openInside } from './open-inside.js'
import { notFound, Refusal } from './refusal.js'
import { createRecords, describeRun, readMetrics, readSamples } from './runs.js'
import { modifiedAt, REPORT_FILE, SWEEP_FILE } from './scan.js'
import { type Exchange, sendFile, sendJson } from './send.js'
import { createSweepRecords, describeSweep, readSweepDetails } from './sweeps.js'
import { createHeaders, describeTicket } from './tickets.js'

/** Answers what stands behind `/api/`. */
export type SendApi = (exchange: Exchange, target: Target) => Promise<void>

export function createApi(catalog: Catalog, version: string): SendApi {
  const records = createRecords()
  const headers = createHeaders()
  const sweepRecords = createSweepRecords()
  const status: StatusAnswer = { server: 'slt', version, folders: catalog.folders }

  async function listRuns() {
    const { entries, truncated } = await catalog.list('run')
    const [runs, unreadable] = await readable(entries, (entry) => describeRun(entry, catalog, records))
    return { runs: newestFirst(runs), unreadable, truncated }
  }

  async function listSweeps() {
    const { entries, truncated } = await catalog.list('sweep')
    const [sweeps, unreadable] = await readable(entries, (entry) => describeSweep(entry, sweepRecords))
    return { sweeps: newestFirst(sweeps), unreadable, truncated }
  }

  async function listTickets() {
    const { entries, truncated } = await catalog.list('ticket')
    const tickets: TicketAnswer[] = []
    for (const entry of entries) {
      const ticket = await describeTicket(entry, headers)
      if (ticket) tickets.push(ticket)
    }
    return { tickets: newestFirst(tickets), truncated }
  }

  async function listReports() {
    const { entries, truncated } = await catalog.list('report')
    const reports: ReportAnswer[] = []
    for (const { id, name, path, files } of entries) {
      const modified = await modifiedAt(path)
      if (modified !== undefined) reports.push({ id, name, files, modified })
    }
    return { reports: newestFirst(reports), truncated }
  }

  const sweepDetails = async (entry: Entry): Promise<SweepDetails> => {
    try {
      return await readSweepDetails(entry, sweepRecords)
    } catch (error) {
      if (error instanceof InputError) throw new Refusal(422, error.message)
      throw error
    }
  }

  const list = {
    status: async () => status,
    runs: together(listRuns),
    tickets: together(listTickets),
    reports: together(listReports),
    sweeps: together(listSweeps),
  }

  return async (exchange, { parts, query }) => {
    const [room, id, what] = parts
    if (parts.length === 1 && Object.hasOwn(list, room))
      return sendJson(exchange, await list[room as keyof typeof list]())
    if (parts.length === 3 && room === 'runs' && what === 'metrics') {
      const [from, key] = [byteOf(query.get('from') ?? '0'), query.get('key') ?? '']
      const run = await entryOf(catalog, 'run', id)
      const answer = await readMetrics(run, from, key)
      if (answer === undefined) throw notFound('the metrics of this run')
      return sendJson(exchange, answer)
    }
    if (parts.length === 3 && room === 'runs' && what === 'samples') {
      return sendJson(exchange, await readSamples(await entryOf(catalog, 'run', id)))
    }
    if (parts.length === 2 && room === 'files') {
      const { root, path } = await entryOf(catalog, 'ticket', id)
      return sendForeign(exchange, root, path, { 'content-disposition': attachment(path) })
    }
    if (parts.length === 2 && room === 'sweeps')
      return sendJson(exchange, await sweepDetails(await entryOf(catalog, 'sweep', id)))
    if (parts.length === 3 && room === 'sweeps' && SWEEP_FILE.test(what)) {
      const { root, path } = await entryOf(catalog, 'sweep', id)
      return sendForeign(exchange, root, join(path, what), { 'content-disposition': attachment(path, what) })
    }
    if (parts.length === 3 && room === 'reports' && REPORT_FILE.test(what)) {
      const { root, path } = await entryOf(catalog, 'report', id)
      return sendForeign(exchange, root, join(path, what))
    }
    throw notFound(`/api/${parts.join('/')}`)
  }
}

/** What describes entries, without those that have vanished; and which cannot be read, and why. */
async function readable<T>(
  entries: readonly Entry[],
  describe: (entry: Entry) => Promise<T | undefined>,
): Promise<[T[], { name: string; error: string }[]]> {
  const found: T[] = []
  const unreadable: { name: string; error: string }[] = []
  for (const entry of entries) {
    try {
      const one = await describe(entry)
      if (one !== undefined) found.push(one)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      unreadable.push({ name: entry.name, error: error.message })
    }
  }
  return [found, unreadable]
}

/** Those who ask while an answer is being made share it: many readers cost as much as one. */
function together<T>(make: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= make().finally(() => {
      running = undefined
    })
    return running
  }
}

async function entryOf(catalog: Catalog, kind: Entry['kind'], id: string): Promise<Entry> {
  const entry = await catalog.find(kind, id)
  if (entry === undefined) throw notFound(`a ${kind} ${id}`)
  return entry
}

/** A file of a served folder. */
async function sendForeign(exchange: Exchange, root: string, path: string, own: Record<string, string> = {}) {
  const file = await openInside(root, path)
  if (file === undefined) throw notFound(basename(path))
  const type = { 'content-type': typeOf(path), 'cache-control': 'no-cache' }
  return sendFile(exchange, file, { ...foreignHeaders, ...type, ...own })
}

function byteOf(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new Refusal(400, '"from" expected a byte of the log, an integer >= 0')
  return value
}

/** A file's name as downloads carry it, behind that of its sweep; characters beyond plain ASCII become dashes. */
const attachment = (path: string, ...more: string[]): string =>
  `attachment; filename="${[basename(path), ...more].join('-').replaceAll(/[^\w.-]/g, '-')}"`

const newestFirst = <T extends { modified: number; name: string }>(list: T[]): T[] =>
  list.sort((a, b) => b.modified - a.modified || (a.name < b.name ? -1 : 1))
