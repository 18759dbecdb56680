import type { LanguageModelOutcome } from './language-model.js'
import type { LanguagePreset } from './language-presets.js'

/** A preset in words, for a figure's settings. */
export function languageSettings(preset: LanguagePreset, corpus: string): Record<string, string | number> {
  const { models, context, batch, microBatch, steps, warmUp, searchRate, trainRate, seeds, keep } = preset
  const shown = models.map(({ name, layers, width, headWidth }) => {
    const shape = `${layers} layers, width ${width}, ${width / headWidth} heads of width n_K = ${headWidth}`
    return models.length > 1 ? `${name}: ${shape}` : shape
  })
  const rates = (highest: number) => `${highest} falling to ${highest / 10} by half a cosine`
  return {
    preset: preset.name,
    model: `GPT-2 without biases and with plain LayerNorm; ${shown.join('; ')}`,
    initialisation: 'N(0, 0.02), output projections times (2b)^(-1/2)',
    corpus,
    tokenizer: preset.tokenizer,
    'context and batch': `${context} tokens, ${batch} windows${microBatch < batch ? ` (${microBatch} at a time)` : ''}`,
    'search (edge-popup)': `keep ${keep} of each matrix; AdamW, learning rate ${rates(searchRate)}`,
    training: `AdamW, learning rate ${rates(trainRate)}`,
    steps: `${steps}, of them ${warmUp} of linear warm-up`,
    'seeds (weights, scores and batches)': seeds.join(', '),
  }
}

/** A corpus in words, for a figure's settings. @param train, valid their tokens */
export const corpusText = (
  name: string,
  { train, valid }: { train: ArrayLike<number>; valid: ArrayLike<number> },
): string =>
  `${name}, ${train.length.toLocaleString('en-US')} tokens to learn from and ${valid.length.toLocaleString('en-US')} to validate on`

/** Seconds of runs, which interruptions do not add to. */
export const sumSeconds = (runs: readonly LanguageModelOutcome[]): number =>
  runs.reduce((sum, { seconds }) => sum + seconds, 0)
