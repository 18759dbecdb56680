import type { Gpt2Config } from '../families/gpt2/config.js'
import { createPairGpt2, type MaterialisedPair, type PairGpt2 } from '../families/gpt2/pair.js'
import type { Gpt2Weights } from '../families/gpt2/weights.js'
import type { GraphRunner } from '../graph/index.js'
import type { generateWeights, Seed } from '../random/index.js'
import { materialisePair, type PairMasks } from '../ticket/index.js'

/** Masked matrices kept between forward passes, while they fit in this many bytes together. */
export const LITERAL_CACHE = 256 * 2 ** 20

/**
 * A pruned GPT-2 that runs its masks literally: both random matrices of a pair are regenerated from the seed at full
 * source width and masked, and applied one after the other.
 */
export function createLiteralGpt2(options: {
  runner: GraphRunner
  config: Gpt2Config
  dense: Gpt2Weights
  seed: Seed
  readMasks: (name: string) => Promise<PairMasks>
  generate: typeof generateWeights
}): PairGpt2 {
  const { runner, config, dense, seed, readMasks, generate } = options
  const cache = new Map<string, MaterialisedPair>()
  let cached = 0
  return createPairGpt2(runner, config, dense, async (name) => {
    const known = cache.get(name)
    if (known) return known
    const masks = await readMasks(name)
    const { inputs, hidden, outputs, divisor } = masks.spec
    const pair = { inputs, hidden, outputs, divisor, ...materialisePair(masks.spec, masks, seed, generate) }
    const bytes = pair.first.byteLength + pair.second.byteLength
    if (cached + bytes <= LITERAL_CACHE) {
      cache.set(name, pair)
      cached += bytes
    }
    return pair
  })
}
