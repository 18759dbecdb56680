import { createDenseModel, familyOf, type LossModel, lossParameters, weightsOf } from '../families/index.js'
import type { GraphRunner } from '../graph/index.js'
import type { ParameterLookup } from './loss-step.js'

/** No more tokens than this are looked at: attention logits take T^2 values a head. */
const LONGEST = 128

/**
 * Standard deviation of the attention logits q.k / sqrt(D) over every head and every pair that attention sees,
 * on one window of text: for each layer, and for all of them together. Where it starts says much about how well a mask
 * can be found; the paper's QK scaling acts on it.
 * @param tokens at least 2 of them; the first 128 are read
 */
export async function attentionDeviation(
  runner: GraphRunner,
  model: LossModel,
  parameter: ParameterLookup,
  tokens: Int32Array,
): Promise<{ all: number; layers: number[] }> {
  const { layers, heads } = model.config
  const length = Math.min(tokens.length, model.config.positions, LONGEST)
  const isCausal = familyOf(model.config).task === 'causal'
  const dense = createDenseModel(runner, model.config, weightsOf(lossParameters(model), parameter))
  try {
    const trace = await dense.trace(tokens.slice(0, length), 1, length)
    const moments = Array.from({ length: layers }, (_, layer) =>
      momentsOf(trace[`h.${layer}.att`].data as Float32Array, heads, length, isCausal),
    )
    const whole = moments.reduce((a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum, squares: a.squares + b.squares }))
    return { all: deviation(whole), layers: moments.map(deviation) }
  } finally {
    await dense.release()
  }
}

interface Moments {
  readonly n: number
  readonly sum: number
  readonly squares: number
}

/** Over logits [H, T, T], or their causal half, in float64. */
function momentsOf(logits: Float32Array, heads: number, length: number, isCausal: boolean): Moments {
  let [n, sum, squares] = [0, 0, 0]
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < length; query++) {
      const start = (head * length + query) * length
      for (let key = 0; key <= (isCausal ? query : length - 1); key++) {
        const logit = logits[start + key]
        n++
        sum += logit
        squares += logit * logit
      }
    }
  }
  return { n, sum, squares }
}

const deviation = ({ n, sum, squares }: Moments) => Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2))
