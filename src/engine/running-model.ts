/** Weights and masks as models that run, on any platform. Imports no `node:*`. */

import { createPlainDecoder, type Decoder } from '../families/generate.js'
import { createCachedDecoder } from '../families/gpt2/cached.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { createGpt2 } from '../families/gpt2/dense.js'
import { countParameters, type Gpt2Weights } from '../families/gpt2/weights.js'
import type { LanguageModel } from '../families/language-model.js'
import type { GraphRunner } from '../graph/runner.js'
import type { Kernels } from '../kernels/index.js'
import { openLiteralModel } from '../prune/verify.js'
import { type PrunedTicket, rebuildBytes, type SearchedTicket } from '../ticket/index.js'

/** A network that runs. */
export interface RunningModel {
  /** Gives logits; a pruned ticket's masks are applied literally. */
  readonly model: LanguageModel
  /** Continues texts: with a cache of keys and values, but for pruned tickets. */
  readonly decoder: Decoder
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

/**
 * Asks a searched ticket's budget for all that its running network holds: the matrices, the same under Hugging Face names, and
 * keys and values of a full context, 8 P d bytes a block.
 * @throws InputError when it is more than the ticket may ask for
 */
export function expectToRun(ticket: SearchedTicket): void {
  const { config } = ticket.metadata
  const cache = 8 * config.layers * config.positions * config.width
  ticket.memory.expect(rebuildBytes(ticket) + 4 * countParameters(config) + cache, 'run')
}

/**
 * A dense GPT-2, that of a searched ticket too.
 * @param weights under Hugging Face names, float32
 */
export function runDense(runner: GraphRunner, config: Gpt2Config, weights: Gpt2Weights): RunningModel {
  const model = createGpt2(runner, config, weights)
  const decoder = createCachedDecoder(runner, config, weights)
  return { model, decoder, release: () => model.release().finally(decoder.release) }
}

/**
 * The GPT-2 of a pruned ticket, at full source width.
 * @throws InputError when the ticket holds no GPT-2
 */
export async function runPruned(runner: GraphRunner, kernels: Kernels, ticket: PrunedTicket): Promise<RunningModel> {
  const model = await openLiteralModel({ runner, kernels }, ticket)
  return { model, decoder: createPlainDecoder(model), release: () => model.release() }
}
