/** The report's data from `slt serve`, asked for again and again while the page is seen. */
import { batch, type Signal, signal } from '@preact/signals'
import { allFigures, figureName } from '../../../../src/experiments/figure.js'
import type {
  ErrorAnswer,
  MetricsAnswer,
  ReportAnswer,
  ReportsAnswer,
  RunsAnswer,
  SamplesAnswer,
  SweepAnswer,
  SweepDetails,
  SweepsAnswer,
  TicketsAnswer,
} from '../../../../src/serve/answers.js'
import { isAbort, plainSentence } from '../../failure.js'
import { siteFile } from '../../site.js'
import { type ReportData, type ShownReport, setIfOther } from './report-data.js'
import { openSweeps } from './report-state.js'

/** Milliseconds between rounds, and after how many rounds what changes seldom is asked for. */
const ROUND = 1500
const SELDOM = 4

/** Of a long log so many answers are taken in a round, 1 MiB each. */
const SLICES = 16

interface Place {
  from: number
  key: string
  /** When the run had last changed when its samples were asked for. */
  sampled: number
}

/**
 * Keeps the data fresh until it is stopped. A page that is not seen asks nothing.
 * @param chosen ids of the runs whose logs are wanted
 * @param trouble a sentence while the server does not answer
 * @returns stops it
 */
export function followServer(
  data: ReportData,
  chosen: () => readonly string[],
  trouble: Signal<string | undefined> = signal(undefined),
): { stop(): void /** Asks at once. */; hurry(): void } {
  const controller = new AbortController()
  const places = new Map<string, Place>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let rounds = 0
  let busy = false
  let again = false

  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(siteFile(`api/${path}`), { signal: controller.signal })
    if (response.ok) return (await response.json()) as T
    const { error } = (await response.json().catch(() => ({ error: `status ${response.status}` }))) as ErrorAnswer
    throw new Error(error)
  }

  const readLog = async (id: string, modified: number) => {
    const place = places.get(id) ?? { from: 0, key: '', sampled: 0 }
    places.set(id, place)
    for (let i = 0; i < SLICES; i++) {
      const answer = await ask<MetricsAnswer>(`runs/${id}/metrics?from=${place.from}&key=${place.key}`)
      if (answer.from === 0 && place.from > 0) data.log(id).clear()
      data.log(id).append(answer.rows)
      place.from = answer.next
      place.key = answer.key
      if (!answer.more) break
    }
    if (place.sampled === modified) return
    const { samples } = await ask<SamplesAnswer>(`runs/${id}/samples`)
    setIfOther(data.samples(id), samples)
    place.sampled = modified
  }

  const readSweep = async ({ id, modified }: SweepAnswer) => {
    if (data.sweep(id).peek()?.modified === modified) return
    data.sweep(id).value = await ask<SweepDetails>(`sweeps/${id}`)
  }

  const round = async () => {
    const [found, answer] = [await ask<SweepsAnswer>('sweeps'), await ask<RunsAnswer>('runs')]
    const unreadable = [...found.unreadable, ...answer.unreadable]
    const remarks = unreadable.map(({ name, error }) => `${name} cannot be shown: ${error}`)
    for (const truncated of new Set([found.truncated, answer.truncated])) {
      if (truncated) remarks.push(`Something may be missing here: ${truncated}.`)
    }
    batch(() => {
      setIfOther(data.sweeps, found.sweeps)
      setIfOther(data.runs, answer.runs)
    })
    for (const sweep of found.sweeps) {
      if (!openSweeps(found.sweeps).includes(sweep.id)) continue
      try {
        await readSweep(sweep)
      } catch (error) {
        if (error instanceof TypeError || isAbort(error)) throw error // no answer at all
        remarks.push(`The sweep ${sweep.name} may be incomplete: ${plainSentence(error)}`)
      }
    }
    const wanted = chosen()
    for (const { id, name, modified } of answer.runs) {
      if (!wanted.includes(id)) continue
      try {
        await readLog(id, modified)
      } catch (error) {
        if (error instanceof TypeError || isAbort(error)) throw error // no answer at all
        remarks.push(`The curve of ${name} may be incomplete: ${plainSentence(error)}`)
      }
    }
    setIfOther(data.remarks, remarks)
    if (rounds++ % SELDOM > 0) return
    const [tickets, reports] = [await ask<TicketsAnswer>('tickets'), await ask<ReportsAnswer>('reports')]
    setIfOther(data.tickets, tickets.tickets)
    setIfOther(data.reports, reports.reports.map(shownReport))
  }

  const turn = async () => {
    clearTimeout(timer)
    if (busy || document.hidden || controller.signal.aborted) {
      again = true
      return
    }
    busy = true
    again = false
    try {
      await round()
      trouble.value = undefined
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) return
      const offline = error instanceof TypeError
      trouble.value = offline
        ? 'slt serve does not answer any more: what is shown is what it said last. Start it again, and this page goes on.'
        : plainSentence(error)
    } finally {
      busy = false
    }
    timer = setTimeout(turn, again ? 0 : ROUND)
  }
  document.addEventListener('visibilitychange', turn, { signal: controller.signal })
  turn()
  return {
    hurry: turn,
    stop() {
      controller.abort()
      clearTimeout(timer)
    },
  }
}

function shownReport({ id, name, files, modified }: ReportAnswer): ShownReport {
  const at = (file: string) =>
    files.includes(file) ? siteFile(`api/reports/${id}/${file}?v=${Math.round(modified)}`) : undefined
  const figures = allFigures.map((number) => ({
    number,
    name: figureName(number),
    image: at(`figure-${number}.svg`),
    summary: at(`figure-${number}.json`),
  }))
  return { id, name, page: at('report.html'), figures: figures.filter(({ image, summary }) => image || summary) }
}
