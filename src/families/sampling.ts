/** How the next token is chosen from its logits. */
export interface Sampling {
  /** Logits are divided by it, >= 0 and finite; 0 takes the largest logit. */
  readonly temperature: number
  /** Only the so many largest logits take part, an integer >= 1; all of them by default. */
  readonly topK?: number | undefined
}

/** @throws RangeError naming what is out of range */
export function checkSampling({ temperature, topK }: Sampling): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"temperature" expected a finite number >= 0, got ${temperature}`)
  }
  if (topK !== undefined && !(Number.isSafeInteger(topK) && topK >= 1)) {
    throw new RangeError(`"top-k" expected an integer >= 1, got ${topK}`)
  }
}

/**
 * Draws a token from softmax(logits / temperature) over the `topK` largest logits, equal ones by the lower index, in
 * float64. With p_0, p_1, ... in the order of the tokens, it is the first token whose cumulative probability exceeds
 * word * 2^-32. Everything is determined by the arguments; `Math.exp` alone may differ in its last bit between platforms.
 * @param logits [V], finite
 * @param word unsigned 32-bit, uniform
 * @returns 0..V-1
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, word: number): number {
  checkSampling(sampling)
  const { temperature, topK = logits.length } = sampling
  const best = largestIndex(logits)
  if (!Number.isFinite(logits[best])) throw new RangeError(`"logits" expected finite numbers, got ${logits[best]}`)
  if (temperature === 0 || topK === 1) return best
  const candidates = topK < logits.length ? largestIndices(logits, topK) : logits.keys()
  const tokens: number[] = []
  const cumulative: number[] = []
  let total = 0
  for (const token of candidates) {
    total += Math.exp((logits[token] - logits[best]) / temperature)
    tokens.push(token)
    cumulative.push(total)
  }
  const bar = word * 2 ** -32 * total
  const at = cumulative.findIndex((sum) => sum > bar)
  return at < 0 ? tokens[tokens.length - 1] : tokens[at]
}

/** Index of the largest element, the first of equals. NaN is larger than anything, so that it cannot hide. */
export function largestIndex(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best] || Number.isNaN(values[i])) best = i
  return best
}

/** Indices of the k largest elements, of equals the first, in rising order. */
function largestIndices(values: Float32Array, k: number): number[] {
  const threshold = values.slice().sort()[values.length - k]
  let ties = k
  for (const value of values) if (value > threshold) ties--
  const indices: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i] > threshold || (values[i] === threshold && ties-- > 0)) indices.push(i)
  }
  return indices
}
