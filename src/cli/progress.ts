import { barOf, createLiveLine, type LinePart } from './live-line.js'
import { allowsColour, count, secondsText } from './terminal.js'

/** Shows how far a piece of work is, on stderr. */
export interface Progress {
  /** @param done of `total` units; @param label what is being worked on */
  update(done: number, total: number, label: string): void
  /** Ends the line, if there is one. */
  stop(): void
}

/** How many milliseconds pass between two lines where there is no terminal. */
const LINE_INTERVAL = 5000

/** Columns of the bar. */
const BAR = 20

/**
 * A line with a bar, rate and time left on a terminal; elsewhere a plain line now and then (the first five seconds after the work began).
 * @param unit what is counted ("weights")
 */
export function createProgress(unit: string): Progress {
  let first: { readonly done: number; readonly at: number } | undefined // at the first update: the work may begin later than this is made
  const partsOf = (done: number, total: number, label: string): LinePart[] => {
    first ??= { done, at: performance.now() }
    const rate = (done - first.done) / Math.max((performance.now() - first.at) / 1000, 1e-3)
    return progressParts({ unit, done, total, label, rate })
  }
  if (allowsColour(process.stderr)) {
    const line = createLiveLine()
    return { update: (...state) => line.show(partsOf(...state)), stop: line.stop }
  }
  let last: number | undefined
  return {
    update(...state) {
      const [, ...all] = partsOf(...state)
      const parts = all.filter(({ text }) => text !== '')
      last ??= performance.now()
      if (performance.now() - last < LINE_INTERVAL) return
      last = performance.now()
      process.stderr.write(`${parts.map(({ text }) => text).join(' | ')}\n`)
    },
    stop() {},
  }
}

/** Where a piece of work stands. */
export interface ProgressState {
  readonly unit: string
  readonly done: number
  readonly total: number
  readonly label: string
  /** Units a second. */
  readonly rate: number
}

/** The parts of a progress line: a bar, then how far the work is. */
export function progressParts({ unit, done, total, label, rate }: ProgressState): LinePart[] {
  const share = total ? done / total : 1
  const left = rate > 0 && done < total ? `${secondsText((total - done) / rate)} left` : ''
  return [
    { text: barOf(share, BAR), rank: 5 },
    { text: `${Math.floor(100 * share)} %`, rank: 0 },
    { text: `${count(done)} of ${count(total)} ${unit}`, rank: 4 },
    { text: rate > 0 ? `${count(rate)}/s` : '', rank: 3 },
    { text: left, rank: 1 },
    { text: label, rank: 2 },
  ]
}
