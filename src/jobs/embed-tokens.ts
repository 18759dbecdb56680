/** Sentence embeddings (Reimers and Gurevych 2019, sentence-transformers): one vector a text, made of the last hidden states of its tokens. */
import type { Encoder } from '../families/index.js'
import type { SentenceSettings } from '../interop/index.js'

/** How texts are embedded. */
export interface EmbedTokensOptions extends Pick<SentenceSettings, 'pooling' | 'normalise'> {
  /** The token that fills up short texts; no other token sees it. Default: 0. */
  readonly padToken?: number | undefined
  /** Most texts at a time, an integer >= 1: time and memory, not the result. Default: 32. */
  readonly batch?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** @param done of `total` texts */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Texts at a time, as in sentence-transformers. */
const BATCH = 32

/** Tokens at a time, padding included: 32 texts of 128. The attention of 12 heads over 8 texts of 512 then takes 100 MB. */
const MOST_TOKENS = 4096

/**
 * The embedding of each text. Texts of like length run together, padded behind their last token: a position is the same in any batch, so
 * that a text's embedding depends on no other text.
 * @param texts at least one token each, at most the model's positions
 * @returns float32 [n, d] in the order of the texts. The sums of `mean` and of norms are float64.
 * @throws RangeError for a text without tokens, or one whose embedding is not finite; the signal's reason when it aborts
 */
export async function embedTokens(
  encoder: Encoder,
  texts: readonly ArrayLike<number>[],
  options: EmbedTokensOptions,
): Promise<Float32Array> {
  const { padToken = 0, batch = BATCH, signal, onProgress } = options
  if (!Number.isSafeInteger(batch) || batch < 1) throw new RangeError(`"batch" expected an integer >= 1, got ${batch}`)
  const { positions, width } = encoder.config
  const without = texts.findIndex(({ length }) => length === 0)
  if (without >= 0) throw new RangeError(`text ${without + 1} expected at least one token, got none`)
  const order = Array.from(texts.keys()).sort((a, b) => texts[b].length - texts[a].length || a - b)
  const vectors = new Float32Array(texts.length * width)
  for (let done = 0; done < order.length; ) {
    signal?.throwIfAborted()
    onProgress?.(done, order.length)
    const length = Math.min(roundedLength(texts[order[done]].length), positions)
    const own = order.slice(done, done + Math.max(1, Math.min(batch, Math.floor(MOST_TOKENS / length))))
    const tokens = new Int32Array(own.length * length).fill(padToken)
    const mask = new Float32Array(own.length * length)
    for (const [row, text] of own.entries()) {
      tokens.set(texts[text], row * length)
      mask.fill(1, row * length, row * length + texts[text].length)
    }
    const hidden = await encoder.hidden(tokens, own.length, length, { mask })
    for (const [row, text] of own.entries()) {
      const states = hidden.subarray(row * length * width, (row * length + texts[text].length) * width)
      const vector = pooled(states, width, options.pooling)
      const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
      if (!Number.isFinite(norm)) throw new RangeError(`the embedding of text ${text + 1} expected finite numbers`)
      // A vector of zeros stays one, as in PyTorch's normalize.
      const divisor = options.normalise ? Math.max(norm, 1e-12) : 1
      for (let i = 0; i < width; i++) vectors[text * width + i] = vector[i] / divisor
    }
    done += own.length
  }
  onProgress?.(order.length, order.length)
  return vectors
}

/** Lengths that graphs are built for: multiples of 8 up to 64, of 32 beyond. */
function roundedLength(length: number): number {
  const step = length <= 64 ? 8 : 32
  return step * Math.ceil(length / step)
}

/** One vector, float64 [d], of the hidden states [T, d] of a text's tokens. */
function pooled(states: Float32Array, width: number, pooling: SentenceSettings['pooling']): Float64Array {
  const length = states.length / width
  const vector = Float64Array.from(states.subarray(0, width))
  if (pooling === 'cls') return vector
  for (let t = 1; t < length; t++) {
    for (let i = 0; i < width; i++) {
      const value = states[t * width + i]
      if (pooling === 'mean') vector[i] += value
      else if (!(value <= vector[i])) vector[i] = value // NaN stays
    }
  }
  return pooling === 'mean' ? vector.map((sum) => sum / length) : vector
}

/** The cosine of two vectors, -1 <= cosine <= 1 but for rounding; 0 where one of them is zero, and 1 where both are. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, ofA, ofB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i]
    ofA += a[i] * a[i]
    ofB += b[i] * b[i]
  }
  if (ofA === 0 || ofB === 0) return ofA === ofB ? 1 : 0
  return product / Math.sqrt(ofA) / Math.sqrt(ofB)
}
