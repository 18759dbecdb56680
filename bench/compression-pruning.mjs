// The trained model pruned by magnitude: the smallest weights of all, or of each matrix, become 0; some of it trained a little further.
import { bitEntropy } from '../dist/inspect/index.js'
import { createDenseStep } from '../dist/kernels/dense-step.js'
import { gpt2Matrices } from '../dist/model/gpt2-matrices.js'
import { openSearchSession } from '../dist/runtime/search-session.js'
import { huggingFaceWeights } from '../dist/search/hugging-face-weights.js'
import { chooseSettings } from '../dist/search/settings.js'
import { lossOf } from './compression-loss.mjs'
import { changeMatrices, matricesOf } from './compression-models.mjs'
import { toFloat16 } from './compression-rounding.mjs'

export const FINETUNE_STEPS = 300
const FINETUNE_RATE = 3e-4

/** Whether each weight of each matrix stays, uint8. @param selection `global` or `per-matrix` @param sparsity part that goes */
function keptWeights(weights, sparsity, selection) {
  const matrices = matricesOf(weights)
  const thresholdOf = (lists) => {
    const sizes = Float32Array.from(
      lists.flatMap((data) => [...data]),
      Math.abs,
    ).sort()
    return sizes[Math.floor(sparsity * sizes.length)]
  }
  const everywhere = selection === 'global' ? thresholdOf(matrices.map(([, { data }]) => data)) : undefined
  return new Map(
    matrices.map(([name, { data }]) => {
      const least = everywhere ?? thresholdOf([data])
      return [name, Uint8Array.from(data, (value) => Number(Math.abs(value) >= least))]
    }),
  )
}

/** @returns bytes (masks at their entropy, kept weights in float16) and loss, right away and, where asked for, after training on */
export async function prunedModel(engine, model, { sparsity, selection, finetune }, data, text, windows) {
  const { config, weights } = model
  const kept = keptWeights(weights, sparsity, selection)
  const bytes = [...kept.values()].reduce((sum, flags) => {
    const ones = flags.reduce((count, flag) => count + flag, 0)
    return sum + (flags.length * bitEntropy(ones / flags.length)) / 8 + 2 * ones
  }, 0)
  const masked = changeMatrices(weights, (name, values) => values.map((value, i) => value * kept.get(name)[i]))
  checkKept(masked, sparsity)
  const found = finetune ? await trainedOn(engine, model, masked, kept, data) : masked
  checkKept(found, sparsity)
  const rounded = changeMatrices(found, (_, values) => toFloat16(values))
  return { bytes: Math.ceil(bytes), loss: await lossOf(engine, { config, weights: rounded }, text, windows) }
}

function checkKept(weights, sparsity) {
  const all = matricesOf(weights).map(([, { data }]) => data)
  const count = all.reduce((sum, { length }) => sum + length, 0)
  const zeros = all.reduce((sum, data) => sum + data.reduce((more, value) => more + Number(value === 0), 0), 0)
  if (Math.abs(zeros / count - sparsity) > 0.001)
    throw new Error(`${zeros} of ${count} weights are 0, expected ${sparsity} of them`)
}

/** Trains what is left further at a constant rate, on batches that its training did not see; what was pruned stays 0. */
async function trainedOn({ runner }, { config }, start, kept, corpus) {
  const settings = chooseSettings(
    { kind: 'train', model: 'micro', steps: FINETUNE_STEPS, dataSeed: 1n },
    { name: 'bytes', vocabulary: config.vocabulary },
  )
  const session = await openSearchSession(settings, corpus, runner)
  const { memory, lossStep } = session
  try {
    const parts = gpt2Matrices(config).map(({ name, shape }) => partOf(name, shape, config.width))
    for (const { name, copy } of parts) copy(memory.matrix(name).effective, (hf) => start.get(hf).data)
    const masks = parts.map(({ name, copy }) => {
      const flags = new Uint8Array(memory.matrix(name).count)
      copy(flags, (hf) => kept.get(hf))
      return { effective: memory.matrix(name).effective, flags }
    })
    const step = createDenseStep(memory.dense)
    const { beta1, beta2, epsilon, weightDecay } = settings
    for (let n = 1; n <= FINETUNE_STEPS; n++) {
      session.fillBatch(n - 1, lossStep.tokens, lossStep.targets)
      await lossStep.run()
      step.update({ learningRate: FINETUNE_RATE, beta1, beta2, epsilon, weightDecay, step: n })
      for (const { effective, flags } of masks)
        for (let i = 0; i < flags.length; i++) if (flags[i] === 0) effective[i] = 0
    }
    return huggingFaceWeights(settings, (name) => memory.matrix(name).effective.slice())
  } finally {
    await session.release()
  }
}

/** Where a matrix lies among the Hugging Face weights: queries, keys and values stand side by side there. */
function partOf(name, [rows, columns], width) {
  const letter = /attn\.([qkv])$/.exec(name)?.[1]
  const own = letter ? `transformer.${name.replace(/[qkv]$/, 'c_attn')}.weight` : `transformer.${name}.weight`
  const offset = letter ? 'qkv'.indexOf(letter) * width : 0
  const stride = letter ? 3 * width : columns
  const copy = (into, valuesOf) => {
    const values = valuesOf(own)
    for (let row = 0; row < rows; row++) {
      into.set(values.subarray(row * stride + offset, row * stride + offset + columns), row * columns)
    }
  }
  return { name, copy }
}
