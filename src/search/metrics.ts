/** One line of `metrics.jsonl`: a step. */
export interface MetricsRow {
  /** From 1. */
  readonly step: number
  /** Mean cross-entropy of the step's batch in nats a token. */
  readonly loss: number
  readonly learningRate: number
  /** Where a teacher teaches: mean KL(teacher || network) of the step's batch in nats, at the temperature. `loss` is without it. */
  readonly kl?: number
  /** Tokens read so far. */
  readonly tokens: number
  /** Seconds spent so far, interruptions not counted. */
  readonly seconds: number
  readonly tokensPerSecond: number
  /** Weights that entered or left the mask in this step, or changed coats or sign; absent where there is no mask, as in training. */
  readonly flipped?: number
  /** Nats a token on the validation windows, where the step validated. */
  readonly validLoss?: number
  readonly bitsPerByte?: number
  /** Part of the validation's answers that are right, 0 to 1, for a task that has answers. */
  readonly accuracy?: number
}

/** A row as a line. */
export const metricsLine = (row: MetricsRow): string => `${JSON.stringify(row)}\n`

/** Fields of a row: those that every row has, and those that some have. */
const always = ['step', 'loss', 'learningRate', 'tokens', 'seconds', 'tokensPerSecond'] as const
const sometimes = ['kl', 'flipped', 'validLoss', 'bitsPerByte', 'accuracy'] as const

/** The row that a line holds, without fields of other names; undefined where it is no row (all its numbers are finite). */
export function readMetricsRow(line: string): MetricsRow | undefined {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const names = [...always, ...sometimes.filter((name) => value[name] !== undefined)]
  if (!names.every((name) => Number.isFinite(value[name])) || !Number.isSafeInteger(value.step)) return undefined
  return (value.step as number) < 1
    ? undefined
    : (Object.fromEntries(names.map((name) => [name, value[name]])) as never)
}

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
