import { type Decoder, generateTokens } from '../families/generate.js'
import { createCachedDecoder } from '../families/gpt2/cached.js'
import { fillWords } from '../random/index.js'
import { huggingFaceWeights } from './hugging-face-weights.js'
import type { SearchSession } from './session.js'
import { TEXT_STREAM } from './streams.js'

/** Tokens of the prompt and of the text with it, and how boldly it is continued. */
const PROMPT = 8
const LENGTH = 160
const TEMPERATURE = 0.8

/** Lists of a task's sample. */
const LISTS = 4

/**
 * Writes a text with the effective weights as they are: the first tokens of the validation text, continued. For a task,
 * its first held-out lists with their answers.
 * @returns writes it; it rejects with the signal's reason when that aborts between two tokens
 */
export function createSampler(session: SearchSession): (signal?: AbortSignal) => Promise<string> {
  const { settings, runner, memory } = session
  const write = settings.task ? writeLists : writeText
  return async (signal) => {
    const weights = huggingFaceWeights(settings, (name) => memory.matrix(name).effective)
    const decoder = createCachedDecoder(runner, settings.config, weights)
    try {
      return await write(session, decoder, signal)
    } finally {
      await decoder.release()
    }
  }
}

async function writeText({ settings, corpus }: SearchSession, decoder: Decoder, signal?: AbortSignal): Promise<string> {
  const prompt = [...corpus.valid.subarray(0, Math.min(PROMPT, settings.config.positions))]
  const words = new Uint32Array(LENGTH)
  fillWords(BigInt(settings.seed), TEXT_STREAM, 0, words)
  const generation = {
    count: LENGTH - prompt.length,
    temperature: TEMPERATURE,
    word: (index: number) => words[index],
    signal,
  }
  const tokens = [...prompt]
  for await (const token of generateTokens(decoder, prompt, generation)) tokens.push(token)
  return new TextDecoder().decode(corpus.tokenizer.decode(tokens))
}

async function writeLists(
  { settings, corpus }: SearchSession,
  decoder: Decoder,
  signal?: AbortSignal,
): Promise<string> {
  const { length } = settings.task!
  const text = (tokens: ArrayLike<number>) => new TextDecoder().decode(corpus.tokenizer.decode(tokens))
  const lines: string[] = []
  for (let at = 0; at < Math.min(LISTS * 2 * length, corpus.valid.length); at += 2 * length) {
    const list = [...corpus.valid.subarray(at, at + length)]
    const answer: number[] = []
    for await (const token of generateTokens(decoder, list, { ...greedy(length), signal })) answer.push(token)
    lines.push(`${text(list)} ${text(answer)}`)
  }
  return lines.join('\n')
}

const greedy = (count: number) => ({ count, temperature: 0, word: () => 0 })
