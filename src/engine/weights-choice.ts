/** Which weights a model runs with: float32, or two bits where they are signed constants. */
import type { GraphRunner } from '../graph/runner.js'
import { InputError } from '../safetensors/input-error.js'
import type { SearchedTicket, Ticket } from '../ticket/index.js'
import { ternaryProbe } from './ternary-probe.js'
import { whyNotTernary } from './ternary-ticket.js'

/** What can be asked for. */
export const weightsNames = ['auto', '2bit', 'float32'] as const
export type WeightsName = (typeof weightsNames)[number]

/** What was chosen, and why in one line. */
export interface WeightsChoice {
  readonly weights: Exclude<WeightsName, 'auto'>
  readonly reason: string
}

/**
 * Models of fewer weights fit the caches of a CPU, where the operations that make 2-bit products exact cost more than small weights save. Of
 * tokens a second in one stream 2-bit weights gave 0.6 times those of float32 at 0.8 million weights, and 4.5 times at 39 million.
 */
const WORTHWHILE = 8e6

/** Beyond this ratio of a small product's times, ONNX Runtime has no kernel for 2 bits; see {@link ternaryProbe}. */
const SLOW = 4

/** A model that is to run. */
export interface ToRun {
  /** As messages name it. */
  readonly name: string
  /** Null for a dense model. */
  readonly ticket: Ticket | null
  readonly runner: GraphRunner
  /** Whether it reads one token at a time, as in writing. Texts that are read whole are no faster with small weights. */
  readonly byTokens: boolean
}

/**
 * Chooses the weights of a model.
 * @param measure seconds of a product with 2-bit weights over those of one with float32 weights
 * @throws InputError when two bits are asked for and cannot be had
 */
export async function chooseWeights(asked: WeightsName, model: ToRun, measure = ternaryProbe): Promise<WeightsChoice> {
  const { name, runner, byTokens } = model
  if (asked === 'float32') return { weights: 'float32', reason: 'as asked' }
  const missing = whyNotTwoBits(model)
  if (asked === '2bit') {
    if (missing === undefined) return { weights: '2bit', reason: 'as asked' }
    throw new InputError(`${name}: cannot run with 2-bit weights: ${missing}`)
  }
  const float32 = (reason: string): WeightsChoice => ({ weights: 'float32', reason })
  if (missing !== undefined) return float32(missing)
  if (!byTokens) return float32('texts are read whole, for which 2-bit weights are no faster')
  if (weightsOf(model.ticket as SearchedTicket) < WORTHWHILE) return float32('the weights fit the caches of a CPU')
  const ratio = await measure(runner)
  if (ratio > SLOW) return float32(`a product with 2-bit weights takes ${ratio.toFixed(1)} times as long here`)
  return { weights: '2bit', reason: `signed constants that outgrow the caches of a CPU` }
}

/** Why a model cannot run with two bits a weight; undefined where it can. */
function whyNotTwoBits({ ticket, runner }: ToRun): string | undefined {
  if (ticket?.kind !== 'searched') return 'only a ticket that a search found has signed constants'
  if (!runner.multipliesFewBits) return 'this device has no products with 2-bit weights; --device cpu has them'
  return whyNotTernary(ticket)
}

const weightsOf = ({ metadata }: SearchedTicket): number =>
  metadata.matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
