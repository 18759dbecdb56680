/** What the view shows, wherever it comes from: a server, the example, or files that were opened. */
import { type Signal, signal } from '@preact/signals'
import type { AnyFigure } from '../../../../src/experiments/figure.js'
import type {
  RunAnswer,
  SamplesAnswer,
  SweepAnswer,
  SweepDetails,
  TicketAnswer,
} from '../../../../src/serve/answers.js'
import type { FigureSummary } from './figure-summary.js'
import { createRunLog, type RunLog } from './run-log.js'

/** A run; of one that was opened as a bare log little is known. */
export type ShownRun = Pick<RunAnswer, 'id' | 'name' | 'last' | 'validLoss' | 'accuracy' | 'ticket'> & {
  readonly state: RunAnswer['state'] | 'opened'
  readonly settings: RunAnswer['settings'] | undefined
}

/** A figure: its picture, its numbers, or both. */
export interface ShownFigure {
  /** Undefined where only a picture was opened. */
  readonly number: AnyFigure | undefined
  readonly name: string
  /** Address of the SVG. */
  readonly image: string | undefined
  /** The numbers, or how to fetch them. */
  readonly summary: FigureSummary | string | undefined
}

export interface ShownReport {
  readonly id: string
  readonly name: string
  /** Address of report.html. */
  readonly page: string | undefined
  readonly figures: readonly ShownFigure[]
}

/** Signals are undefined until they are known. */
export interface ReportData {
  readonly runs: Signal<readonly ShownRun[] | undefined>
  readonly reports: Signal<readonly ShownReport[] | undefined>
  /** Empty where there is none, or none is known yet. */
  readonly sweeps: Signal<readonly SweepAnswer[]>
  readonly tickets: Signal<readonly TicketAnswer[] | undefined>
  /** Sentences about what could not be read, or was left out. */
  readonly remarks: Signal<readonly string[]>
  log(id: string): RunLog
  samples(id: string): Signal<SamplesAnswer['samples']>
  sweep(id: string): Signal<SweepDetails | undefined>
}

export function createReportData(): ReportData {
  const logs = new Map<string, RunLog>()
  const sweeps = new Map<string, Signal<SweepDetails | undefined>>()
  const samples = new Map<string, Signal<SamplesAnswer['samples']>>()
  const of = <T>(map: Map<string, T>, id: string, make: () => T): T => {
    const found = map.get(id) ?? make()
    map.set(id, found)
    return found
  }
  return {
    runs: signal(undefined),
    reports: signal(undefined),
    sweeps: signal([]),
    tickets: signal(undefined),
    remarks: signal([]),
    log: (id) => of(logs, id, createRunLog),
    sweep: (id) => of(sweeps, id, () => signal(undefined)),
    samples: (id) => of(samples, id, () => signal([])),
  }
}

/** Sets a signal if the value says something else: what is shown is drawn again only then. */
export function setIfOther<T>(target: Signal<T>, value: T): void {
  if (JSON.stringify(target.peek()) !== JSON.stringify(value)) target.value = value
}
