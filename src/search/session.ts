/** A run's network in memory, its graphs and its algorithm. The platform is handed in: Node and a page share this. */
import type { Corpus } from '../data/corpus.js'
import { hideTokens, MASK_STREAM } from '../data/masked-windows.js'
import { fillSortBatch } from '../data/sort-task.js'
import { fillBatch } from '../data/windows.js'
import { familyOf, matricesOf } from '../families/family.js'
import type { ModelWeights } from '../families/weights.js'
import type { GraphRunner } from '../graph/index.js'
import { allocateParameters, type Kernels } from '../kernels/index.js'
import type { ParameterMemory } from '../kernels/parameter-memory.js'
import { type Algorithm, asTicket, type MaskedAlgorithm } from './algorithm.js'
import { withClipping } from './clip.js'
import { createDenseTraining } from './dense-training.js'
import { integerLevels, integerUnits } from './integer-matrices.js'
import { createIterand, type Iterand } from './iterand-search.js'
import { createLossEvaluator } from './loss-evaluator.js'
import { createLossStep, type LossStep, lossArrays, modelParameters, type Teacher } from './loss-step.js'
import { createMaskSearch } from './mask-search.js'
import { createMaskedValidation } from './masked-validation.js'
import { memoryKinds } from './matrix-methods.js'
import { fillRandomNetwork } from './random-network.js'
import type { Validation } from './run.js'
import type { SearchSettings } from './settings.js'
import { withSharedRows } from './shared-rows.js'
import { createSortValidation } from './sort-validation.js'
import type { OpenTeacher } from './teacher.js'
import { type UnusedRows, unusedRows } from './unused-rows.js'
import { createValidation } from './validation.js'

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
  /** Rows of tokens that the text lacks, as far as they have no weights of their own; see `unusedRows`. */
  readonly unused: ReadonlyMap<string, UnusedRows>
  readonly lossStep: LossStep
  /** The batch of a step, counted from 0. */
  fillBatch(step: number, tokens: Int32Array, targets: Int32Array, counts?: Float32Array): void
  /** Loss on so many windows of the validation text, or lists of the task; on fewer where there are fewer. */
  validation(windows: number, signal?: AbortSignal): () => Promise<Validation>
  /** How many weights of each matrix the mask keeps; all of them in training. */
  kept(): { name: string; kept: number; count: number }[]
  release(): Promise<void>
}

/**
 * Lays out the memory, writes the random network and loads the graphs.
 * @param runner computes the graphs
 * @param loadKernels makes a fresh instance of the kernels at every call
 * @param models what the settings name by content and a run must be handed
 * @throws RangeError when the memory cannot be had
 */
