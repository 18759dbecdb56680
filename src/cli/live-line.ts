import { SingleBar } from 'cli-progress'
import { lengthOf } from './terminal.js'

/** A piece of a progress line, shown whole or not at all. */
export interface LinePart {
  readonly text: string
  /** Where the line is too long, the part of the highest number goes first; 0 is the last to go. */
  readonly rank: number
  /** What stands in its place where it alone does not fit. */
  readonly short?: string
}

const SEPARATOR = ' | '

/**
 * A line of at most so many columns: its parts in their order, without those that there is no room for. No part is cut, so
 * no number is; where not even the most important one fits the line is empty.
 */
export function fitLine(parts: readonly LinePart[], columns: number): string {
  const shown = parts.filter(({ text }) => text !== '')
  for (;;) {
    const line = shown.map(({ text }) => text).join(SEPARATOR)
    if (lengthOf(line) <= columns) return line
    const least = Math.max(...shown.map(({ rank }) => rank))
    const [dropped] = shown.splice(
      shown.findIndex(({ rank }) => rank === least),
      1,
    )
    if (shown.length > 0) continue
    const { short = '' } = dropped
    return lengthOf(short) <= columns ? short : ''
  }
}

/** A line of stderr that is redrawn in place, and other lines above it. */
export interface LiveLine {
  show(parts: readonly LinePart[]): void
  /** Prints a text above the line. */
  above(text: string): void
  stop(): void
}

/** Columns for a line on stderr: without the last one, whose character cli-progress erases with the rest of the line. */
export const liveColumns = (): number => (process.stderr.columns || 80) - 1

/** A live line; it fits the terminal as wide as that is when it is drawn. */
export function createLiveLine(): LiveLine {
  let parts: readonly LinePart[] = []
  const bar = new SingleBar({
    stream: process.stderr,
    format: () => fitLine(parts, liveColumns()),
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  })
  const stop = () => {
    process.off('exit', stop)
    if (bar.isActive) bar.stop()
  }
  const start = () => {
    process.once('exit', stop) // a second Ctrl-C ends the process at once: the cursor must come back
    bar.start(1, 0)
  }
  return {
    show(next) {
      parts = next
      if (bar.isActive) bar.update(0)
      else start()
    },
    above(text) {
      const wasActive = bar.isActive
      stop()
      process.stderr.write(`${text}\n`)
      if (wasActive) start()
    },
    stop,
  }
}

/** A bar of some columns. @param share 0 to 1 (inclusive) */
export function barOf(share: number, columns: number): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * columns)
  return '█'.repeat(filled) + '░'.repeat(columns - filled)
}
