import type { AdamW } from '../kernels/adamw.js'
import { InputError } from '../safetensors/index.js'
import type { Algorithm } from './algorithm.js'
import { firstNotFinite } from './checkpoint.js'
import type { LossStep } from './loss-step.js'
import type { MetricsRow } from './metrics.js'
import { learningRateAt } from './schedule.js'
import type { SearchSettings } from './settings.js'

/** How often a run does what its result does not depend on. Steps; 0 is never. */
export interface Cadence {
  readonly validateEvery: number
  readonly sampleEvery: number
  readonly checkpointEvery: number
  /**
   * A checkpoint also when this many seconds have passed since the last, and 20 times as long as saving that one took;
   * 0 is never.
   */
  readonly checkpointSeconds: number
}

/** What a loss on text says. */
export interface Validation {
  /** Nats a token. */
  readonly validLoss: number
  readonly bitsPerByte: number
  /** For a task: the part of the held-out lists that are answered right, 0 to 1. */
  readonly accuracy?: number
}

/** The pieces that a run is made of; src/jobs puts them together. */
export interface RunPieces {
  readonly settings: SearchSettings
  readonly cadence: Cadence
  readonly algorithm: Algorithm
  /** Loss of the batch in `tokens` and `targets` [B, T]; leaves the gradients where the algorithm reads them. */
  readonly lossStep: Pick<LossStep, 'tokens' | 'targets' | 'counts' | 'run' | 'kl'>
  /** The batch of a step, counted from 0. */
  fillBatch(step: number, tokens: Int32Array, targets: Int32Array, counts?: Float32Array): void
  /** Loss on the validation windows of the effective weights as they are. */
  validate(): Promise<Validation>
  /** Writes a text as of this step somewhere. */
  sample?(step: number): Promise<void>
  record(row: MetricsRow): void
  /** Saves the state durably, leaving the last checkpoint whole until then. */
  checkpoint(step: number, seconds: number): Promise<void>
  /** Where the run stands: steps done (0 at first) and seconds spent. */
  readonly from: { readonly step: number; readonly seconds: number }
  /** Lets signals and timers in, after a step is recorded; a clock that stands still meanwhile leaves the wait out of all seconds. */
  pause(): Promise<void>
  /** Milliseconds on a clock that never goes back. */
  now(): number
  readonly signal?: AbortSignal | undefined
  onStep?(row: MetricsRow): void
}

/** Checkpoints by the clock take at most one part in so many of the time: those of large models take long. */
const SAVING_SHARE = 20

/** Where the time of a run went, in seconds; steps of this process only. */
export interface TimeSplit {
  readonly steps: number
  /** In the loss graph; with a teacher's where `teacher` is absent. */
  readonly graph: number
  /** In the teacher's graph, where that is told apart. */
  readonly teacher?: number
  /** In the algorithm: scores, masks, effective weights. */
  readonly ticket: number
  /** Batches and pauses; without validation, samples and checkpoints. */
  readonly rest: number
  /** In saving checkpoints, beside the steps. */
  readonly checkpoints: number
}

/**
 * Runs the steps of a search (or of dense training) from where it stands to its end. An interrupted run that goes on from
 * its checkpoint reaches the same state, bit by bit: a step depends on nothing but the state, its number and the settings.
 * A step that is interrupted still does what is due with it, so that the logs are the same too.
 * @returns how the time was spent; `seconds` is of the whole run
 * @throws InputError when the loss or the state stops being finite: nothing is saved then, the last checkpoint stands.
 *   The signal's reason when it aborts, after a checkpoint of the step reached.
 */
