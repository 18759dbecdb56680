/** One line of `metrics.jsonl`: a step. */
export interface MetricsRow {
  /** From 1. */
  readonly step: number
  /** Mean cross-entropy of the step's batch in nats a token. */
  readonly loss: number
  readonly learningRate: number
  /** Tokens read so far. */
  readonly tokens: number
  /** Seconds spent so far, interruptions not counted. */
  readonly seconds: number
  readonly tokensPerSecond: number
  /** Weights that entered or left the mask in this step; absent in training. */
  readonly flipped?: number
  /** Nats a token on the validation windows, where the step validated. */
  readonly validLoss?: number
  readonly bitsPerByte?: number
  readonly accuracy?: number
}

/** A row as a line. */
export const metricsLine = (row: MetricsRow): string => `${JSON.stringify(row)}\n`

/** A loss averaged over about the last `span` steps, as progress shows it; the first steps count alike. */
export function createSmoothing(span = 50): (loss: number) => number {
  let mean = 0
  let seen = 0
  return (loss) => {
    seen++
    mean += (loss - mean) / Math.min(seen, span)
    return mean
  }
}
