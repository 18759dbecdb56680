/**
 * The trained target of Figures 4 and 5: attention that learns the angular velocity with the paper's settings. The
 * regression token is a parameter too, initialised to zero: a token that stays zero has the query zero, so it weighs all
 * positions alike, and neither W_Q nor W_K would ever receive a gradient.
 */
import { createAngularVelocitySet, shuffleEpoch } from '../data/angular-velocity-sets.js'
import type { GraphRunner } from '../graph/index.js'
import { allocateParameters, createDenseStep, type DenseMemory, type Kernels } from '../kernels/index.js'
import { type AngularVelocityParameter, angularVelocityParameters } from '../paper/angular-velocity-model.js'
import type { Attention, FactoredHead } from '../paper/attention.js'
import type { Seed } from '../random/index.js'
import { createAngularVelocityLoss, wholeSet } from './angular-velocity-loss.js'
import { type Agreement, agreement } from './statistics.js'
import { createTargetAttention } from './target.js'

/** How the target is trained. */
export interface TargetTraining {
  /** d_K = d_V, integer >= 1; 8. */
  width: number
  /** Sequences to train, to validate and to test on, each, integer >= 2; 10,000. */
  sequences: number
  /** Fewest and most positions of a sequence, with the token; 4 and 256. */
  shortest: number
  longest: number
  /** Sequences a step, integer >= 1; 1024. The last step of an epoch takes what is left. */
  batch: number
  /** Integer >= 1; 25. */
  epochs: number
  /** AdamW; 0.1 and 0.01, with moments 0.9 and 0.999. */
  learningRate: number
  weightDecay: number
  /** Whether the regression token is trained, or stays zero; true. */
  learnsToken: boolean
}

/** The paper's settings. */
export const paperTraining: Readonly<TargetTraining> = {
  width: 8,
  sequences: 10_000,
  shortest: 4,
  longest: 256,
  batch: 1024,
  epochs: 25,
  learningRate: 0.1,
  weightDecay: 0.01,
  learnsToken: true,
}

/** What a training reached; plain values. Losses are mean squared errors in (radians a step)^2. */
export interface TargetReport {
  seed: string
  training: TargetTraining
  /** Mean loss over the steps of each epoch, and on the validation sequences after it. */
  epochs: { train: number; valid: number }[]
  /** The trained model on sequences that nothing was fitted to. */
  test: Agreement
  /** Wall-clock time. */
  seconds: number
}

/** A trained target. */
export interface TrainedTarget {
  /** One factored head, 2 inputs, 1 output; float32 values. */
  attention: Attention
  /** What stands in position 0 of every sequence, [2]. */
  token: Float64Array
  report: TargetReport
}

/** Arguments of {@link trainTarget}. */
export interface TrainTargetOptions {
  runner: GraphRunner
  /** Makes a fresh instance of the kernels. */
  instantiate: () => Promise<Kernels>
  /** Unsigned 64-bit, default 0. */
  seed?: Seed
  /** The paper's where not given. */
  training?: Partial<TargetTraining>
  /** Called after each epoch. */
  onProgress?: (progress: { done: number; total: number; label: string }) => void
  /** Aborting makes the training reject with the signal's reason at the next step. */
  signal?: AbortSignal
}

/** The matrices start from streams 3 * 2^40 to 3 * 2^40 + 3, before the figures'; data/ says where the sequences come from. */
const STREAM = 3 * 2 ** 40

/** Trains the target. The same seed and settings give the same weights with the same runner. */
export async function trainTarget(options: TrainTargetOptions): Promise<TrainedTarget> {
  const { runner, instantiate, seed = 0, onProgress, signal } = options
  const training = { ...paperTraining, ...options.training }
  checkTraining(training)
  const { width, sequences, shortest, longest, batch, epochs, learningRate, weightDecay } = training
  const started = performance.now()
  const widths = { keyWidth: width, valueWidth: width }
  const shapes = angularVelocityParameters(widths)
  const memory = await allocateParameters(
    instantiate,
    shapes.map(({ name, shape }) => ({ name, kind: 'dense', count: shape.reduce((a, b) => a * b) })),
  )
  const start = createTargetAttention({ seed, stream: STREAM, inputs: 2, outputs: 1, heads: 1, ...widths })
  const weights = (name: AngularVelocityParameter) => memory.matrix(name).effective
  for (const name of ['query', 'key', 'value', 'output'] as const)
    weights(name).set((start.heads[0] as FactoredHead)[name])
  const step = createDenseStep(memory.dense.filter(({ name }: DenseMemory) => training.learnsToken || name !== 'token'))

  const sets = (['train', 'validation', 'test'] as const).map((split) =>
    createAngularVelocitySet({ seed, split, count: sequences, shortest, longest }),
  )
  const [train, valid, test] = sets.map(wholeSet)
  const loss = await createAngularVelocityLoss(runner, widths, memory, batch, longest)
  const reached: TargetReport['epochs'] = []
  try {
    let steps = 0
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffleEpoch(sets[0], epoch)
      let sum = 0
      for (let from = 0; from < sequences; from += batch) {
        signal?.throwIfAborted()
        const chosen = order.subarray(from, from + batch)
        sum += (await loss.step(train, chosen)) * chosen.length
        step.update({ learningRate, weightDecay, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: ++steps })
      }
      const validLoss = agreement(await loss.predict(valid), valid.targets).meanSquare
      reached.push({ train: sum / sequences, valid: validLoss })
      onProgress?.({ done: epoch + 1, total: epochs, label: `training, validation loss ${validLoss.toFixed(4)}` })
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    const [query, key, value, output, token] = shapes.map(({ name }) => Float64Array.from(weights(name)))
    const report: TargetReport = {
      seed: String(seed),
      training,
      epochs: reached,
      test: agreement(await loss.predict(test), test.targets),
      seconds: (performance.now() - started) / 1000,
    }
    const head: FactoredHead = { kind: 'factored', ...widths, query, key, value, output }
    return { attention: { inputs: 2, outputs: 1, heads: [head] }, token, report }
  } finally {
    await loss.release()
  }
}

function checkTraining(training: TargetTraining): void {
  const { sequences, learningRate, weightDecay } = training
  for (const name of ['width', 'sequences', 'batch', 'epochs'] as const)
    if (!Number.isInteger(training[name]) || training[name] < 1)
      throw new RangeError(`"${name}" expected an integer >= 1, got ${training[name]}`)
  if (sequences < 2) throw new RangeError(`"sequences" expected an integer >= 2, got ${sequences}`)
  for (const [name, value] of Object.entries({ learningRate, weightDecay }))
    if (!(value >= 0 && Number.isFinite(Math.fround(value))))
      throw new RangeError(`"${name}" expected a float32 number >= 0, got ${value}`)
}
