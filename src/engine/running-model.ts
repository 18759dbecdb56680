/** Weights and masks as models that run, on any platform. Imports no `node:*`. */

import {
  type BaseConfig,
  CACHE_ROOM,
  countParameters,
  createCachedDecoder,
  createDenseModel,
  type Decoder,
  familyOf,
  type LanguageModel,
  type ModelWeights,
} from '../families/index.js'
import type { Activations } from '../families/ternary-graph.js'
import { createTernaryModel } from '../families/ternary-model.js'
import type { GraphRunner } from '../graph/runner.js'
import type { Kernels } from '../kernels/index.js'
import { openLiteralModel } from '../prune/verify.js'
import { type PrunedTicket, rebuildBytes, type SearchedTicket } from '../ticket/index.js'
import { makeTernary, ternaryTicketWeights } from './ternary-ticket.js'

/** A network that runs. */
export interface RunningModel {
  /** Gives logits; a pruned ticket's masks are applied literally. */
  readonly model: LanguageModel
  /** Continues texts, with a cache of what its heads have read. An encoder's refuses with a RangeError. */
  readonly decoder: Decoder
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * Asks a searched ticket's budget for all that its running network holds: the matrices, query, key and value maps a second time, next
 * to each other, and keys and values of a context, at first.
 * @throws InputError when it is more than the ticket may ask for
 */
export function expectToRun(ticket: SearchedTicket): void {
  const { config } = ticket.metadata
  ticket.memory.expect(rebuildBytes(ticket) + 4 * countParameters(config) + cacheBytes(config), 'run')
}

/** Keys and values of a context, at first. */
function cacheBytes(config: BaseConfig): number {
  const { layers, keyHeads, headWidth } = familyOf(config).cache(config)
  return 8 * layers * Math.min(config.positions, CACHE_ROOM) * keyHeads * headWidth
}

/**
 * A dense model, that of a searched ticket too.
 * @param weights by the names of the family's parameters, float32
 */
export function runDense(runner: GraphRunner, config: BaseConfig, weights: ModelWeights): RunningModel {
  const model = createDenseModel(runner, config, weights)
  const decoder = decoderOf(config, () => createCachedDecoder(runner, config, weights))
  return { model, decoder, release: () => model.release().finally(decoder.release) }
}

/**
 * The model of a pruned ticket, at full source width.
 * @throws InputError when the ticket holds loose pairs
 */
export async function runPruned(runner: GraphRunner, kernels: Kernels, ticket: PrunedTicket): Promise<RunningModel> {
  const model = await openLiteralModel({ runner, kernels }, ticket)
  return { model, decoder: decoderOf(model.config, model.createDecoder), release: () => model.release() }
}

/**
 * The model of a searched ticket of signed constants, two bits a weight. While it is loaded, ONNX Runtime holds the codes as they were and as its
 * products read them, beside the array that they came in: four times their bytes are asked for.
 * @throws InputError as `makeTernary` does
 */
export async function runTernary(
  runner: GraphRunner,
  kernels: Kernels,
  ticket: SearchedTicket,
  activations?: Activations,
): Promise<RunningModel> {
  const { config } = ticket.metadata
  ticket.memory.expect(4 * ternaryTicketWeights(ticket) + cacheBytes(config), 'run')
  const model = createTernaryModel(runner, config, await makeTernary(ticket, kernels), activations)
  return { model, decoder: decoderOf(config, model.createDecoder), release: () => model.release() }
}

/** A decoder, of an encoder one that says why there is none. */
function decoderOf(config: BaseConfig, create: () => Decoder): Decoder {
  const { task, title } = familyOf(config)
  if (task === 'causal') return create()
  const refuse = async (): Promise<never> => {
    throw new RangeError(`a ${title} is an encoder, which continues no text`)
  }
  return { config, read: refuse, append: refuse, release: async () => {} }
}
