/** How far the sentence embeddings of a pruned encoder are from its target's. */
import type { Encoder } from '../families/language-model.js'
import type { Sequences } from './compare-predictions.js'
import { type Quantiles, quantilesOf } from './quantiles.js'

/** What was found at some texts. */
export interface EmbeddingDifference {
  /** 1 - cosine of the two embeddings of a text, each the mean of the hidden states of its tokens; 0 of two zero vectors, 1 of one. */
  readonly distance: { readonly mean: number } & Quantiles
  /** Largest |difference| of two numbers of hidden states. */
  readonly largest: number
}

/** Runs both encoders over the texts. */
export async function compareEmbeddings(
  target: Encoder,
  model: Encoder,
  { tokens, batch, length }: Sequences,
): Promise<EmbeddingDifference> {
  const wanted = await target.hidden(tokens, batch, length) // [B, T, d]
  const found = await model.hidden(tokens, batch, length)
  const distances = new Float64Array(batch)
  const size = wanted.length / batch
  const width = size / length
  let largest = 0
  for (let i = 0; i < wanted.length; i++) largest = Math.max(largest, Math.abs(wanted[i] - found[i]))
  for (let text = 0; text < batch; text++) {
    const [a, b] = [wanted, found].map((all) => summed(all.subarray(text * size, (text + 1) * size), width))
    const [ofA, ofB] = [a, b].map((sum) => Math.sqrt(product(sum, sum)))
    if (ofA === 0 || ofB === 0) distances[text] = ofA === ofB ? 0 : 1
    else distances[text] = 1 - product(a, b) / ofA / ofB
  }
  return {
    distance: { mean: distances.reduce((sum, one) => sum + one, 0) / batch, ...quantilesOf(distances) },
    largest,
  }
}

/** The sum of the rows of [T, d]: a cosine does not tell it from the mean. */
function summed(rows: Float32Array, width: number): Float64Array {
  const sum = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) sum[i % width] += rows[i]
  return sum
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
