import { SingleBar } from 'cli-progress'
import { allowsColour, count, secondsText } from './terminal.js'

/** Shows how far a piece of work is, on stderr. */
export interface Progress {
  /** @param done of `total` units; @param label what is being worked on */
  update(done: number, total: number, label: string): void
  /** Ends the bar, if there is one. */
  stop(): void
}

/** How many milliseconds pass between two lines where there is no terminal. */
const LINE_INTERVAL = 5000

/**
 * A bar with rate and time left on a terminal; elsewhere a plain line now and then (the first after five seconds).
 * @param unit what is counted ("weights")
 */
export function createProgress(unit: string): Progress {
  const started = performance.now()
  const described = (done: number, total: number, first: number) => {
    const rate = (done - first) / Math.max((performance.now() - started) / 1000, 1e-3)
    const left = rate > 0 ? secondsText((total - done) / rate) : '?'
    return { rate: count(rate), left }
  }
  return allowsColour(process.stderr) ? barProgress(unit, described) : lineProgress(unit, started, described)
}

type Describe = (done: number, total: number, first: number) => { rate: string; left: string }

/** From this many columns on, the bar is long and says how many units are done. */
const WIDE = 110

function barProgress(unit: string, described: Describe): Progress {
  const isWide = (process.stderr.columns ?? 80) >= WIDE
  const state = isWide
    ? `{percentage} % | {doneText} of {totalText} ${unit} | {rate}/s`
    : `{percentage} % | {rate} ${unit}/s`
  const bar = new SingleBar({
    stream: process.stderr,
    format: `{bar} ${state} | {left} left | {label}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: isWide ? 24 : 10,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  })
  const stop = () => {
    process.off('exit', stop)
    if (bar.isActive) bar.stop()
  }
  let first: number | undefined
  return {
    update(done, total, label) {
      first ??= done
      const payload = { label, doneText: count(done), totalText: count(total), ...described(done, total, first) }
      if (bar.isActive) {
        bar.setTotal(total)
        bar.update(done, payload)
      } else {
        process.once('exit', stop) // a second Ctrl-C ends the process at once: the cursor must come back
        bar.start(total, done, payload)
      }
    },
    stop,
  }
}

function lineProgress(unit: string, started: number, described: Describe): Progress {
  let last = started
  let first: number | undefined
  return {
    update(done, total, label) {
      first ??= done
      if (performance.now() - last < LINE_INTERVAL) return
      last = performance.now()
      const { rate, left } = described(done, total, first)
      const share = total ? Math.floor((100 * done) / total) : 100
      process.stderr.write(
        `${share} % | ${count(done)} of ${count(total)} ${unit} | ${rate}/s | ${left} left | ${label}\n`,
      )
    },
    stop() {},
  }
}