export async function openSearchSession(
  settings: SearchSettings,
  corpus: Corpus,
  runner: GraphRunner,
  loadKernels: () => Promise<Kernels>,
  models: NamedModels = {},
): Promise<SearchSession> {
  const { batch, microBatch, config, norms, task } = settings
  const model = {
    config,
    norms,
    answers: task?.length,
    integerLevels: settings.arithmetic === 'int8' ? integerLevels(settings) : undefined,
  }
  const length = config.positions
  const parameters = modelParameters(settings, memoryKinds(settings))
  const memory = await allocateParameters(loadKernels, parameters, lossArrays(model, microBatch, length))
  const unused = unusedRows(settings, corpus.train)
  fillRandomNetwork(memory, settings, { unused, start: models.start })
  const moved = withClipping(await createAlgorithm(memory, settings, loadKernels, unused), memory, settings.clip)
  const algorithm = withSharedRows(moved, memory, unused) // outermost: the norm that is clipped is that of the sums
  const integerUnit = algorithm.ticket && integerUnits(settings, algorithm.ticket.scale)
  const teacher = teacherOf(settings, models)
  const integerModel = { ...model, integerUnit }
  const lossStep = await createLossStep(runner, integerModel, memory, batch, length, microBatch, teacher)
  const effective = (name: string) => memory.matrix(name).effective
  const seed = BigInt(settings.dataSeed)
  const isEncoder = familyOf(config).task === 'encoder'
  const lessons = task ? sortLessons() : isEncoder ? await hiddenLessons() : await textLessons()
  return {
    settings,
    corpus,
    runner,
    memory,
    algorithm,
    unused,
    lossStep,
    ...lessons,
    validation(windows, signal) {
      const validate = lessons.validation(windows, signal)
      return () => asTicket(algorithm, validate)
    },
    kept: () =>
      matricesOf(config).map(({ name }) => {
        const { count } = memory.matrix(name)
        return { name, count, kept: algorithm.ticket?.kept(name) ?? count }
      }),
    async release() {
      await lossStep.release()
      await lessons.release()
    },
  }

  /** Windows at random places of a text. */
  async function textLessons(): Promise<Lessons> {
    const { train, valid: text, tokenizer } = corpus
    const evaluator = await createLossEvaluator(runner, model, effective, microBatch, length)
    return {
      fillBatch: (step, tokens, targets) => fillBatch(train, { seed, step, batch, length }, tokens, targets),
      validation: (windows, signal) =>
        createValidation(evaluator, { name: corpus.name, text, tokenizer, batch: microBatch, windows }, signal),
      release: () => evaluator.release(),
    }
  }

  /** Windows at random places of a text, with tokens hidden in them. */
  async function hiddenLessons(): Promise<Lessons> {
    const { train, valid: text, tokenizer } = corpus
    const evaluator = await createLossEvaluator(runner, model, effective, microBatch, length)
    const hiding = { seed, stream: MASK_STREAM, length, mask: config.vocabulary - 1 } as const
    return {
      fillBatch(step, tokens, targets, counts) {
        fillBatch(train, { seed, step, batch, length }, tokens, targets)
        hideTokens({ ...hiding, first: step * batch }, tokens, targets, counts!)
      },
      validation: (windows, signal) =>
        createMaskedValidation(
          evaluator,
          { name: corpus.name, text, tokenizer, batch: microBatch, windows },
          { config, seed: BigInt(settings.seed) },
          signal,
        ),
      release: () => evaluator.release(),
    }
  }

  /** Lists drawn without end. */
  function sortLessons(): Lessons {
    const { valid } = corpus
    return {
      fillBatch: (step, tokens, targets) => fillSortBatch(task!, { seed, step, batch }, tokens, targets),
      validation: (lists, signal) =>
        createSortValidation(runner, model, effective, { task: task!, valid, lists }, signal),
      release: async () => {},
    }
  }
}

/** The models that settings name by their content. */
export interface NamedModels {
  /** Of `settings.teacher`. */
  readonly teacher?: OpenTeacher | undefined
  /** Of `settings.start`: weights by the names of the family's parameters. */
  readonly start?: ModelWeights | undefined
}

/** @throws TypeError where the teacher that the settings name is not handed over: without it the run would be another one */
function teacherOf({ teacher, teacherWeight, temperature }: SearchSettings, models: NamedModels): Teacher | undefined {
  if (teacher === undefined) return undefined
  if (models.teacher === undefined) throw new TypeError('"teacher" expected the model that the settings name, got none')
  return { weight: teacherWeight!, temperature: temperature!, open: models.teacher }
}

/** What is learned, and how well. */
type Lessons = Pick<SearchSession, 'fillBatch' | 'validation' | 'release'>

async function createAlgorithm(
  memory: ParameterMemory,
  settings: SearchSettings,
  loadKernels: () => Promise<Kernels>,
  unused: ReadonlyMap<string, UnusedRows>,
): Promise<RunAlgorithm> {
  switch (settings.algorithm) {
    case 'dense':
      return createDenseTraining(memory, settings)
    case 'iterand':
      return createIterand(memory, settings, await loadKernels(), unused)
    default:
      return createMaskSearch(memory, settings, unused)
  }
}
