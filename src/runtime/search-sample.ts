import { createCachedDecoder } from '../model/gpt2-cached.js'
import { generateTokens } from '../model/gpt2-generate.js'
import { fillWords } from '../random/index.js'
import { huggingFaceWeights } from '../search/hugging-face-weights.js'
import { TEXT_STREAM } from '../search/streams.js'
import type { SearchSession } from './search-session.js'

/** Tokens of the prompt and of the text with it, and how boldly it is continued. */
const PROMPT = 8
const LENGTH = 160
const TEMPERATURE = 0.8

/** Writes a text with the effective weights as they are: the first tokens of the validation text, continued. */
export function createSampler(session: SearchSession): () => Promise<string> {
  const { settings, corpus, runner, memory } = session
  const prompt = [...corpus.valid.subarray(0, Math.min(PROMPT, settings.config.positions))]
  const words = new Uint32Array(LENGTH)
  fillWords(BigInt(settings.seed), TEXT_STREAM, 0, words)
  const generation = {
    count: LENGTH - prompt.length,
    temperature: TEMPERATURE,
    word: (index: number) => words[index],
  }
  return async () => {
    const weights = huggingFaceWeights(settings, (name) => memory.matrix(name).effective)
    const decoder = createCachedDecoder(runner, settings.config, weights)
    try {
      const tokens = [...prompt]
      for await (const token of generateTokens(decoder, prompt, generation)) tokens.push(token)
      return new TextDecoder().decode(corpus.tokenizer.decode(tokens))
    } finally {
      await decoder.release()
    }
  }
}
