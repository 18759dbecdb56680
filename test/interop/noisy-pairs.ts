import type { BaseConfig } from '../../src/families/config.js'
import { createPairModel, type PairModel } from '../../src/families/pair-model.js'
import { denseParameters, type PairChoice, type PairPlan, pairPlans } from '../../src/families/pair-plan.js'
import { pairTarget } from '../../src/families/pair-target.js'
import type { ModelWeights } from '../../src/families/weights.js'
import type { GraphRunner } from '../../src/graph/index.js'
import type { MergedModel } from '../../src/interop/index.js'
import { normal } from '../../src/random/index.js'

/**
 * A model's pairs as pruning leaves them: targets with errors in every entry, so that heads are of full rank. As a merged model, and as the literal
 * network of the same pairs.
 * @param noise standard deviation of an error, to the largest entry of its matrix
 */
export function noisyPairs(
  runner: GraphRunner,
  config: BaseConfig,
  choice: PairChoice,
  weights: ModelWeights,
  noise: number,
): { merged: MergedModel; literal: PairModel } {
  const plans = new Map(pairPlans(config, choice).map((plan) => [plan.name, plan]))
  const matrices = new Map<string, Float64Array>()
  for (const [i, [name, plan]] of [...plans].entries()) {
    const target = pairTarget(plan, weights)
    const errors = normal(9, i, target.length)
    const size = target.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    matrices.set(
      name,
      Float64Array.from(target, (value, at) => Math.fround(value + noise * size * errors[at])),
    )
  }
  const dense: ModelWeights = new Map(
    denseParameters(config, choice.dense).map(({ name }) => [name, weights.get(name)!]),
  )
  const literal = createPairModel({
    runner,
    config,
    choice,
    dense,
    weights: {
      async matrices(name) {
        const { inputs, outputs } = plans.get(name)!
        const first = new Float32Array(inputs * inputs)
        for (let i = 0; i < inputs; i++) first[i * inputs + i] = 1
        return { inputs, hidden: inputs, outputs, first, second: Float32Array.from(matrices.get(name)!), divisor: 1 }
      },
      async units(name, inputs) {
        const { outputs } = plans.get(name)!
        const seen = [...inputs]
        return {
          coordinate: Uint16Array.from(seen),
          first: new Float32Array(seen.length).fill(1),
          second: Float32Array.from(seen.flatMap((input) => [...rowOf(matrices.get(name)!, input, outputs)])),
        }
      },
    },
  })
  return { merged: { config, choice, dense, merged: async (plan: PairPlan) => matrices.get(plan.name)! }, literal }
}

const rowOf = (matrix: Float64Array, row: number, columns: number) =>
  matrix.subarray(row * columns, (row + 1) * columns)
