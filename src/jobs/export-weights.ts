import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { denseParameter, gpt2DenseShapes } from '../families/gpt2/weights.js'
import { type BaseConfig, createDenseModel, type ModelWeights, parametersOfStored } from '../families/index.js'
import type { WeightTensor } from '../families/weights.js'
import { factoredGpt2, type MergedGpt2, widenedBytes, widenedGpt2 } from '../interop/index.js'
import { compareLogits } from '../prune/compare-logits.js'
import { pairProduct } from '../prune/pair-product.js'
import { openLiteralGpt2 } from '../prune/verify-gpt2.js'
import { InputError } from '../safetensors/index.js'
import { type PrunedTicket, productBytes } from '../ticket/index.js'
import type { ModelSource } from './model-source.js'

/** How the merged heads of a pruned ticket become heads of a GPT-2. */
export const headForms = ['exact', 'factored'] as const
export type HeadForm = (typeof headForms)[number]

/** The widened model of an exact export takes at most so many bytes in float32. */
const WIDENED_LIMIT = 4 * 2 ** 30

/** A dense model to be exported. */
export interface DenseExport {
  readonly config: BaseConfig
  readonly weights: ModelWeights
  /** Of a pruned ticket: the largest difference from the logits of its literal network, on random inputs; else null. */
  readonly logitDifference: number | null
}

/**
 * A model as a dense GPT-2.
 * @param heads for pruned tickets alone
 * @throws InputError when an exact export would be too large, or a ticket needs more memory than it may ask for
 */
export async function denseExport(
  source: ModelSource,
  heads: HeadForm,
  options: { signal?: AbortSignal | undefined; onProgress?(done: number, total: number): void } = {},
): Promise<DenseExport> {
  const { ticket, config } = source
  if (ticket === null || ticket.kind === 'searched') {
    return { config, weights: await source.weights(), logitDifference: null }
  }
  const bytes = widenedBytes(config as Gpt2Config)
  if (heads === 'exact' && bytes > WIDENED_LIMIT) {
    const gigabytes = (count: number) => `${(count / 1e9).toFixed(1)} GB`
    throw new InputError(
      `${source.path}: with exact heads the model takes ${gigabytes(bytes)}, more than ${gigabytes(WIDENED_LIMIT)}; --heads factored keeps its size`,
    )
  }
  ticket.memory.expect(productBytes(ticket), 'export')
  const kernels = await loadKernels()
  const merged = await mergedModel(ticket, source, async (name) => {
    options.signal?.throwIfAborted()
    return pairProduct(kernels, await ticket.readMasks(name), ticket.seed)
  })
  const dense = heads === 'exact' ? await widenedGpt2(merged) : await factoredGpt2(merged, options.onProgress)
  const runner = createGraphRunner()
  const literal = await openLiteralGpt2({ runner, kernels }, ticket)
  const weights = parametersOfStored(dense.config, dense.weights)
  const model = createDenseModel(runner, dense.config, weights)
  try {
    const logitDifference = await compareLogits(literal, model, ticket.seed)
    return { config: dense.config, weights, logitDifference }
  } finally {
    await literal.release()
    await model.release()
  }
}

async function mergedModel(
  ticket: PrunedTicket,
  { config: any }: ModelSource,
  merged: MergedGpt2['merged'],
): Promise<MergedGpt2> {
  const config = any as Gpt2Config
  const dense = new Map<string, WeightTensor>()
  for (const [name, shape] of gpt2DenseShapes(config))
    dense.set(name, { shape, data: await ticket.readDense(denseParameter(name)) })
  return { config, dense, merged }
}
