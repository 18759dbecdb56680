import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { type BaseConfig, createDenseModel, type ModelWeights, type WeightTensor } from '../families/index.js'
import { denseParameters } from '../families/pair-plan.js'
import { denseTwin, exactBytes, type HeadForm, type MergedModel } from '../interop/index.js'
import { largestDifference, type Network, resultsOfRandomInputs } from '../prune/compare-results.js'
import { pairProduct } from '../prune/pair-product.js'
import { openLiteralModel } from '../prune/verify.js'
import { InputError } from '../safetensors/index.js'
import { choiceOf, type PrunedTicket, productBytes } from '../ticket/index.js'
import type { ModelSource } from './model-source.js'

/** The model of an exact export takes at most so many bytes in float32. */
const EXACT_LIMIT = 4 * 2 ** 30

/** A dense model to be exported. */
export interface DenseExport {
  readonly config: BaseConfig
  readonly weights: ModelWeights
  /** Of a pruned ticket: the largest difference from the results of its literal network, on random inputs; else null. */
  readonly difference: number | null
}

/** How a pruned ticket is made dense. */
export interface DenseExportOptions {
  readonly signal?: AbortSignal | undefined
  /** Told after each head. */
  onProgress?(done: number, total: number): void
}

/**
 * A model as a dense one of its family.
 * @param heads for pruned tickets alone
 * @throws InputError when an exact export would be too large, or a ticket needs more memory than it may ask for; RangeError for a form of heads that
 *   its attention has not
 */
export async function denseExport(
  source: ModelSource,
  heads: HeadForm,
  { signal, onProgress }: DenseExportOptions = {},
): Promise<DenseExport> {
  const { ticket, config } = source
  if (ticket === null || ticket.kind === 'searched') {
    return { config, weights: await source.weights(), difference: null }
  }
  const choice = choiceOf(ticket.metadata.construction)
  const bytes = heads === 'exact' ? exactBytes(config, choice) : 0
  if (bytes > EXACT_LIMIT) {
    const gigabytes = (count: number) => `${(count / 1e9).toFixed(1)} GB`
    throw new InputError(
      `${source.path}: with exact heads the model takes ${gigabytes(bytes)}, more than ${gigabytes(EXACT_LIMIT)}; --heads factored keeps its size`,
    )
  }
  ticket.memory.expect(productBytes(ticket), 'export')
  const kernels = await loadKernels()
  const merged: MergedModel = {
    config,
    choice,
    dense: await keptWeights(ticket, config),
    async merged({ name }) {
      signal?.throwIfAborted()
      return pairProduct(kernels, await ticket.readMasks(name), ticket.seed)
    },
  }
  const dense = await denseTwin(merged, heads, onProgress)
  const runner = createGraphRunner()
  const literal = await openLiteralModel({ runner, kernels }, ticket)
  const model = createDenseModel(runner, dense.config, dense.weights)
  try {
    return { ...dense, difference: await differenceOf(literal, model, ticket.seed) }
  } finally {
    await literal.release()
    await model.release()
  }
}

async function keptWeights(ticket: PrunedTicket, config: BaseConfig): Promise<ModelWeights> {
  const kept = new Map<string, WeightTensor>()
  for (const { name, shape } of denseParameters(config, choiceOf(ticket.metadata.construction).dense)) {
    kept.set(name, { shape, data: await ticket.readDense(name) })
  }
  return kept
}

/** Of an encoder whose hidden states are several copies of the ticket's, the first copy counts. */
async function differenceOf(literal: Network, model: Network, seed: bigint): Promise<number> {
  const wanted = await resultsOfRandomInputs(literal, seed)
  const found = await resultsOfRandomInputs(model, seed, literal.config)
  const copies = found.length / wanted.length
  if (copies === 1) return largestDifference(wanted, found)
  const { width } = literal.config
  return largestDifference(
    wanted,
    wanted.map((_, i) => found[Math.floor(i / width) * width * copies + (i % width)]),
  )
}
