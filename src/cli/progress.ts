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

function barProgress(unit: string, described: Describe): Progress {
  const bar = new SingleBar({
    stream: process.stderr,
    format: `{bar} {percentage} % | {doneText} of {totalText} ${unit} | {rate}/s | {left} left | {label}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  })
  let first: number | undefined
  return {
    update(done, total, label) {
      first ??= done
      const payload = { label, doneText: count(done), totalText: count(total), ...described(done, total, first) }
      if (bar.isActive) {
        bar.setTotal(total)
        bar.update(done, payload)
      } else bar.start(total, done, payload)
    },
    stop() {
      if (bar.isActive) bar.stop()
    },
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
