import { type MaskParameters, PROBABILITY_ONE, priors } from './parameters.js'

/** Parameters are chosen on about so many bits. */
export const SAMPLE = 2 ** 18

/**
 * The parameters that make a sample shortest, found greedily: contexts first, then what to follow of columns, then of lines, each as the
 * ones before it are settled. Of equal ones the first is taken, so that every machine chooses the same.
 * @param lanes of the stream, 1 or 8
 * @param hasScores whether contexts can be made
 * @param costOf what the sample costs, as {@link costOfBit} counts
 */
export function chooseParameters(
  lanes: MaskParameters['lanes'],
  hasScores: boolean,
  costOf: (parameters: MaskParameters) => number,
): MaskParameters {
  const off = priors.length - 1
  let best: MaskParameters = { contextBits: 0, columnPrior: off, linePrior: off, lanes }
  let least = Number.POSITIVE_INFINITY
  const settle = (candidates: MaskParameters[]) => {
    for (const candidate of candidates) {
      const cost = costOf(candidate)
      if (cost >= least) continue
      least = cost
      best = candidate
    }
  }
  settle((hasScores ? [0, 2, 3, 4, 5, 6, 7] : [0]).map((contextBits) => ({ ...best, contextBits })))
  settle(priors.map((_, columnPrior) => ({ ...best, columnPrior })))
  settle(priors.map((_, linePrior) => ({ ...best, linePrior })))
  return best
}

/**
 * What a bit costs in 4096ths of a bit: an integer, so that machines agree on what is shorter.
 * @param probability that it is one, of 4096
 */
export const costOfBit = (bit: number, probability: number): number =>
  costs[bit ? probability : PROBABILITY_ONE - probability]

const costs = Float64Array.from({ length: PROBABILITY_ONE + 1 }, (_, p) =>
  Math.round(-Math.log2(Math.max(p, 1) / PROBABILITY_ONE) * 4096),
)
