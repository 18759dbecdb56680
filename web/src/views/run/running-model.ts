/** A grown ticket as a model that runs, in a worker. */

import { type SearchedGpt2, searchedGpt2Weights } from '../../../../src/engine/searched-weights.js'
import { createPlainDecoder, type Decoder } from '../../../../src/families/generate.js'
import { createAttentionReader } from '../../../../src/families/gpt2/attention.js'
import { createCachedDecoder } from '../../../../src/families/gpt2/cached.js'
import { createGpt2 } from '../../../../src/families/gpt2/dense.js'
import { countParameters } from '../../../../src/families/gpt2/weights.js'
import type { LanguageModel } from '../../../../src/families/language-model.js'
import { createPairModel, type PairWeights } from '../../../../src/families/pair-model.js'
import { denseParameters } from '../../../../src/families/pair-plan.js'
import type { WeightTensor } from '../../../../src/families/weights.js'
import type { GraphRunner } from '../../../../src/graph/index.js'
import type { Kernels } from '../../../../src/kernels/index.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import { choiceOf, type PrunedTicket, type Ticket } from '../../../../src/ticket/index.js'
import { type Grown, type Growth, growPruned, growSearched } from './grow.js'

/** Weights that are written into a graph, so that no token is sent them; 4 bytes each. */
const HELD_WEIGHTS = 2 ** 26

/** The weights of a ticket, made. */
export interface GrownModel extends Grown {
  /** Makes it run. */
  start(runner: GraphRunner): RunningModel
}

/** A ticket's network, ready to run. */
export interface RunningModel {
  readonly model: LanguageModel
  readonly decoder: Decoder
  /** Of each layer [H, T, T]; see `AttentionReader`. */
  attention(tokens: readonly number[]): Promise<Float32Array[]>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/** Grows the weights of a ticket of either kind. @throws InputError when a mask is unsound, or the ticket holds no model */
export async function growModel(
  kernels: Kernels,
  ticket: Ticket,
  context: { onGrowth(growth: Growth): void; pause(): Promise<void> },
): Promise<GrownModel> {
  if (ticket.kind === 'searched') {
    const { network, ...grown } = await growSearched(kernels, ticket, context)
    return { ...grown, start: (runner) => startSearched(runner, network) }
  }
  if (!ticket.metadata.config) throw new InputError(`${ticket.name}: holds loose pairs, not a model that runs`)
  const { pairs, ...grown } = await growPruned(kernels, ticket, context)
  const dense = new Map<string, WeightTensor>()
  const { config, construction } = ticket.metadata
  for (const { name, shape } of denseParameters(config, choiceOf(construction).dense)) {
    dense.set(name, { shape, data: await ticket.readDense(name) })
  }
  return { ...grown, start: (runner) => startPruned(runner, ticket, dense, pairs) }
}

function startSearched(runner: GraphRunner, network: SearchedGpt2): RunningModel {
  const { config } = network
  const weights = searchedGpt2Weights(network)
  const holdWeights = countParameters(config) <= HELD_WEIGHTS
  const reader = createAttentionReader(runner, config, weights)
  const model = createGpt2(runner, config, weights)
  const decoder = createCachedDecoder(runner, config, weights, { holdWeights })
  return {
    model,
    decoder,
    attention: (tokens) => reader.read(tokens),
    async release() {
      for (const each of [model, decoder, reader]) await each.release()
    },
  }
}

/** Masks applied literally, at full source width. */
function startPruned(
  runner: GraphRunner,
  ticket: PrunedTicket,
  dense: ReadonlyMap<string, WeightTensor>,
  weights: PairWeights,
): RunningModel {
  const config = ticket.metadata.config!
  let layers: Float32Array[] | undefined
  const model = createPairModel({
    runner,
    config,
    choice: choiceOf(ticket.metadata.construction),
    dense,
    weights,
    onAttention: (layer, head, { data }) => layers?.[layer].set(data as Float32Array, head * data.length),
  })
  return {
    model,
    decoder: createPlainDecoder(model),
    release: () => model.release(),
    async attention(tokens) {
      const length = tokens.length
      const seen = Array.from({ length: config.layers }, () => new Float32Array(config.heads * length * length))
      layers = seen
      await model.logits(Int32Array.from(tokens), 1, length).finally(() => {
        layers = undefined
      })
      return seen
    },
  }
}
