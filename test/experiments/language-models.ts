import type { LanguageModelOutcome, LanguageModelRequest } from '../../src/experiments/language-model.js'

/** A loss as a function of what was asked for; everything else follows from the shape. */
export const pretend =
  (lossOf: (request: LanguageModelRequest) => number) =>
  async (request: LanguageModelRequest): Promise<LanguageModelOutcome> => {
    const { layers, width, context, keep, qkScale, steps } = request
    const validLoss = lossOf(request)
    const weights = 12 * layers * width ** 2 + (256 + context) * width
    return {
      validLoss,
      bitsPerByte: validLoss / Math.LN2,
      weights,
      nonZero: Math.ceil(keep * weights),
      attentionDeviation: keep * 4e-4 * width * qkScale ** 2,
      steps,
      seconds: 10,
    }
  }
