/** What it takes to load a model, and to write or read with it. */

import { createGraphRunner } from '../engine/onnx.js'
import { ternaryTicketWeights } from '../engine/ternary-ticket.js'
import type { WeightsChoice, WeightsName } from '../engine/weights-choice.js'
import { generateTokens } from '../families/generate.js'
import type { OpenOptions, SearchedTicket } from '../ticket/index.js'
import type { ModelSource } from './model-source.js'
import { openEncoder, openModel } from './open-model.js'

/** One loading of a model, and one text that it writes, or some that an encoder reads. */
export interface LoadTiming {
  /** Seconds to open it, check it (a ticket's hash too) and make or read all its weights; no graph is built yet. */
  readonly load: number
  /** Seconds to the first token, of an encoder to the first text's hidden states: graphs are built, and the prompt is read. */
  readonly firstToken: number
  /** Tokens a second after the first ones: generated, or read by an encoder. */
  readonly tokensPerSecond: number
  /** What the weights are held as while it runs. */
  readonly weights: HeldWeights
}

/** How weights are held: as `2bit` or `float32`, and how many bytes they take so; of a pruned ticket those of its target. */
export interface HeldWeights {
  readonly kind: WeightsChoice['weights']
  readonly bytes: number
}

/** What is generated or read. */
export interface LoadRequest extends OpenOptions {
  readonly path: string
  /** Whether it is an encoder, which reads the prompt `count` times more and generates nothing. */
  readonly isEncoder: boolean
  /** At least one token; with `count` and one more they fit the model's context. */
  readonly prompt: readonly number[]
  /** Tokens that are timed, or texts that an encoder reads: an integer >= 1. */
  readonly count: number
  readonly threads?: number | undefined
  /** Default `auto`; see `OpenModelOptions`. */
  readonly weights?: WeightsName | undefined
}

/** Loads a model from its file or folder on the CPU, writes or reads with it, and closes it again. */
export const timeLoad = (request: LoadRequest): Promise<LoadTiming> =>
  request.isEncoder ? timeReading(request) : timeWriting(request)

/** Of the text, generated greedily, the first token is timed by itself and the second not at all: it builds the graph that the others share. */
async function timeWriting({
  path,
  prompt,
  count,
  threads,
  memoryLimit,
  mask,
  weights,
}: LoadRequest): Promise<LoadTiming> {
  const started = performance.now()
  const opened = await openModel(path, { runner: createGraphRunner({ threads }), memoryLimit, mask, weights })
  try {
    const loaded = performance.now()
    const tokens = generateTokens(opened.decoder, prompt, { count: count + 2, temperature: 0, word: () => 0 })
    await tokens.next()
    const first = performance.now()
    await tokens.next()
    const warm = performance.now()
    for await (const _ of tokens);
    const seconds = (performance.now() - warm) / 1000
    return {
      load: (loaded - started) / 1000,
      firstToken: (first - loaded) / 1000,
      tokensPerSecond: count / seconds,
      weights: heldWeights(opened, opened.weightsRun.weights),
    }
  } finally {
    await opened.close()
  }
}

async function timeReading({ path, prompt, count, threads, memoryLimit, mask }: LoadRequest): Promise<LoadTiming> {
  const started = performance.now()
  const opened = await openEncoder(path, { runner: createGraphRunner({ threads }), memoryLimit, mask })
  try {
    const loaded = performance.now()
    const tokens = Int32Array.from(prompt)
    await opened.encoder.hidden(tokens, 1, tokens.length)
    const first = performance.now()
    for (let text = 0; text < count; text++) await opened.encoder.hidden(tokens, 1, tokens.length)
    const seconds = (performance.now() - first) / 1000
    return {
      load: (loaded - started) / 1000,
      firstToken: (first - loaded) / 1000,
      tokensPerSecond: (count * tokens.length) / seconds,
      weights: heldWeights(opened, 'float32'),
    }
  } finally {
    await opened.close()
  }
}

const heldWeights = ({ parameters, ticket }: ModelSource, kind: HeldWeights['kind']): HeldWeights => ({
  kind,
  bytes: kind === '2bit' ? ternaryTicketWeights(ticket as SearchedTicket) : 4 * parameters,
})
