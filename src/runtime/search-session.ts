/** A run's network in memory, its graphs and its algorithm, on this machine. */
import { type Corpus, fillBatch } from '../data/index.js'
import type { GraphRunner } from '../graph/index.js'
import { allocateParameters } from '../kernels/index.js'
import type { ParameterMemory } from '../kernels/parameter-memory.js'
import { gpt2Matrices } from '../model/gpt2-matrices.js'
import type { Algorithm } from '../search/algorithm.js'
import { createDenseTraining, createEdgePopup, type MaskedAlgorithm } from '../search/algorithms.js'
import { createIterand, type Iterand } from '../search/iterand-search.js'
import { createEvaluator, createLossStep, type LossStep, lossArrays, modelParameters } from '../search/loss-step.js'
import { fillRandomNetwork } from '../search/random-network.js'
import type { Validation } from '../search/run.js'
import type { SearchSettings } from '../search/settings.js'
import { createValidation } from '../search/validation.js'
import { loadKernels } from './node.js'

type RunAlgorithm =
  | (MaskedAlgorithm & { readonly generations?: Iterand['generations'] })
  | (Algorithm & { readonly ticket?: undefined; readonly generations?: undefined })

/** Everything that the steps of a run work on. */
export interface SearchSession {
  readonly settings: SearchSettings
  readonly corpus: Corpus
  readonly runner: GraphRunner
  readonly memory: ParameterMemory
  readonly algorithm: RunAlgorithm
  readonly lossStep: LossStep
  /** The batch of a step, counted from 0. */
  fillBatch(step: number, tokens: Int32Array, targets: Int32Array): void
  /** Loss on at most so many windows of the validation text. */
  validation(windows: number, signal?: AbortSignal): () => Promise<Validation>
  /** How many weights of each matrix the mask keeps; all of them in training. */
  kept(): { name: string; kept: number; count: number }[]
  release(): Promise<void>
}

/** Lays out the memory, writes the random network and loads the graphs. */
export async function openSearchSession(
  settings: SearchSettings,
  corpus: Corpus,
  runner: GraphRunner,
): Promise<SearchSession> {
  const { kind, batch, microBatch, config } = settings
  const length = config.positions
  const parameters = modelParameters(settings, kind === 'search' ? 'ticket' : 'dense')
  const memory = await allocateParameters(loadKernels, parameters, lossArrays(settings, microBatch, length))
  fillRandomNetwork(memory, settings)
  const algorithm = await createAlgorithm(memory, settings)
  const lossStep = await createLossStep(runner, settings, memory, batch, length, microBatch)
  const evaluator = await createEvaluator(runner, settings, memory, microBatch, length)
  const seed = BigInt(settings.dataSeed)
  return {
    settings,
    corpus,
    runner,
    memory,
    algorithm,
    lossStep,
    fillBatch: (step, tokens, targets) => fillBatch(corpus.train, { seed, step, batch, length }, tokens, targets),
    validation: (windows, signal) =>
      createValidation(
        evaluator,
        { text: corpus.valid, tokenizer: corpus.tokenizer, batch: microBatch, windows },
        signal,
      ),
    kept: () =>
      gpt2Matrices(config).map(({ name }) => {
        const { count } = memory.matrix(name)
        return { name, count, kept: algorithm.ticket?.kept(name) ?? count }
      }),
    async release() {
      await lossStep.release()
      await evaluator.release()
    },
  }
}

async function createAlgorithm(memory: ParameterMemory, settings: SearchSettings): Promise<RunAlgorithm> {
  switch (settings.algorithm) {
    case 'edge-popup':
      return createEdgePopup(memory, settings)
    case 'iterand':
      return createIterand(memory, settings, await loadKernels())
    case 'dense':
      return createDenseTraining(memory)
  }
}
