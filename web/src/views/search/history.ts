/** What a search has said so far, ready to be drawn. */
import type { MetricsRow } from '../../../../src/search/metrics.js'

/** Points of a curve, by rising x. */
export interface Points {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** The steps of a search. */
export interface History {
  readonly steps: number
  readonly last: MetricsRow | undefined
  /** Loss on the validation text, where it was measured. */
  readonly valid: Points
  add(rows: readonly MetricsRow[]): void
  /** The mean loss of every so many steps, at the last of them. @param width steps a point, an integer >= 1 */
  loss(width: number): Points
  /** Likewise, weights that changed sides in a step. */
  flips(width: number): Points
  /** Tokens a second over the last steps; 0 before the first. */
  speed(): number
}

/** Steps that the speed is averaged over. */
const RECENT = 20

/** A history without a step. */
export function createHistory(): History {
  const losses: number[] = []
  const flipped: number[] = []
  const recent: number[] = []
  const valid = { x: [] as number[], y: [] as number[] }
  let last: MetricsRow | undefined
  return {
    get steps() {
      return losses.length
    },
    get last() {
      return last
    },
    valid,
    add(rows) {
      for (const row of rows) {
        losses.push(row.loss)
        flipped.push(row.flipped ?? 0)
        recent.push(row.tokensPerSecond)
        if (row.validLoss !== undefined) {
          valid.x.push(row.step)
          valid.y.push(row.validLoss)
        }
        last = row
      }
      recent.splice(0, Math.max(0, recent.length - RECENT))
    },
    loss: (width) => means(losses, width),
    flips: (width) => means(flipped, width),
    // tokens a step are the same, so that times add and not speeds
    speed: () => (recent.length === 0 ? 0 : recent.length / recent.reduce((sum, speed) => sum + 1 / speed, 0)),
  }
}

function means(values: readonly number[], width: number): Points {
  const x: number[] = []
  const y: number[] = []
  for (let from = 0; from < values.length; from += width) {
    const to = Math.min(from + width, values.length)
    let sum = 0
    for (let i = from; i < to; i++) sum += values[i]
    x.push(to)
    y.push(sum / (to - from))
  }
  return { x, y }
}

/** Steps a point, a power of two, so that a curve of so many steps has at most `most` points. */
export function pointWidth(steps: number, most: number): number {
  let width = 1
  while (steps / width > most) width *= 2
  return width
}
