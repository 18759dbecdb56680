import { createSmoothing, type MetricsRow } from '../search/metrics.js'
import type { Validation } from '../search/run.js'
import { barOf, createLiveLine, type LinePart, liveColumns } from './live-line.js'
import { allowsColour, count, secondsText, wrapLines } from './terminal.js'

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

/** Columns of the bar. */
const BAR = 20

/**
 * On a terminal a live line (step, smoothed loss, last validation, tokens a second, time left), with validations and
 * texts printed above it; elsewhere plain lines: each validation, and every ten seconds where the run stands.
 * @param steps of the whole run
 */
export function createSearchProgress(steps: number): SearchProgress {
  const smooth = createSmoothing()
  const rate = createRate()
  const isLive = allowsColour(process.stderr)
  const line = isLive ? createLiveLine() : undefined
  let shownAt = performance.now()
  const note = (text: string) => (line ? line.above(wrapLines(text, liveColumns())) : process.stderr.write(`${text}\n`))
  return {
    step(row) {
      const loss = smooth(row.loss)
      const { stepsPerSecond, tokensPerSecond } = rate(row)
      const isTimed = stepsPerSecond > 0 && row.step < steps
      const left = isTimed ? `${secondsText((steps - row.step) / stepsPerSecond)} left` : ''
      const state = [
        `step ${count(row.step)} of ${count(steps)}`,
        `loss ${loss.toFixed(3)}`,
        ...(row.kl === undefined ? [] : [`KL to the teacher ${row.kl.toFixed(3)}`]),
        ...(row.validLoss === undefined ? [] : [validationText({ bitsPerByte: 0, ...row, validLoss: row.validLoss })]),
        `${count(tokensPerSecond)} tokens/s`,
        ...(left === '' ? [] : [left]),
      ].join(' | ')
      const isValidation = row.validLoss !== undefined
      if (isValidation) note(state)
      const now = performance.now()
      if (line) {
        if (now - shownAt < LIVE_INTERVAL && !isValidation) return
        line.show(searchParts({ step: row.step, steps, loss, tokensPerSecond, left }))
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

/** The parts of a live line: a bar, then where the run stands. */
export function searchParts(state: {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly tokensPerSecond: number
  /** `3 min left`; empty where it is not known. */
  readonly left: string
}): LinePart[] {
  const { step, steps, loss, tokensPerSecond, left } = state
  return [
    { text: barOf(step / steps, BAR), rank: 4 },
    { text: `step ${count(step)} of ${count(steps)}`, rank: 0, short: `${Math.floor((100 * step) / steps)} %` },
    { text: `loss ${loss.toFixed(3)}`, rank: 1 },
    { text: `${count(tokensPerSecond)} tokens/s`, rank: 3 },
    { text: left, rank: 2 },
  ]
}
