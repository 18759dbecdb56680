import type { LanguageModel } from './gpt2-tokens.js'

/**
 * Greedy continuation: the token of the largest logit (the lowest such token), appended, `count` times.
 * Only the last `config.positions` tokens are read when there are more.
 * @param prompt tokens, at least one
 * @param count tokens to add, an integer >= 0
 * @returns the added tokens, without the prompt
 */
export async function generateGreedy(
  model: LanguageModel,
  prompt: readonly number[],
  count: number,
): Promise<number[]> {
  const [added] = await generateGreedyBatch(model, [prompt], count)
  return added
}

/**
 * {@link generateGreedy} for several prompts of one length, together.
 * Contexts are padded at the end to the next power of two (at most `config.positions`), which causal attention cannot
 * see, so that a growing text meets few lengths and few graphs are built.
 */
export async function generateGreedyBatch(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<number[][]> {
  const { positions, vocabulary } = model.config
  const promptLength = prompts[0]?.length ?? 0
  if (promptLength === 0) throw new RangeError('"prompt" expected at least one token')
  if (prompts.some((prompt) => prompt.length !== promptLength)) {
    throw new RangeError('"prompts" expected prompts of one length')
  }
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`"count" expected an integer >= 0, got ${count}`)

  const texts = prompts.map((prompt) => [...prompt])
  for (let step = 0; step < count; step++) {
    const read = Math.min(texts[0].length, positions)
    const padded = Math.min(2 ** Math.ceil(Math.log2(read)), positions)
    const tokens = new Int32Array(texts.length * padded)
    for (const [row, text] of texts.entries()) tokens.set(text.slice(-read), row * padded)
    const logits = await model.logits(tokens, texts.length, padded) // [B, T, V]
    for (const [row, text] of texts.entries()) {
      const start = (row * padded + read - 1) * vocabulary
      text.push(largest(logits.subarray(start, start + vocabulary)))
    }
  }
  return texts.map((text) => text.slice(promptLength))
}

/** Index of the largest element, the first of equals. */
function largest(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
