import type { GraphRunner } from '../graph/index.js'
import { createGpt2 } from '../model/gpt2.js'
import { createCachedDecoder } from '../model/gpt2-cached.js'
import { createPlainDecoder, type Decoder } from '../model/gpt2-generate.js'
import type { LanguageModel } from '../model/gpt2-tokens.js'
import { openLiteralGpt2 } from '../prune/verify-gpt2.js'
import { expectPruned } from '../ticket/index.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { loadKernels } from './node.js'
import { createGraphRunner } from './onnx.js'

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
 * @throws InputError in one line when it is missing, no sound ticket of a GPT-2 or no sound folder
 */
export async function openModel(
  path: string,
  { runner = createGraphRunner() }: { readonly runner?: GraphRunner | undefined } = {},
): Promise<OpenedModel> {
  const source = await openModelSource(path)
  try {
    const running = await (source.kind === 'pruned' ? runPruned(source, runner) : runDense(source, runner))
    const { model, decoder, release } = running
    return { ...source, model, decoder, close: () => release().finally(source.close) }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function runPruned({ ticket }: ModelSource, runner: GraphRunner) {
  const model = await openLiteralGpt2({ runner, kernels: await loadKernels() }, expectPruned(ticket!))
  return { model, decoder: createPlainDecoder(model), release: () => model.release() }
}

async function runDense({ config, weights }: ModelSource, runner: GraphRunner) {
  const values = await weights()
  const model = createGpt2(runner, config, values)
  const decoder = createCachedDecoder(runner, config, values)
  return { model, decoder, release: () => model.release().finally(decoder.release) }
}
