/** What the numbers of a sweep's runs mean: their names in words, units, bounds, and which way is better. */

export interface Measure {
  /** In words: `validation loss`. */
  readonly title: string
  /** Absent for a plain count or ratio. */
  readonly unit?: string
  readonly better?: 'lower' | 'higher'
  /** The least and the largest value that it can have, both inclusive; absent where there is no such bound. */
  readonly low?: number
  readonly high?: number
}

const fraction = { low: 0, high: 1 } as const
const loss = { unit: 'nats a token', better: 'lower', low: 0 } as const

/** By the names that results, CSV and JSON have. */
const MEASURES: Readonly<Record<string, Measure>> = {
  validLoss: { title: 'validation loss', ...loss },
  loss: { title: 'loss', ...loss },
  bitsPerByte: { title: 'bits a byte', better: 'lower', low: 0 },
  perplexity: { title: 'perplexity', better: 'lower', low: 1 },
  accuracy: { title: 'accuracy', unit: 'fraction of lists', better: 'higher', ...fraction },
  keptFraction: { title: 'kept weights', unit: 'fraction of all', ...fraction },
  nonZero: { title: 'weights that are not 0', low: 0 },
  outBytes: { title: 'size of the file', unit: 'bytes', low: 0 },
  tokens: { title: 'tokens', low: 0 },
  divergence: { title: 'divergence from the model', ...loss },
  sameGreedy: { title: 'same greedy prediction', unit: 'fraction of tokens', better: 'higher', ...fraction },
  distance: { title: 'cosine distance of embeddings', better: 'lower', low: 0, high: 2 },
  maxWeightError: { title: 'largest error of a weight', better: 'lower', low: 0 },
  unreachable: { title: 'weights out of reach', better: 'lower', low: 0 },
  bitsPerWeight: { title: 'bits a weight', better: 'lower', low: 0 },
  ticketBytes: { title: 'size of the ticket', unit: 'bytes', better: 'lower', low: 0 },
}

/** What a number means; one that is not known keeps its name, and has no bounds. */
export const measureNamed = (name: string): Measure => MEASURES[name] ?? { title: name }

/** `validation loss, nats a token`. */
export function measureText(name: string): string {
  const { title, unit } = measureNamed(name)
  return unit === undefined ? title : `${title}, ${unit}`
}
