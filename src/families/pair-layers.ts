/** The layers of a pruned model of which a pass needs few hidden units: rows of tables, gains and shifts of norms. */
import type { PairPlan } from './pair-plan.js'

/** The two masked random matrices that stand for one matrix, written out: y = (x first) second / divisor. */
export interface MaterialisedPair {
  readonly inputs: number
  readonly hidden: number
  readonly outputs: number
  /** [inputs, hidden], row-major, zero where masked. */
  readonly first: Float32Array
  /** [hidden, outputs], row-major, zero where masked. */
  readonly second: Float32Array
  /** What the product is divided by: the root of the source width for query-key and rotary pairs, 1 otherwise. */
  readonly divisor: number
}

/** Hidden units with the weights that their masks leave them. */
export interface SeenUnits {
  /** The input that each unit sees, [m]. */
  readonly coordinate: Uint16Array
  /** Its first weight, [m]. */
  readonly first: Float32Array
  /** Its second weights, zero where masked, [m, outputs]. */
  readonly second: Float32Array
}

/** Gives the pairs of a pruned model by name. */
export interface PairWeights {
  /** Both matrices of a pair. Asked again on every pass. */
  matrices(name: string): Promise<MaterialisedPair>
  /** The hidden units of a pair that see some of its inputs, in their order. */
  units(name: string, inputs: ReadonlySet<number>): Promise<SeenUnits>
}

/** Rows of tables are kept between passes, up to this many bytes. */
const KEPT_ROWS = 2 ** 26

/** The layers of a model, on what a source gives. */
export interface PairLayers {
  /** Both matrices of a pair, checked. @throws RangeError for sizes that do not fit the plan */
  matrices(plan: PairPlan): Promise<MaterialisedPair>
  /** Rows of a table by their numbers: a one-hot input through the pair of its block. */
  rows(
    blocks: readonly (PairPlan & { part: 'table' })[],
    numbers: readonly number[],
  ): Promise<ReadonlyMap<number, Float32Array>>
  /** x [N, d] through the units of a diagonal map, each of which reads and writes one coordinate. */
  scaled(plan: PairPlan, x: Float32Array): Promise<Float32Array>
  /** x [N, d] plus what the units make of a constant 1. */
  shifted(plan: PairPlan, x: Float32Array): Promise<Float32Array>
}

export function createPairLayers(weights: PairWeights): PairLayers {
  const rows = new Map<string, Float32Array>()
  let keptBytes = 0
  const vectors = new Map<string, SeenUnits>()
  const allUnits = async ({ name, inputs }: PairPlan): Promise<SeenUnits> => {
    const known = vectors.get(name)
    if (known) return known
    const units = await weights.units(name, new Set(Array(inputs).keys()))
    vectors.set(name, units)
    return units
  }
  return {
    async matrices(plan) {
      const pair = await weights.matrices(plan.name)
      checkPair(plan, pair)
      return pair
    },
    async rows(blocks, numbers) {
      const found = new Map<number, Float32Array>()
      for (const { name, from, inputs, outputs } of blocks) {
        const here = numbers.filter((row) => row >= from && row < from + inputs)
        const missing: number[] = []
        for (const row of here) {
          const known = rows.get(`${name} ${row}`)
          if (known) found.set(row, known)
          else missing.push(row - from)
        }
        if (missing.length === 0) continue
        if (keptBytes > KEPT_ROWS) {
          rows.clear()
          keptBytes = 0
        }
        for (const [row, sum] of sumsOf(await weights.units(name, new Set(missing)), missing, outputs)) {
          rows.set(`${name} ${row + from}`, sum)
          found.set(row + from, sum)
          keptBytes += sum.byteLength
        }
      }
      return found
    },
    async scaled(plan, x) {
      const { coordinate, first, second } = await allUnits(plan)
      const y = new Float64Array(x.length)
      for (let from = 0; from < x.length; from += plan.inputs) {
        for (let unit = 0; unit < coordinate.length; unit++) {
          const at = from + coordinate[unit]
          y[at] += x[at] * first[unit] * second[unit]
        }
      }
      return Float32Array.from(y)
    },
    async shifted(plan, x) {
      const width = plan.outputs
      const shift = sumsOf(await allUnits(plan), [0], width).get(0)!
      return x.map((value, i) => value + shift[i % width])
    },
  }
}

/** What a 1 at each of some inputs gives: float32 [outputs] each. */
function sumsOf(
  { coordinate, first, second }: SeenUnits,
  inputs: readonly number[],
  outputs: number,
): Map<number, Float32Array> {
  const sums = new Map(inputs.map((input) => [input, new Float64Array(outputs)]))
  for (let unit = 0; unit < coordinate.length; unit++) {
    const sum = sums.get(coordinate[unit])!
    for (let i = 0; i < outputs; i++) sum[i] += first[unit] * second[unit * outputs + i]
  }
  return new Map([...sums].map(([input, sum]) => [input, Float32Array.from(sum)]))
}

function checkPair({ name, inputs, outputs }: PairPlan, pair: MaterialisedPair): void {
  const { hidden, first, second } = pair
  if (pair.inputs !== inputs || pair.outputs !== outputs) {
    throw new RangeError(
      `pair ${name} expected ${inputs} inputs and ${outputs} outputs, got ${pair.inputs} and ${pair.outputs}`,
    )
  }
  if (first.length !== inputs * hidden || second.length !== hidden * outputs) {
    throw new RangeError(
      `pair ${name} expected ${inputs * hidden} and ${hidden * outputs} weights, got ${first.length} and ${second.length}`,
    )
  }
}
