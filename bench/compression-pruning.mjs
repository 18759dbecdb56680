// The trained model pruned by magnitude: the smallest weights of all, or of each matrix, become 0; some of it trained a little further.
import { bitEntropy } from '../dist/inspect/index.js'
import { trainFurther } from './compression-finetune.mjs'
import { lossOf } from './compression-loss.mjs'
import { changeMatrices, matricesOf } from './compression-models.mjs'
import { toFloat16 } from './compression-rounding.mjs'

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
  const { seed, config, weights } = model
  const kept = keptWeights(weights, sparsity, selection)
  const bytes = [...kept.values()].reduce((sum, flags) => {
    const ones = flags.reduce((count, flag) => count + flag, 0)
    return sum + (flags.length * bitEntropy(ones / flags.length)) / 8 + 2 * ones
  }, 0)
  const masked = changeMatrices(weights, (name, values) => values.map((value, i) => value * kept.get(name)[i]))
  checkKept(masked, sparsity)
  const found = finetune
    ? await trainFurther(engine, { seed, config, weights: masked }, data, (name, values) =>
        values.map((value, i) => value * kept.get(name)[i]),
      )
    : masked
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
