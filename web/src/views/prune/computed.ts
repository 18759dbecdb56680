/** What the workers have found for the state, and who asks them. */
import { effect, signal } from '@preact/signals'
import { isAbort, plainSentence } from '../../failure.js'
import { createFrameQueue } from '../../next-frame.js'
import { createWorkerClient } from '../../worker-client.js'
import type { ErrorCurve } from './error-curve.js'
import { createNewest } from './newest.js'
import type { AttentionReport, HeadReport, LengthsReport, PruneReport, PruneTasks } from './prune-worker.js'
import { initialisation, inputChoice, inputKind, sourceChoice, state, targetChoice } from './state.js'

const start = () => new Worker(new URL('./prune-worker.ts', import.meta.url), { type: 'module' })

export const head = signal<HeadReport | undefined>(undefined)
export const attention = signal<AttentionReport | undefined>(undefined)
export const lengths = signal<LengthsReport | undefined>(undefined)
export const curve = signal<ErrorCurve | undefined>(undefined)
/** Whether the head shown is not yet that of the state. */
export const busy = signal(true)
/** How much of the next head is solved, where it takes a while. */
export const progress = signal<number | undefined>(undefined)
/** Whether the visitor stopped the next head. */
export const stopped = signal(false)
/** Whether the curve is being computed, or was stopped by the visitor. */
export const curveState = signal<'running' | 'stopped' | 'done'>('running')
/** What went wrong, in a plain sentence. */
export const failure = signal<string | undefined>(undefined)

/** Length of the input that the curve's errors are measured on. */
export const CURVE_LENGTH = 16

const retry = signal(0)
/** Asks again, after a failure or a stop. */
export const askAgain = () => {
  retry.value++
}

let stopMain = () => {}
/** Stops solving the next head; what is shown stays. */
export const stopHead = () => {
  stopMain()
  reports.clear()
  stopped.value = true
  busy.value = false
  progress.value = undefined
}

let curveController: AbortController | undefined
let curveTimer: ReturnType<typeof setTimeout> | undefined
export const stopCurve = () => {
  clearTimeout(curveTimer)
  curveController?.abort()
  curveState.value = 'stopped'
}

const fail = (error: unknown) => {
  failure.value = plainSentence(error)
  busy.value = false
}

// While a slider moves, reports come faster than frames.
const reports = createFrameQueue()

function show(report: PruneReport): void {
  failure.value = undefined
  if (report.kind === 'progress') progress.value = report.fraction
  else if (report.kind === 'head') {
    head.value = report
    busy.value = false
    progress.value = undefined
  } else if (report.kind === 'attention') attention.value = report
  else lengths.value = report
}

// They stay when the visitor goes to another view: on the way back nothing has to be fetched.
const main = createWorkerClient<PruneTasks>(start)
const curves = createWorkerClient<PruneTasks>(start)

/** Follows the state until it is told to stop. @returns stop */
export function followState(): () => void {
  const request = () => ({ target: targetChoice(), source: sourceChoice(), input: inputChoice() })
  const newest = createNewest<ReturnType<typeof request>>(async (asked, signal) => {
    const since = performance.now()
    await main.call('head', asked, {
      signal,
      onReport(report) {
        if (report.kind === 'head' && !report.again) performance.measure('slt-prune', { start: since })
        reports.put(report.kind, () => show(report))
      },
    })
  }, fail)
  stopMain = newest.stop

  const beginCurve = (asked: Parameters<PruneTasks['curve']>[0]) => {
    curveController?.abort()
    const controller = new AbortController()
    curveController = controller
    curves
      .call('curve', asked, {
        signal: controller.signal,
        onReport(report) {
          reports.put('curve', () => {
            curve.value = report
          })
        },
      })
      .then(
        () => {
          curveState.value = 'done'
        },
        (error) => {
          if (!isAbort(error)) fail(error)
        },
      )
  }
  const stops = [
    effect(() => {
      retry.value
      busy.value = true
      stopped.value = false
      newest.ask(request())
    }),
    effect(() => {
      retry.value
      const target = targetChoice()
      const source = { seed: state.seed.value, initialisation: initialisation() }
      const kind = inputKind()
      const input =
        kind === 'letters'
          ? { kind, letters: state.letters.value }
          : { kind, seed: state.seed.value, length: CURVE_LENGTH }
      curveController?.abort()
      curveState.value = 'running'
      clearTimeout(curveTimer)
      curveTimer = setTimeout(() => beginCurve({ target, source, input }), 250) // not at every notch of a slider
    }),
  ]
  return () => {
    for (const stop of stops) stop()
    clearTimeout(curveTimer)
    newest.stop()
    curveController?.abort()
  }
}
