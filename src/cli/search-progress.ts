import { SingleBar } from 'cli-progress'
import { createSmoothing, type MetricsRow } from '../search/metrics.js'
import type { Validation } from '../search/run.js'
import { allowsColour, count, secondsText } from './terminal.js'

/** Shows a search or a training at work, on stderr. */
export interface SearchProgress {
  step(row: MetricsRow): void
  sample(step: number, text: string): void
  /** A line by itself. */
  note(line: string): void
  stop(): void
}

/** Milliseconds between two redrawings of the live line, and between two plain lines. */
const LIVE_INTERVAL = 100
const LINE_INTERVAL = 10_000

/** From this many columns on the live line has a bar, and from the second on the rate. */
const WITH_BAR = 100
const WITH_RATE = 80

/**
 * On a terminal a live line (step, smoothed loss, last validation, tokens a second, time left), with validations and
 * texts printed above it; elsewhere plain lines: each validation, and every ten seconds where the run stands.
 * @param steps of the whole run
 */
export function createSearchProgress(steps: number): SearchProgress {
  const smooth = createSmoothing()
  const rate = createRate()
  const isLive = allowsColour(process.stderr)
  const line = isLive ? createLiveLine(steps) : undefined
  let shownAt = performance.now()
  const note = (text: string) => (line ? line.above(text) : process.stderr.write(`${text}\n`))
  return {
    step(row) {
      const loss = smooth(row.loss)
      const { stepsPerSecond, tokensPerSecond } = rate(row)
      const left = stepsPerSecond > 0 ? secondsText((steps - row.step) / stepsPerSecond) : '?'
      const state = [
        `step ${count(row.step)} of ${count(steps)}`,
        `loss ${loss.toFixed(3)}`,
        ...(row.validLoss === undefined ? [] : [validationText({ bitsPerByte: 0, ...row, validLoss: row.validLoss })]),
        `${count(tokensPerSecond)} tokens/s`,
        `${left} left`,
      ].join(' | ')
      const isValidation = row.validLoss !== undefined
      if (isValidation) note(state)
      const now = performance.now()
      if (line) {
        if (now - shownAt < LIVE_INTERVAL && !isValidation) return
        line.update(row.step, { loss: loss.toFixed(3), rate: count(tokensPerSecond), left })
      } else {
        if (now - shownAt < LINE_INTERVAL || isValidation) return
        process.stderr.write(`${state}\n`)
      }
      shownAt = now
    },
    sample: (step, text) => note(`text after step ${count(step)}:\n${indented(text)}`),
    note,
    stop: () => line?.stop(),
  }
}

/** `validation 1.893, 2.731 bits a byte`; of a task `validation 0.008, 99.45 % right`. */
export const validationText = ({ validLoss, bitsPerByte, accuracy }: Validation) =>
  accuracy === undefined
    ? `validation ${validLoss.toFixed(3)}, ${bitsPerByte.toFixed(3)} bits a byte`
    : `validation ${validLoss.toFixed(4)}, ${(100 * accuracy).toFixed(2)} % right`

/** A model of bytes may write anything: control characters would move the terminal's cursor or worse. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

const indented = (text: string) => text.replaceAll(controls, '\ufffd').replaceAll(/^/gm, '  | ')

/** Rates over about the last 20 steps, by the run's own clock: validation and texts count. */
function createRate() {
  const recent: MetricsRow[] = []
  return (row: MetricsRow) => {
    recent.push(row)
    if (recent.length > 20) recent.shift()
    const first = recent[0]
    const seconds = row.seconds - first.seconds
    if (seconds <= 0) return { stepsPerSecond: 0, tokensPerSecond: row.tokensPerSecond }
    return {
      stepsPerSecond: (row.step - first.step) / seconds,
      tokensPerSecond: (row.tokens - first.tokens) / seconds,
    }
  }
}

/** One line that is redrawn in place, and other lines above it. */
function createLiveLine(steps: number) {
  const columns = process.stderr.columns ?? 80
  const parts = ['step {value} of {total}', 'loss {loss}', ...(columns >= WITH_RATE ? ['{rate} tokens/s'] : [])]
  const bar = new SingleBar({
    stream: process.stderr,
    format: `${columns >= WITH_BAR ? '{bar} ' : ''}${parts.join(' | ')} | {left} left`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 20,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  })
  let at = 0
  let payload: object = { loss: '-', rate: '-', left: '?' }
  const stop = () => {
    process.off('exit', stop)
    if (bar.isActive) bar.stop()
  }
  const start = () => {
    process.once('exit', stop) // a second Ctrl-C ends the process at once: the cursor must come back
    bar.start(steps, at, payload)
  }
  return {
    update(step: number, shown: object) {
      at = step
      payload = shown
      if (bar.isActive) bar.update(at, payload)
      else start()
    },
    above(text: string) {
      const wasActive = bar.isActive
      stop()
      process.stderr.write(`${text}\n`)
      if (wasActive) start()
    },
    stop,
  }
}
