/**
 * An attention of a dense model that computes exactly what a pruned one does. A pruned head is softmax(x~ M x~') x~ N with x~ = [x, 1]. The pruning
 * error makes N, and where heads are merged M, of full rank: a head as narrow as the target's cannot hold them. So as many heads stand for one as are
 * together as wide as x. Each has the same scores and a part of the coordinates: q = x~ M, k = x, v = its part of x, and the output map is N. The
 * column of M that meets the constant of the keys is left out: it adds the same to all logits of a query, which cancels in the softmax.
 */
import { biasOf } from '../families/parameter.js'
import type { AttentionSpec } from '../families/port.js'
import { addToBias, type DenseParameters, setMapColumns } from './dense-parameters.js'
import { type Affine, affineOf, type MergedAttention, mapPlanOf, plansOfHead } from './merged-model.js'

/** A head of the pruned model, and one of those of the exact model that stand for it. */
interface Place {
  readonly head: number
  readonly keyHead: number
  /** Which part of the coordinates. */
  readonly part: number
  /** Its number in the exact model, and that of its key head. */
  readonly own: number
  readonly ownKey: number
}

/**
 * Fills an attention of the exact model.
 * @param to the attention of `fullRank(config)`
 * @throws RangeError where a constant has no place
 */
export async function exactAttention(
  merged: MergedAttention,
  to: AttentionSpec,
  parameters: DenseParameters,
): Promise<void> {
  const { heads, keyHeads } = merged.attention
  const parts = to.heads / heads
  const group = heads / keyHeads
  const maps = await queryAndKey(merged)
  for (let head = 0; head < heads; head++) {
    const keyHead = Math.floor(head / group)
    const places = Array.from({ length: parts }, (_, part): Place => {
      const ownKey = keyHead * parts + part
      return { head, keyHead, part, own: ownKey * group + (head % group), ownKey }
    })
    await setScores(merged, maps, places, to, parameters)
    await setValues(merged, places, to, parameters)
    await merged.onHead()
  }
}

/** The maps of queries and keys; undefined where each head is a pair. */
async function queryAndKey(merged: MergedAttention): Promise<readonly [Affine, Affine] | undefined> {
  const [query, key] = [merged.attention.query, merged.attention.key].map((name) => mapPlanOf(merged, name))
  return query && key && [affineOf(query, await merged.merged(query)), affineOf(key, await merged.merged(key))]
}

async function setScores(
  merged: MergedAttention,
  maps: readonly [Affine, Affine] | undefined,
  places: readonly Place[],
  to: AttentionSpec,
  parameters: DenseParameters,
): Promise<void> {
  const { attention } = merged
  const { headWidth: D } = to
  const [{ head, keyHead }] = places
  if (maps) {
    const count = attention.headWidth
    const factor = Math.sqrt(D / count) // logits are divided by the root of the head's own width
    const [queries, keys] = maps
    for (const { own, ownKey } of places) {
      setMapColumns(parameters, to.query, own * D, queries, { from: head * count, count, factor })
      setMapColumns(parameters, to.key, ownKey * D, keys, { from: keyHead * count, count })
    }
    return
  }
  const [plan] = plansOfHead(merged, 'query-key', head)
  const scores = affineOf(plan, await merged.merged(plan))
  for (const { own, ownKey } of places) {
    setMapColumns(parameters, to.query, own * D, scores, { from: 0, count: scores.rows, factor: Math.sqrt(D) })
    setUnits(parameters, to.key, { row: 0, column: ownKey * D, count: scores.rows })
  }
}

/** v = x, a part of it in each head, and the output map is N. The weights of a query sum to 1, so the row of the constant is a bias. */
async function setValues(
  merged: MergedAttention,
  places: readonly Place[],
  to: AttentionSpec,
  parameters: DenseParameters,
): Promise<void> {
  const { headWidth: D } = to
  const [plan] = plansOfHead(merged, 'value-output', places[0].head)
  const matrix = await merged.merged(plan)
  const { constant, rows, columns } = affineOf(plan, matrix)
  const isBias = parameters.has(biasOf(to.output))
  const needed = rows + Number(constant !== undefined && !isBias)
  const ones = parameters.get(biasOf(to.value))?.data // of a coordinate that is always 1
  if (places.length * D < needed || (needed > rows && !ones)) {
    throw new RangeError(`${to.name} expected room for ${needed} coordinates a head, got ${places.length * D}`)
  }
  const output = parameters.get(to.output)!
  const width = output.shape[1]
  if (isBias && constant) addToBias(parameters, biasOf(to.output), constant)
  for (const { part, own, ownKey } of places) {
    const first = part * D
    setUnits(parameters, to.value, { row: first, column: ownKey * D, count: Math.min(D, rows - first) })
    for (let i = 0; i < D; i++) {
      const row = first + i
      if (row >= needed) break
      for (let c = 0; c < width; c++) output.data[(own * D + i) * width + c] = matrix[row * columns + (c % columns)]
      if (row === rows) ones![ownKey * D + i] = 1
    }
  }
}

/** Makes some columns of a map copies of its inputs from `row` on. */
function setUnits(
  parameters: DenseParameters,
  name: string,
  { row, column, count }: { row: number; column: number; count: number },
): void {
  const { shape, data } = parameters.get(name)!
  for (let i = 0; i < count; i++) data[(row + i) * shape[1] + column + i] = 1
}
