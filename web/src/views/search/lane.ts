/** One search, as the page sees it: its worker, and signals of what the worker says. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { isAbort, plainSentence } from '../../failure.js'
import { createWorkerClient } from '../../worker-client.js'
import type { AskedSearch } from './address.js'
import { createHistory, type History } from './history.js'
import type { MaskPicture, Opening, RunInput, RunReport, Sample, TicketFile } from './messages.js'
import type { SearchTasks } from './search-worker.js'

/** Where a search stands; `pausing` until its worker has come to a halt. */
export type Phase = 'starting' | 'running' | 'pausing' | 'paused' | 'finished' | 'stopped' | 'failed'

/** One search. */
export interface Lane extends AskedSearch {
  readonly phase: ReadonlySignal<Phase>
  /** What is known before the first step. */
  readonly opening: ReadonlySignal<Opening | undefined>
  /** Why it failed, a sentence. */
  readonly failure: ReadonlySignal<string | undefined>
  /** What is wrong with its masks, sentences, in the order in which they were seen. */
  readonly warnings: ReadonlySignal<readonly string[]>
  /** Changes when the history has, at most once a frame, and not while the page is hidden. */
  readonly version: ReadonlySignal<number>
  readonly history: History
  readonly picture: ReadonlySignal<MaskPicture | undefined>
  /** Newest first. */
  readonly samples: ReadonlySignal<readonly Sample[]>
  pause(): void
  proceed(): void
  /** Ends the search; its ticket stays. */
  stop(): void
  show(matrix: string): void
  /** The ticket of the masks as they are. */
  ticket(): Promise<TicketFile>
  /** Ends the worker, and with it everything. */
  close(): void
}

/** Phases in which it can be made to wait or go on. */
const underWay: readonly Phase[] = ['running', 'pausing', 'paused']

/** Texts that are kept. */
const SAMPLES = 20

/** Starts a search. */
export function startLane(asked: AskedSearch, input: Omit<RunInput, 'settings'>): Lane {
  const client = createWorkerClient<SearchTasks>(
    () => new Worker(new URL('./search-worker.ts', import.meta.url), { type: 'module' }),
  )
  const phase = signal<Phase>('starting')
  const opening = signal<Opening | undefined>(undefined)
  const failure = signal<string | undefined>(undefined)
  const warnings = signal<readonly string[]>([])
  const picture = signal<MaskPicture | undefined>(undefined)
  const samples = signal<readonly Sample[]>([])
  const history = createHistory()
  const [version, changed] = onceAFrame()
  let newest: MaskPicture | undefined
  let wanted: 'running' | 'paused' = 'running'
  let isStopping = false
  let moves = 0

  const take = (report: RunReport) => {
    if (report.kind === 'opening') {
      opening.value = report
      phase.value = 'running'
      if (isStopping) void call('stop')
      else if (wanted === 'paused') void move('paused')
    } else if (report.kind === 'warning') {
      warnings.value = [...warnings.peek(), warningSentence(report.line)]
    } else if (report.kind === 'sample') {
      samples.value = [report, ...samples.peek()].slice(0, SAMPLES)
    } else {
      history.add(report.rows)
      newest = report.picture
      changed(() => {
        picture.value = newest
      })
    }
  }
  const fail = (error: unknown) => {
    if (isAbort(error)) return
    failure.value = plainSentence(error)
    phase.value = 'failed'
  }
  /** Before it is open, a worker has nothing to be told: `take` does it then. */
  const call = async (task: 'stop' | 'hold' | 'proceed') => {
    if (opening.peek()) await client.call(task, undefined).catch(fail)
  }
  const move = async (to: 'running' | 'paused') => {
    wanted = to
    if (!underWay.includes(phase.peek())) return
    const own = ++moves
    phase.value = to === 'paused' ? 'pausing' : 'running'
    await call(to === 'paused' ? 'hold' : 'proceed')
    if (to === 'paused' && own === moves && phase.peek() === 'pausing') phase.value = 'paused'
  }

  const { text, matrix, ...rest } = input
  client.call('run', { ...rest, text, matrix, settings: asked.settings }, { onReport: take }).then(({ end }) => {
    phase.value = end
  }, fail)

  return {
    ...asked,
    phase,
    opening,
    failure,
    warnings,
    version,
    history,
    picture,
    samples,
    pause: () => void move('paused'),
    proceed: () => void move('running'),
    stop() {
      isStopping = true
      void call('stop')
    },
    show(shown) {
      if (opening.peek() && phase.peek() !== 'failed') client.call('show', { matrix: shown }).catch(fail)
    },
    ticket: () => client.call('ticket', undefined),
    close: () => client.stop(),
  }
}

/** A line of the command line, `warning: by step 20 masks flap ...`, as a sentence. */
const warningSentence = (line: string): string =>
  `${line.replace(/^warning: (.)/, (_, first: string) => first.toUpperCase())}.`

/** A number that counts up in the next frame after it was asked to; hidden pages have no frames, so nothing piles up. */
function onceAFrame(): readonly [ReadonlySignal<number>, (also: () => void) => void] {
  const count = signal(0)
  let waits = false
  return [
    count,
    (also) => {
      if (waits) return
      waits = true
      requestAnimationFrame(() => {
        waits = false
        also()
        count.value++
      })
    },
  ]
}
