import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { expectToRun, type RunningModel, runDense, runPruned, runTernary } from '../engine/running-model.js'
import { chooseWeights, type WeightsChoice, type WeightsName } from '../engine/weights-choice.js'
import {
  type BaseConfig,
  createDenseModel,
  type Decoder,
  type Encoder,
  familyOf,
  type LanguageModel,
  largestIndex,
} from '../families/index.js'
import type { Activations } from '../families/ternary-graph.js'
import type { GraphRunner } from '../graph/index.js'
import { openLiteralModel } from '../prune/verify.js'
import { InputError } from '../safetensors/index.js'
import { expectPruned, type OpenOptions, type SearchedTicket } from '../ticket/index.js'
import { type ModelSource, openModelSource } from './model-source.js'

/** A model from a file or a folder, ready to run. */
export interface OpenedModel extends ModelSource {
  /** What its weights are held as while it runs, and why. */
  readonly weightsRun: WeightsChoice
  /** Gives logits; a pruned ticket's masks are applied literally. */
  readonly model: LanguageModel
  /** Continues texts, with a cache of what its heads have read. An encoder's refuses with a RangeError. */
  readonly decoder: Decoder
}

/** How a model is opened. */
export interface OpenModelOptions extends OpenOptions {
  /** Runs the network; default: on the CPU. */
  readonly runner?: GraphRunner | undefined
  /** How weights are held; default `auto`: two bits for tickets of signed constants where that is at least as fast, else float32. */
  readonly weights?: WeightsName | undefined
  /** With 2-bit weights: `int8` rounds what is multiplied by them to 8 bits, which is faster and no longer exact. Default `float32`. */
  readonly activations?: Activations | undefined
}

/**
 * Opens a ticket file, searched or pruned, or a Hugging Face folder as a model that writes. All weights of a searched
 * ticket or a folder are in memory then, 4 bytes each.
 * @param path of the file or folder
 * @param options.memoryLimit of a ticket; see `openTicket`
 * @throws InputError in one line when it is missing, no sound ticket of a model, no sound folder, or an encoder
 */
export async function openModel(
  path: string,
  { runner = createGraphRunner(), memoryLimit, mask, weights, activations }: OpenModelOptions = {},
): Promise<OpenedModel> {
  const source = await openModelSource(path, { memoryLimit, mask })
  try {
    expectCausal(source)
    const weightsRun = await chooseRun(source, runner, { weights, activations })
    const { model, decoder, release } = await start(source, runner, weightsRun, activations)
    return {
      ...source,
      weightsRun,
      model,
      decoder: finite(decoder, path),
      close: () => release().finally(source.close),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** A decoder that refuses logits from which no token can be taken, by the name of its file. */
function finite(decoder: Decoder, path: string): Decoder {
  const checked = (logits: Float32Array): Float32Array => {
    const largest = logits[largestIndex(logits)]
    if (Number.isFinite(largest)) return logits
    throw new InputError(`${path}: its logits are not finite numbers (${largest}): it cannot choose a token`)
  }
  return {
    ...decoder,
    read: async (tokens) => checked(await decoder.read(tokens)),
    append: async (token) => checked(await decoder.append(token)),
  }
}

/**
 * Chooses the weights of a model.
 * @param byTokens see `ToRun`
 * @throws InputError for what cannot be had; RangeError for 8-bit activations with float32 weights
 */
export async function chooseRun(
  { path, ticket }: Pick<ModelSource, 'path' | 'ticket'>,
  runner: GraphRunner,
  { weights = 'auto', activations }: Pick<OpenModelOptions, 'weights' | 'activations'>,
  byTokens = true,
): Promise<WeightsChoice> {
  if (activations === 'int8' && weights === 'float32') {
    throw new RangeError('"activations" expected float32 with float32 weights, got int8')
  }
  const asked = activations === 'int8' ? '2bit' : weights
  return chooseWeights(asked, { name: path, ticket, runner, byTokens })
}

async function start(
  { kind, ticket, config, weights }: ModelSource,
  runner: GraphRunner,
  choice: WeightsChoice,
  activations: Activations | undefined,
): Promise<RunningModel> {
  if (kind === 'pruned') return runPruned(runner, await loadKernels(), expectPruned(ticket!))
  if (choice.weights === '2bit') {
    return runTernary(runner, await loadKernels(), ticket as SearchedTicket, activations)
  }
  if (ticket?.kind === 'searched') expectToRun(ticket)
  return runDense(runner, config, await weights())
}

/** An encoder from a file or a folder, ready to run. */
export interface OpenedEncoder extends ModelSource {
  /** Gives hidden states; a pruned ticket's masks are applied literally. */
  readonly encoder: Encoder
}

/**
 * Opens an encoder as {@link openModel} opens a model that writes.
 * @throws InputError as it does, and for a model that is no encoder
 */
export async function openEncoder(
  path: string,
  { runner = createGraphRunner(), memoryLimit, mask }: OpenModelOptions = {},
): Promise<OpenedEncoder> {
  const source = await openModelSource(path, { memoryLimit, mask })
  try {
    const { task, title } = familyOf(source.config)
    if (task !== 'encoder') {
      const reason = 'a token of it sees only those before it, and it was trained to predict the next one'
      throw new InputError(`${path}: is a ${title}, which is no encoder (${reason}); slt embed takes a BERT`)
    }
    const { encoder, release } = await startEncoder(source, runner)
    return { ...source, encoder, close: () => release().finally(source.close) }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function startEncoder({ kind, ticket, config, weights }: ModelSource, runner: GraphRunner) {
  if (ticket?.kind === 'searched') expectToRun(ticket)
  const encoder =
    kind === 'pruned'
      ? await openLiteralModel({ runner, kernels: await loadKernels() }, expectPruned(ticket!))
      : createDenseModel(runner, config, await weights())
  return { encoder, release: () => encoder.release() }
}

/** Refuses an encoder. @throws InputError that names it */
export function expectCausal({ path, config }: { readonly path: string; readonly config: BaseConfig }): void {
  const { task, title } = familyOf(config)
  if (task === 'causal') return
  throw new InputError(
    `${path}: is a ${title}, an encoder, which predicts no next token; slt embed embeds texts with it`,
  )
}
