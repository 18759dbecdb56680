import { sizeOf } from '../../graph/index.js'
import { checkGpt2Config, type Gpt2Config } from './config.js'
import { type Gpt2Weights, gpt2TensorShapes, type WeightTensor } from './weights.js'

/** What draws the numbers: `generateWeights` of `src/random/`, given as an argument because models do not use that room. */
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
 * A random GPT-2 of any shape, initialised as GPT-2 is: N(0, 0.02); output projections (`c_proj`) times (2b)^(-1/2) for
 * b blocks; LayerNorm gain 1 and bias 0. The other biases, zero in GPT-2, are drawn from N(0, 0.02) as well, so that a
 * model made here exercises them. An untied `lm_head.weight` is N(0, 0.02).
 * Tensor k of `gpt2TensorShapes(config)` reads stream 2^52 + k of the seed.
 * @param seed an unsigned 64-bit integer
 */
export function randomGpt2Weights(
  config: Gpt2Config,
  seed: number | bigint,
  generateWeights: NormalSource,
): Gpt2Weights {
  checkGpt2Config(config)
  const projection = std / Math.sqrt(2 * config.layers)
  const weights = new Map<string, WeightTensor>()
  let stream = firstTargetStream
  for (const [name, shape] of gpt2TensorShapes(config)) {
    const count = sizeOf(shape)
    const init = { kind: 'normal' as const, std: name.endsWith('.c_proj.weight') ? projection : std }
    const data = /\.ln_(1|2|f)\./.test(name)
      ? new Float32Array(count).fill(name.endsWith('.weight') ? 1 : 0)
      : generateWeights({ seed, stream, init, count })
    weights.set(name, { shape, data })
    stream++
  }
  return weights
}
