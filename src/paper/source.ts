/** Random sources of the paper's small models: which distribution each matrix has and which stream it reads. */
import { type Seed, uniform } from '../random/index.js'
import type { SourcePair } from './prune-pair.js'

/**
 * 'theory': W_Q, W_K ~ U(-n^(1/4), n^(1/4)), all else U(-1, 1), as the theorems assume.
 * 'xavier': every matrix U(-r, r) with r = sqrt(6 / (fan in + fan out)), as the paper's appendix says.
 */
export type SourceInitialisation = 'theory' | 'xavier'

/** Arguments of {@link createSourcePair}. */
export interface SourcePairOptions {
  /** Unsigned 64-bit. */
  seed: Seed
  /** The pair reads streams `stream` (first) and `stream + 1` (second) from index 0, row-major. */
  stream: number
  inputs: number
  /** Source width n, integer >= 0. */
  hidden: number
  outputs: number
  /** What the pair stands for: logits (divided by sqrt n), values, or a feed-forward layer (with a ReLU). */
  role: 'query-key' | 'value-output' | 'feed-forward'
  initialisation: SourceInitialisation
}

function range(initialisation: SourceInitialisation, theory: number, fanIn: number, fanOut: number): number {
  return initialisation === 'theory' ? theory : Math.sqrt(6 / (fanIn + fanOut))
}

function draw(seed: Seed, stream: number, count: number, scale: number): Float64Array {
  const values = uniform(seed, stream, count)
  for (let i = 0; i < count; i++) values[i] *= scale
  return values
}

/**
 * Draws one pair. The second matrix of a query/key pair is W_K' [n, outputs], whose fans are those of W_K.
 *
 * @throws TypeError for an unknown initialisation, RangeError unless `hidden` is an integer >= 0
 */
export function createSourcePair(options: SourcePairOptions): SourcePair {
  const { seed, stream, inputs, hidden, outputs, role, initialisation } = options
  if (initialisation !== 'theory' && initialisation !== 'xavier')
    throw new TypeError(`"initialisation" expected 'theory' or 'xavier', got ${JSON.stringify(initialisation)}`)
  if (!Number.isInteger(hidden) || hidden < 0) throw new RangeError(`"hidden" expected an integer >= 0, got ${hidden}`)
  const theory = role === 'query-key' ? hidden ** 0.25 : 1
  return {
    inputs,
    hidden,
    outputs,
    activation: role === 'feed-forward' ? 'relu' : 'linear',
    divisor: role === 'query-key' && hidden > 0 ? Math.sqrt(hidden) : 1,
    first: draw(seed, stream, inputs * hidden, range(initialisation, theory, inputs, hidden)),
    second: draw(seed, stream + 1, hidden * outputs, range(initialisation, theory, hidden, outputs)),
  }
}
