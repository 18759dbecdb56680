import {
  createCachedDecoder,
  createDenseModel,
  type Decoder,
  type DenseModel,
  familyOf,
  generateTokens,
  largestIndex,
  lossParameters,
  weightsOf,
} from '../families/index.js'
import { fillWords } from '../random/index.js'
import { asTicket } from './algorithm.js'
import { hideForValidation } from './masked-validation.js'
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
 * its first held-out lists with their answers. Of an encoder: the first window of the validation text with its hidden tokens as `_`, and
 * below it as they were guessed.
 * @returns writes it; it rejects with the signal's reason when that aborts between two tokens
 */
export function createSampler(session: SearchSession): (signal?: AbortSignal) => Promise<string> {
  const { settings, runner, memory } = session
  const isEncoder = familyOf(settings.config).task === 'encoder'
  const write = settings.task ? writeLists : writeText
  const sample = async (signal?: AbortSignal) => {
    const weights = weightsOf(lossParameters(settings), (name) => memory.matrix(name).effective)
    if (isEncoder) return writeGuesses(session, createDenseModel(runner, settings.config, weights))
    const decoder = createCachedDecoder(runner, settings.config, weights)
    try {
      return await write(session, decoder, signal)
    } finally {
      await decoder.release()
    }
  }
  return (signal) => asTicket(session.algorithm, () => sample(signal))
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

async function writeGuesses({ settings, corpus }: SearchSession, model: DenseModel): Promise<string> {
  const { positions: length, vocabulary } = settings.config
  const read = Int32Array.from(corpus.valid.subarray(0, length))
  const targets = new Int32Array(length)
  const counts = new Float32Array(length)
  hideForValidation({ config: settings.config, seed: BigInt(settings.seed) }, 0, read, targets, counts)
  const text = (tokens: Iterable<number>) => new TextDecoder().decode(corpus.tokenizer.decode(Array.from(tokens)))
  const gap = corpus.tokenizer.encode('_')
  try {
    const logits = await model.logits(read, 1, length) // [1, T, V]
    const guesses = Array.from(targets, (token, i) => {
      const known = logits.subarray(i * vocabulary, (i + 1) * vocabulary - 1) // a guess is no mask
      return counts[i] === 0 ? token : largestIndex(known)
    })
    const hidden = Array.from(targets, (token, i) => (counts[i] === 0 ? [token] : [...gap])).flat()
    return `${text(hidden)}\n${text(guesses)}`
  } finally {
    await model.release()
  }
}

const greedy = (count: number) => ({ count, temperature: 0, word: () => 0 })
