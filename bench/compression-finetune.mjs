// Trains a dense model a little further while its weights are used bent: pruned, or rounded. Gradients are those at the bent weights, and move
// the unbent ones (straight-through).

import { loadKernels } from '../dist/engine/node.js'
import { matricesOf, storedTensors, weightsOf } from '../dist/families/index.js'
import { createDenseStep } from '../dist/kernels/dense-step.js'
import { openSearchSession } from '../dist/search/session.js'
import { chooseSettings } from '../dist/search/settings.js'

export const FINETUNE_STEPS = 300
const FINETUNE_RATE = 3e-4

/**
 * At a constant rate, on batches that no model's training drew.
 * @param bend gives the values that a Hugging Face matrix is used with: (name, values, shape) -> values
 * @returns the bent weights at the end
 */
export async function trainFurther({ runner }, { seed, config, weights }, corpus, bend) {
  const { width, heads } = config
  const settings = chooseSettings(
    {
      kind: 'train',
      model: 'micro',
      width: `${width}`,
      heads,
      steps: FINETUNE_STEPS,
      dataSeed: 1n + 1000n * BigInt(seed),
    },
    { name: 'bytes', vocabulary: config.vocabulary },
  )
  const session = await openSearchSession(settings, corpus, runner, loadKernels)
  const { memory, lossStep } = session
  try {
    const own = (name) => memory.matrix(name).effective
    const places = matricesOf(config).map(({ name, shape }) => placeOf(name, shape, width))
    const load = (all) => {
      for (const { name, take } of places) take(own(name), (hf) => all.get(hf).data)
    }
    const bent = () => {
      const held = weightsOf(matricesOf(config), (name) => own(name).slice())
      const now = storedTensors(config, held)
      for (const [name, { shape, data }] of now) {
        if (shape.length === 2) now.set(name, { shape, data: bend(name, data, shape) })
      }
      return now
    }
    load(weights)
    const step = createDenseStep(memory.dense)
    const { beta1, beta2, epsilon, weightDecay } = settings
    for (let n = 1; n <= FINETUNE_STEPS; n++) {
      const straight = places.map(({ name }) => own(name).slice())
      load(bent())
      session.fillBatch(n - 1, lossStep.tokens, lossStep.targets)
      const loss = await lossStep.run()
      if (!Number.isFinite(loss)) throw new Error(`loss is ${loss} in step ${n} of training further`)
      for (const [i, { name }] of places.entries()) own(name).set(straight[i])
      step.update({ learningRate: FINETUNE_RATE, beta1, beta2, epsilon, weightDecay, step: n })
    }
    return bent()
  } finally {
    await session.release()
  }
}

/** Where a matrix lies among the Hugging Face weights: queries, keys and values stand side by side there. */
function placeOf(name, [rows, columns], width) {
  const letter = /attn\.([qkv])$/.exec(name)?.[1]
  const hf = letter ? `transformer.${name.replace(/[qkv]$/, 'c_attn')}.weight` : `transformer.${name}.weight`
  const offset = letter ? 'qkv'.indexOf(letter) * width : 0
  const stride = letter ? 3 * width : columns
  const take = (into, valuesOf) => {
    const values = valuesOf(hf)
    for (let row = 0; row < rows; row++) {
      into.set(values.subarray(row * stride + offset, row * stride + offset + columns), row * columns)
    }
  }
  return { name, take }
}