export async function runSearch(pieces: RunPieces): Promise<{ seconds: number; split: TimeSplit }> {
  const { settings, cadence, algorithm, lossStep, from, signal } = pieces
  const { steps, beta1, beta2, epsilon, weightDecay, batch, config } = settings
  const tokensAStep = batch * config.positions
  const started = pieces.now() - from.seconds * 1000
  const elapsed = () => (pieces.now() - started) / 1000
  const split = { steps: 0, graph: 0, ticket: 0, rest: 0, checkpoints: 0 }
  let saved = from.step
  let savedAt = pieces.now()
  let saving = 0 // milliseconds that the last checkpoint took

  const save = async (step: number) => {
    const bad = firstNotFinite(algorithm.state)
    if (bad !== undefined) throw lost(`${bad} is not finite at step ${step}`, learningRateAt(settings, step), saved)
    const begun = pieces.now()
    await pieces.checkpoint(step, elapsed())
    saved = step
    savedAt = pieces.now()
    saving = savedAt - begun
    split.checkpoints += saving / 1000
  }
  const isOld = () => {
    const { checkpointSeconds } = cadence
    return checkpointSeconds > 0 && pieces.now() - savedAt >= Math.max(checkpointSeconds * 1000, SAVING_SHARE * saving)
  }
  const stopIfAsked = async (step: number) => {
    if (!signal?.aborted) return
    if (saved !== step || step === 0) await save(step)
    throw signal.reason
  }

  for (let step = from.step + 1; step <= steps; step++) {
    await stopIfAsked(step - 1)
    const begun = pieces.now()
    pieces.fillBatch(step - 1, lossStep.tokens, lossStep.targets, lossStep.counts)
    const filled = pieces.now()
    const loss = await lossStep.run()
    const ran = pieces.now()
    const learningRate = learningRateAt(settings, step)
    if (!Number.isFinite(loss))
      throw lost(`loss is ${loss} at step ${step}`, step === 1 ? undefined : learningRate, saved)
    updateOrSay(algorithm, { learningRate, beta1, beta2, epsilon, weightDecay, step }, saved)
    const ended = pieces.now()
    split.steps++
    split.graph += (ran - filled) / 1000
    split.ticket += (ended - ran) / 1000
    split.rest += (filled - begun) / 1000

    const row: MetricsRow = {
      step,
      loss,
      ...(lossStep.kl ? { kl: lossStep.kl() } : {}),
      learningRate,
      tokens: step * tokensAStep,
      seconds: elapsed(),
      tokensPerSecond: (1000 * tokensAStep) / (ended - begun),
      ...(algorithm.changed ? { flipped: algorithm.changed() } : {}),
    }
    const isLast = step === steps
    const due = (every: number) => every > 0 && step % every === 0
    const validation = due(cadence.validateEvery) && !isLast ? await pieces.validate() : undefined
    if (validation && !Number.isFinite(validation.validLoss)) {
      throw lost(`validation loss is ${validation.validLoss} at step ${step}`, learningRate, saved)
    }
    const complete = { ...row, ...validation }
    pieces.record(complete)
    pieces.onStep?.(complete)
    // The step is recorded before this pause, so a run that is stopped here has a complete step.
    const pausedAt = pieces.now()
    await pieces.pause()
    split.rest += (pieces.now() - pausedAt) / 1000
    if (pieces.sample && due(cadence.sampleEvery)) await pieces.sample(step)
    if (isLast || due(cadence.checkpointEvery) || isOld()) await save(step)
  }
  await stopIfAsked(steps)
  return { seconds: elapsed(), split }
}

/** A NaN among scores or weights ends the run as a NaN loss does. */
function updateOrSay(algorithm: Algorithm, adamw: AdamW, saved: number): void {
  try {
    algorithm.update(adamw)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw lost(`${error.message}, in step ${adamw.step}`, adamw.learningRate, saved)
  }
}

/**
 * What is said of a run that has lost its numbers: what was seen, the likely cause, and where the run may go on from.
 * @param learningRate of the step; undefined before the first update, which no rate can have caused
 * @param saved the step of the last checkpoint, 0 for none
 */
function lost(seen: string, learningRate: number | undefined, saved: number): InputError {
  const cause =
    learningRate === undefined
      ? 'before any update: the random weights are too large (initialisation, QK scale)'
      : `with a learning rate of ${learningRate}: a smaller one may help`
  const checkpoint = saved === 0 ? 'there is no checkpoint before it' : `the last good checkpoint is of step ${saved}`
  return new InputError(`${seen}, ${cause}; ${checkpoint}`)
}
