import type { LanguageModelRequest } from './language-model.js'

/**
 * Floating-point operations of a run's matrix products, forward and backward, validation left out: what its time is about
 * proportional to.
 * @param vocabulary of the tokenizer
 */
export function languageWork(request: LanguageModelRequest, vocabulary: number): number {
  const { layers, width, context, batch, steps } = request
  const products = layers * (12 * width * width + 2 * context * width) + vocabulary * width // of one token, forward
  return 6 * products * batch * context * steps // a multiplication and an addition; backward is twice forward
}
