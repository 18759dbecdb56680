import type { BaseConfig } from '../families/config.js'
import {
  createPairModel,
  type MaterialisedPair,
  type PairModel,
  type PairModelOptions,
  type PairWeights,
} from '../families/pair-model.js'
import type { PairChoice } from '../families/pair-plan.js'
import type { ModelWeights } from '../families/weights.js'
import type { GraphRunner } from '../graph/index.js'
import { getBit } from '../mask/index.js'
import type { generateWeights, Seed } from '../random/index.js'
import { materialisePair, type PairMasks } from '../ticket/index.js'

/** Masked matrices kept between forward passes, while they fit in this many bytes together. */
export const LITERAL_CACHE = 256 * 2 ** 20

/** Masks, and the source of the random weights under them. */
export interface LiteralPairs {
  readonly seed: Seed
  readMasks(name: string): Promise<PairMasks>
  /** `generateWeights` of src/random, or a faster one with the same results. */
  readonly generate: typeof generateWeights
}

/**
 * A pruned model that runs its masks literally: both random matrices of a pair are regenerated from the seed at full source width and masked,
 * and applied one after the other. Of tables and norms' vectors the units that a pass needs are made.
 * @param options.dense the parameters that are kept as they are
 * @throws as `createPairModel` does
 */
export function createLiteralModel(
  options: LiteralPairs & {
    readonly runner: GraphRunner
    readonly config: BaseConfig
    readonly choice: PairChoice
    readonly dense: ModelWeights
  } & Pick<PairModelOptions, 'expectLength'>,
): PairModel {
  const { runner, config, choice, dense, expectLength } = options
  return createPairModel({ runner, config, choice, dense, weights: literalWeights(options), expectLength })
}

/**
 * The weights of pairs under their masks.
 * @param options.keptBytes bytes of matrices that are kept once they are made, an integer >= 0; default {@link LITERAL_CACHE}
 */
export function literalWeights({
  seed,
  readMasks,
  generate,
  keptBytes = LITERAL_CACHE,
}: LiteralPairs & { readonly keptBytes?: number }): PairWeights {
  const cache = new Map<string, MaterialisedPair>()
  let cached = 0
  return {
    async matrices(name) {
      const known = cache.get(name)
      if (known) return known
      const masks = await readMasks(name)
      const { inputs, hidden, outputs, divisor } = masks.spec
      const pair = { inputs, hidden, outputs, divisor, ...materialisePair(masks.spec, masks, seed, generate) }
      const bytes = pair.first.byteLength + pair.second.byteLength
      if (cached + bytes <= keptBytes) {
        cache.set(name, pair)
        cached += bytes
      }
      return pair
    },
    async units(name, inputs) {
      const { spec, coordinate, second: mask } = await readMasks(name)
      const { hidden, outputs } = spec
      const seen = [...coordinate.keys()].filter((unit) => inputs.has(coordinate[unit]))
      const first = new Float32Array(seen.length)
      const second = new Float32Array(seen.length * outputs)
      for (const [at, unit] of seen.entries()) {
        const start = coordinate[unit] * hidden + unit
        first[at] = generate({ seed, ...spec.first, start, count: 1 })[0]
        const row = generate({ seed, ...spec.second, start: unit * outputs, count: outputs })
        for (let i = 0; i < outputs; i++) {
          if (getBit(mask, unit * outputs + i) === 1) second[at * outputs + i] = row[i]
        }
      }
      return { coordinate: Uint16Array.from(seen, (unit) => coordinate[unit]), first, second }
    },
  }
}
