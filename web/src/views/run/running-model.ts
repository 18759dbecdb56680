/** A grown ticket as a model that runs, in a worker. */

import { networkWeights } from '../../../../src/engine/searched-weights.js'
import { createAttentionReader } from '../../../../src/families/attention-reader.js'
import { createCachedDecoder } from '../../../../src/families/cached-decoder.js'
import type { BaseConfig } from '../../../../src/families/config.js'
import { createDenseModel } from '../../../../src/families/dense-model.js'
import { countParameters, familyOf } from '../../../../src/families/family.js'
import type { Decoder } from '../../../../src/families/generate.js'
import type { Encoder, LanguageModel } from '../../../../src/families/language-model.js'
import { createPairModel, type PairWeights } from '../../../../src/families/pair-model.js'
import { denseParameters } from '../../../../src/families/pair-plan.js'
import type { ModelWeights, WeightTensor } from '../../../../src/families/weights.js'
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

/** A network, ready to run. */
export interface RunningModel {
  /** Gives logits where it is causal, hidden states where it is an encoder. */
  readonly model: LanguageModel & Encoder
  /** Continues texts; null of an encoder. */
  readonly decoder: Decoder | null
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
    return { ...grown, start: (runner) => startDense(runner, network.config, networkWeights(network)) }
  }
  const { config, construction } = ticket.metadata
  if (!config) throw new InputError(`${ticket.name}: holds loose pairs, not a model that runs`)
  const { pairs, ...grown } = await growPruned(kernels, ticket, context)
  const dense = new Map<string, WeightTensor>()
  for (const { name, shape } of denseParameters(config, choiceOf(construction).dense)) {
    dense.set(name, { shape, data: await ticket.readDense(name) })
  }
  return { ...grown, start: (runner) => startPruned(runner, config, ticket, dense, pairs) }
}

/** A dense model, that of a searched ticket too. */
export function startDense(runner: GraphRunner, config: BaseConfig, weights: ModelWeights): RunningModel {
  const holdWeights = countParameters(config) <= HELD_WEIGHTS
  const reader = createAttentionReader(runner, config, weights)
  const model = createDenseModel(runner, config, weights)
  const decoder =
    familyOf(config).task === 'causal' ? createCachedDecoder(runner, config, weights, { holdWeights }) : null
  return {
    model,
    decoder,
    attention: (tokens) => reader.read(tokens),
    async release() {
      for (const each of [model, decoder, reader]) await each?.release()
    },
  }
}

/** Masks applied literally, at full source width. */
function startPruned(
  runner: GraphRunner,
  config: BaseConfig,
  { metadata: { construction } }: PrunedTicket,
  dense: ModelWeights,
  weights: PairWeights,
): RunningModel {
  let layers: Float32Array[] | undefined
  const model = createPairModel({
    runner,
    config,
    choice: choiceOf(construction),
    dense,
    weights,
    onAttention: (layer, head, { data }) => layers?.[layer].set(data as Float32Array, head * data.length),
  })
  const isCausal = familyOf(config).task === 'causal'
  return {
    model,
    decoder: isCausal ? model.createDecoder() : null,
    release: () => model.release(),
    async attention(tokens) {
      const length = tokens.length
      const seen = Array.from({ length: config.layers }, () => new Float32Array(config.heads * length * length))
      layers = seen
      const pass = isCausal ? model.logits : model.hidden
      await pass(Int32Array.from(tokens), 1, length).finally(() => {
        layers = undefined
      })
      return seen
    },
  }
}
