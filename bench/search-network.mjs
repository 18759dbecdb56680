import { loadKernels } from '../dist/engine/node.js'
import { matricesOf } from '../dist/families/index.js'
import { gradientGraph } from '../dist/families/loss-graph.js'
import { allocateParameters } from '../dist/kernels/index.js'
import { keptCount } from '../dist/mask/index.js'
import { createDenseTraining } from '../dist/search/dense-training.js'
import { integerLevels } from '../dist/search/integer-matrices.js'
import { createLossStep, lossArrays, modelParameters } from '../dist/search/loss-step.js'
import { createMaskSearch } from '../dist/search/mask-search.js'
import { fillRandomNetwork } from '../dist/search/random-network.js'
import { chooseSettings } from '../dist/search/settings.js'
import { flopsOfGraph, flopsOfStep } from './search-flops.mjs'

/**
 * A random GPT-2 in memory with its graph and its algorithm, as `slt search` or `slt train` sets it up.
 * @param kind `edge-popup` or `dense`
 * @param model sizes, activation, fraction kept and arithmetic: `float32` or `int8`
 */
export async function openNetwork(runner, kind, model) {
  const { layers, width, heads, length, batch, vocabulary, activation, keep, arithmetic } = model
  const isSearch = kind === 'edge-popup'
  const choice = { kind: isSearch ? 'search' : 'train', model: 'tiny', context: length, activation, arithmetic }
  const settings = chooseSettings(
    {
      ...choice,
      ...(isSearch ? { algorithm: 'edge-popup', keep } : {}),
      layers,
      width: `${width}`,
      heads,
      batch,
      seed: 1n,
    },
    { name: 'bench', vocabulary },
  )
  const lossModel = {
    config: settings.config,
    norms: settings.norms,
    integerLevels: settings.arithmetic === 'int8' ? integerLevels(settings) : undefined,
  }
  const parameters = modelParameters(settings, isSearch ? 'ticket' : 'dense')
  const memory = await allocateParameters(loadKernels, parameters, lossArrays(lossModel, batch, length))
  fillRandomNetwork(memory, settings)
  const algorithm = isSearch ? createMaskSearch(memory, settings) : createDenseTraining(memory, settings)
  const lossStep = await createLossStep(runner, lossModel, memory, batch, length)
  const { config, beta1, beta2, epsilon, weightDecay } = settings
  const adamw = { learningRate: isSearch ? 1e-2 : 1e-3, beta1, beta2, epsilon, weightDecay }
  const losses = []
  let step = 0

  return {
    /** A text in which each token leaves four choices for the next. */
    fillBatch() {
      const { tokens, targets } = lossStep
      for (let b = 0; b < batch; b++) {
        let token = Math.floor(Math.random() * vocabulary)
        for (let i = b * length; i < (b + 1) * length; i++) {
          tokens[i] = token
          token = (token * 5 + Math.floor(Math.random() * 4)) % vocabulary
          targets[i] = token
        }
      }
    },
    loss: async () => losses.push(await lossStep.run()),
    update: () => algorithm.update({ ...adamw, step: ++step }),
    /** What was found wrong is thrown: a mask that does not keep exactly its number, a loss that is no number. */
    report() {
      const graph = gradientGraph(settings, batch, length, { fused: runner.prefersFused, rows: 'outside' })
      const flops = flopsOfGraph(graph)
      const [least, most] = [(length + 1) / 2, length].map((keys) => flopsOfStep(config, batch, length, keys))
      if (flops < least || flops > most) throw new Error(`the graph has ${flops} FLOP, expected ${least} to ${most}`)
      if (isSearch) for (const matrix of memory.tickets) checkMask(matrix, algorithm.ticket, keep)
      if (!losses.every(Number.isFinite)) throw new Error(`losses: ${losses.join(', ')}`)
      const weights = matricesOf(config).reduce((sum, { shape: [rows, columns] }) => sum + rows * columns, 0)
      return { flops, causalFlops: least, weights, firstLoss: losses[0], lastLoss: losses.at(-1) }
    },
  }
}

/** Exactly k bits are set, the bits are those of the k largest |scores|, and the effective weights are the masked ones. */
function checkMask({ name, count, scores, weights, effective }, ticket, keep) {
  const bits = ticket.mask(name)
  const isKept = (i) => (bits[i >> 3] >> (i & 7)) & 1
  let kept = 0
  let [least, most] = [Infinity, 0]
  for (let i = 0; i < count; i++) {
    kept += isKept(i)
    if (isKept(i)) least = Math.min(least, Math.abs(scores[i]))
    else most = Math.max(most, Math.abs(scores[i]))
    if (effective[i] !== (isKept(i) ? weights[i] : 0)) throw new Error(`${name}: weight ${i} is not the masked one`)
  }
  if (kept !== keptCount(count, keep) || kept !== ticket.kept(name)) throw new Error(`${name} keeps ${kept} weights`)
  if (most > least) throw new Error(`${name} drops a score of ${most} and keeps one of ${least}`)
}
