/**
 * An attention of the target's own shape that comes close to a pruned one: the matrices of its heads are replaced by the closest ones of the rank
 * that they had. The query heads of a key head are taken together, for they share its key and its values.
 */
import { biasOf } from '../families/parameter.js'
import { addToBias, type DenseParameters, setColumns, setMapColumns } from './dense-parameters.js'
import { type Affine, affineOf, type MergedAttention, mapPlanOf, plansOfHead } from './merged-model.js'
import { rankFactors } from './rank-factors.js'
import { rotaryFactors } from './rotary-factors.js'

/** Fills an attention. @throws RangeError where a constant has no place */
export async function factoredAttention(merged: MergedAttention, parameters: DenseParameters): Promise<void> {
  const { query, key, heads, keyHeads, headWidth } = merged.attention
  for (const name of [query, key]) {
    const plan = mapPlanOf(merged, name)
    if (!plan) continue
    const map = affineOf(plan, await merged.merged(plan))
    setMapColumns(parameters, name, 0, map, { from: 0, count: map.columns })
  }
  const group = heads / keyHeads
  for (let keyHead = 0; keyHead < keyHeads; keyHead++) {
    const own = Array.from({ length: group }, (_, i) => keyHead * group + i)
    if (plansOfHead(merged, 'query-key', own[0]).length > 0) await setMerged(merged, own, keyHead, parameters)
    for (let frequency = 0; frequency < headWidth / 2; frequency++) {
      await setRotary(merged, own, { keyHead, frequency }, parameters)
    }
    await setValues(merged, own, keyHead, parameters)
    for (const _ of own) await merged.onHead()
  }
}

/**
 * W_Q W_K' of heads that share a key, on (d + 1) x d each: what the constant of a key adds to all logits of a query alike cancels in the softmax and
 * is left out.
 */
async function setMerged(
  merged: MergedAttention,
  heads: readonly number[],
  keyHead: number,
  parameters: DenseParameters,
): Promise<void> {
  const { query, key, headWidth: D } = merged.attention
  const plans = heads.flatMap((head) => plansOfHead(merged, 'query-key', head))
  const { inputs } = plans[0]
  const width = inputs - Number(plans[0].constant)
  const stacked = new Float64Array(plans.length * inputs * width)
  for (const [i, plan] of plans.entries()) {
    const matrix = await merged.merged(plan)
    for (let r = 0; r < inputs; r++) {
      stacked.set(matrix.subarray(r * plan.outputs, r * plan.outputs + width), (i * inputs + r) * width)
    }
  }
  const { left, right } = rankFactors(stacked, plans.length * inputs, width, D)
  for (const [i, plan] of plans.entries()) {
    const factor = Math.sqrt(D) // logits are divided by it
    const own = affineOf({ ...plan, outputs: D }, left.subarray(i * inputs * D, (i + 1) * inputs * D))
    setMapColumns(parameters, query, heads[i] * D, own, { from: 0, count: D, factor })
  }
  setMapColumns(parameters, key, keyHead * D, transposed(right, D), { from: 0, count: D })
}

/** One frequency of rotary heads that share a key. The constant coordinate is a bias. */
async function setRotary(
  merged: MergedAttention,
  heads: readonly number[],
  { keyHead, frequency }: { keyHead: number; frequency: number },
  parameters: DenseParameters,
): Promise<void> {
  const { query, key, headWidth: D } = merged.attention
  const plans = heads.flatMap((head) =>
    plansOfHead(merged, 'rotary', head).filter((plan) => plan.frequency === frequency),
  )
  if (plans.length === 0) return
  const { inputs } = plans[0]
  const stacked = new Float64Array(plans.length * inputs * 2 * inputs)
  for (const [i, plan] of plans.entries()) stacked.set(await merged.merged(plan), i * inputs * 2 * inputs)
  const factors = rotaryFactors(stacked, plans.length * inputs, inputs)
  for (const [half, values] of factors.query.entries()) {
    for (const [i, plan] of plans.entries()) {
      const own = affineOf({ ...plan, outputs: 1 }, values.subarray(i * inputs, (i + 1) * inputs))
      const at = heads[i] * D + frequency + (half * D) / 2
      setMapColumns(parameters, query, at, own, { from: 0, count: 1, factor: Math.sqrt(D) })
    }
  }
  for (const [half, values] of factors.key.entries()) {
    const own = affineOf({ ...plans[0], outputs: 1 }, values)
    setMapColumns(parameters, key, keyHead * D + frequency + (half * D) / 2, own, { from: 0, count: 1 })
  }
}

/** W_V W_O of heads that share their values, side by side. What the constant adds is a bias of the output map, or where it has none of the values. */
async function setValues(
  merged: MergedAttention,
  heads: readonly number[],
  keyHead: number,
  parameters: DenseParameters,
): Promise<void> {
  const { value, output, headWidth: D } = merged.attention
  const plans = heads.flatMap((head) => plansOfHead(merged, 'value-output', head))
  const isBias = parameters.has(biasOf(output))
  const { outputs, inputs } = plans[0]
  const rows = inputs - Number(plans[0].constant && isBias)
  const width = plans.length * outputs
  const beside = new Float64Array(rows * width)
  for (const [i, plan] of plans.entries()) {
    const matrix = await merged.merged(plan)
    for (let r = 0; r < rows; r++) beside.set(matrix.subarray(r * outputs, (r + 1) * outputs), r * width + i * outputs)
    if (isBias && plan.constant) addToBias(parameters, biasOf(output), matrix.subarray(rows * outputs))
  }
  const { left, right } = rankFactors(beside, rows, width, D)
  const values = affineOf({ ...plans[0], inputs: rows, outputs: D, constant: plans[0].constant && !isBias }, left)
  setMapColumns(parameters, value, keyHead * D, values, { from: 0, count: D })
  const map = parameters.get(output)!
  for (const [i, head] of heads.entries()) {
    const own = { shape: [D, outputs], data: map.data.subarray(head * D * outputs, (head + 1) * D * outputs) }
    setColumns(own, 0, right, { columns: width, from: i * outputs, count: outputs })
  }
}

/** [columns, rows] -> a map [rows, columns] without a constant. */
function transposed(matrix: Float64Array, columns: number): Affine {
  const rows = matrix.length / columns
  const map = new Float64Array(matrix.length)
  for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) map[r * columns + c] = matrix[c * rows + r]
  return { map, constant: undefined, rows, columns }
}
