import { sizeOf } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { checkConfig, familyOf } from './family.js'
import { parametersIn } from './hugging-face.js'
import type { ModelWeights, WeightTensor } from './weights.js'

/** What draws the numbers: `generateWeights` of `src/random/`, given as an argument because families do not use that room. */
export type NormalSource = (request: {
  seed: number | bigint
  stream: number
  init: { kind: 'normal'; std: number }
  count: number
}) => Float32Array

/** Streams of random targets start here, far from those of random sources, so that one seed may serve both. */
export const firstTargetStream = 2 ** 52

/** GPT-2's standard deviation (Radford et al. 2019). */
const std = 0.02

/**
 * A random model of any shape, initialised as GPT-2 is: N(0, 0.02); the maps that end a residual branch times (2b)^(-1/2) for b blocks; gains
 * of norms 1 and shifts 0. Biases, zero in GPT-2, are drawn from N(0, 0.02) as well, so that a model made here exercises them.
 * Tensor k of the family's Hugging Face layout reads stream 2^52 + k of the seed, as it is stored there.
 * @param seed an unsigned 64-bit integer
 */
export function randomModelWeights(
  config: BaseConfig,
  seed: number | bigint,
  generateWeights: NormalSource,
): ModelWeights {
  checkConfig(config)
  const family = familyOf(config)
  const kinds = new Map(family.parameters(config).map((parameter) => [parameter.name, parameter]))
  const weights = new Map<string, WeightTensor>()
  for (const [k, recipe] of family.huggingFace.tensors(config).entries()) {
    const count = sizeOf(recipe.shape)
    const parameter = kinds.get(recipe.parts[0])!
    const isBranchEnd =
      parameter.kind === 'matrix' && ['attention-output', 'feed-forward-output'].includes(parameter.role)
    const init = { kind: 'normal' as const, std: isBranchEnd ? std / Math.sqrt(2 * config.layers) : std }
    const isNorm = parameter.kind === 'gain' || parameter.kind === 'shift'
    const data = isNorm
      ? new Float32Array(count).fill(parameter.kind === 'gain' ? 1 : 0)
      : generateWeights({ seed, stream: firstTargetStream + k, init, count })
    for (const [name, tensor] of parametersIn(recipe, data, config)) weights.set(name, tensor)
  }
  return weights
}
