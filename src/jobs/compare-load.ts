/** What it takes to load a model and to write with it. */

import { createGraphRunner } from '../engine/onnx.js'
import { generateTokens } from '../families/generate.js'
import type { OpenOptions } from '../ticket/index.js'
import { openModel } from './open-model.js'

/** One loading of a model, and one text by it. */
export interface LoadTiming {
  /** Seconds to open it, check it (a ticket's hash too) and make or read all its weights; no graph is built yet. */
  readonly load: number
  /** Seconds to the first token: graphs are built, and the prompt is read. */
  readonly firstToken: number
  /** Tokens a second after the first ones. */
  readonly tokensPerSecond: number
}

/** What is generated. */
export interface LoadRequest extends OpenOptions {
  readonly path: string
  /** At least one token; with `count` and one more they fit the model's context. */
  readonly prompt: readonly number[]
  /** Tokens that are timed, an integer >= 1. */
  readonly count: number
  readonly threads?: number | undefined
}

/**
 * Loads a model from its file or folder on the CPU, generates greedily, and closes it again. Of the text the first token is
 * timed by itself and the second not at all: it builds the graph that the others share.
 */
export async function timeLoad({ path, prompt, count, threads, memoryLimit }: LoadRequest): Promise<LoadTiming> {
  const started = performance.now()
  const opened = await openModel(path, { runner: createGraphRunner({ threads }), memoryLimit })
  try {
    const loaded = performance.now()
    const tokens = generateTokens(opened.decoder, prompt, { count: count + 2, temperature: 0, word: () => 0 })
    await tokens.next()
    const first = performance.now()
    await tokens.next()
    const warm = performance.now()
    for await (const _ of tokens);
    const seconds = (performance.now() - warm) / 1000
    return { load: (loaded - started) / 1000, firstToken: (first - loaded) / 1000, tokensPerSecond: count / seconds }
  } finally {
    await opened.close()
  }
}
