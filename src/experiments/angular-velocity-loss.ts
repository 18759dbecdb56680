/** The angular-velocity model on the memory of a training run: loss and gradients of batches, and predictions. */
import {
  type AngularVelocityBatch,
  type AngularVelocitySet,
  createAngularVelocityBatch,
  fillAngularVelocityBatch,
} from '../data/angular-velocity-sets.js'
import { encodeModel, float32, type GraphRunner, type Tensor } from '../graph/index.js'
import type { ParameterMemory } from '../kernels/index.js'
import {
  type AngularVelocityWidths,
  angularVelocityGradientGraph,
  angularVelocityGraph,
  angularVelocityParameters,
} from '../paper/angular-velocity-model.js'

/** A whole set as one batch, made once: sines and cosines anew for every batch would double the time of a training. */
export function wholeSet(set: AngularVelocitySet): AngularVelocityBatch {
  const whole = createAngularVelocityBatch(set.count, set.longest)
  fillAngularVelocityBatch(
    set,
    Int32Array.from({ length: set.count }, (_, i) => i),
    whole,
  )
  return whole
}

/** Loss and gradients of batches, and predictions. */
export interface AngularVelocityLoss {
  /**
   * Mean squared error over some sequences of a whole set; its gradients then lie in the memory.
   * @param sequences indices in the set, 1 to B of them
   */
  step(whole: AngularVelocityBatch, sequences: ArrayLike<number>): Promise<number>
  /** Predictions for all sequences of a whole set, radians a step, [count]. */
  predict(whole: AngularVelocityBatch): Promise<Float64Array>
  release(): Promise<void>
}

/**
 * @param memory holds `angularVelocityParameters(widths)` as dense parameters
 * @param batch B, integer >= 1
 * @param length T, the greatest length of every set that is asked about
 */
export async function createAngularVelocityLoss(
  runner: GraphRunner,
  widths: AngularVelocityWidths,
  memory: ParameterMemory,
  batch: number,
  length: number,
): Promise<AngularVelocityLoss> {
  const into = createAngularVelocityBatch(batch, length)
  const loss = new Float32Array(1)
  const predictions = new Float32Array(batch)
  const shapes = angularVelocityParameters(widths)
  const feeds: Record<string, Tensor> = {
    inputs: float32([batch, length, 2], into.inputs),
    mask: float32([batch, length], into.mask),
    ...Object.fromEntries(shapes.map(({ name, shape }) => [name, float32(shape, memory.matrix(name).effective)])),
  }
  const judged = { targets: float32([batch], into.targets), weights: float32([batch], into.weights) }
  const found = Object.fromEntries(
    shapes.map(({ name, shape }) => [`d.${name}`, float32(shape, memory.matrix(name).gradient)]),
  )
  const learning = await runner.load(encodeModel(angularVelocityGradientGraph(widths, batch, length)))
  const predicting = await runner.load(encodeModel(angularVelocityGraph(widths, batch, length)))
  const learn = learning.bind({ ...feeds, ...judged }, { loss: float32([], loss), ...found })
  const predict = predicting.bind(feeds, { predictions: float32([batch], predictions) })
  const fill = (whole: AngularVelocityBatch, sequences: ArrayLike<number>): void => {
    into.weights.fill(0)
    for (let row = 0; row < sequences.length; row++) {
      for (const name of ['inputs', 'mask', 'targets', 'weights'] as const) {
        const size = into[name].length / batch
        into[name].set(whole[name].subarray(sequences[row] * size, (sequences[row] + 1) * size), row * size)
      }
    }
  }
  return {
    async step(whole, sequences) {
      fill(whole, sequences)
      await learn()
      return loss[0]
    },
    async predict(whole) {
      const all = new Float64Array(whole.targets.length)
      for (let from = 0; from < all.length; from += batch) {
        const count = Math.min(batch, all.length - from)
        fill(
          whole,
          Int32Array.from({ length: count }, (_, i) => from + i),
        )
        await predict()
        all.set(predictions.subarray(0, count), from)
      }
      return all
    },
    async release() {
      await learning.release()
      await predicting.release()
    },
  }
}
