import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { expectToRun, type RunningModel, runDense, runPruned } from '../engine/running-model.js'
import type { Decoder } from '../families/generate.js'
import type { LanguageModel } from '../families/language-model.js'
import type { GraphRunner } from '../graph/index.js'
import { expectPruned, type OpenOptions } from '../ticket/index.js'
import { type ModelSource, openModelSource } from './model-source.js'

/** A model from a file or a folder, ready to run. */
export interface OpenedModel extends ModelSource {
  /** Gives logits; a pruned ticket's masks are applied literally. */
  readonly model: LanguageModel
  /** Continues texts: with a cache of keys and values, but for pruned tickets. */
  readonly decoder: Decoder
}

/**
 * Opens a ticket file, searched or pruned, or a Hugging Face GPT-2 folder as a model that runs. All weights of a searched
 * ticket or a folder are in memory then, 4 bytes each.
 * @param path of the file or folder
 * @param options.runner runs the network; default: on the CPU
 * @param options.memoryLimit of a ticket; see `openTicket`
 * @throws InputError in one line when it is missing, no sound ticket of a GPT-2 or no sound folder
 */
export async function openModel(
  path: string,
  { runner = createGraphRunner(), memoryLimit }: { readonly runner?: GraphRunner | undefined } & OpenOptions = {},
): Promise<OpenedModel> {
  const source = await openModelSource(path, { memoryLimit })
  try {
    const { model, decoder, release } = await start(source, runner)
    return { ...source, model, decoder, close: () => release().finally(source.close) }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function start({ kind, ticket, config, weights }: ModelSource, runner: GraphRunner): Promise<RunningModel> {
  if (kind === 'pruned') return runPruned(runner, await loadKernels(), expectPruned(ticket!))
  if (ticket?.kind === 'searched') expectToRun(ticket)
  return runDense(runner, config, await weights())
}
