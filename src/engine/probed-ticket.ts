/** Searched tickets with a probe: the network is rebuilt from the ticket and run once. Imports no platform; a page writes tickets so too. */

import { createDenseModel, familyOf } from '../families/index.js'
import type { GraphRunner } from '../graph/index.js'
import { InputError, memorySource } from '../safetensors/index.js'
import {
  type CreateSha256,
  type Deflate,
  encodeSearchedTicket,
  expectSearched,
  openTicket,
  type Probe,
  probeTolerance,
  type SearchedContent,
  type SearchedTicket,
} from '../ticket/index.js'
import { networkWeights, type SearchedNetwork } from './searched-weights.js'

/** Tokens and logits of a probe. */
const PROBE_LENGTH = 16

/** What a ticket is made with. */
export interface TicketPlatform {
  /** Runs the probe. */
  readonly runner: GraphRunner
  readonly createSha256: CreateSha256
  /** Makes a ticket's weights. */
  rebuild(ticket: SearchedTicket): Promise<SearchedNetwork>
  /** Is needed for the coding of that name. */
  readonly deflate?: Deflate | undefined
}

/**
 * A searched ticket as the bytes of its file. The network is rebuilt from a ticket of the same masks and run; the logits that
 * it gives are the ticket's probe.
 * @param name of the ticket, for messages
 * @param found what the search found
 * @param tokens of the probe: at most the first 16 are run
 * @returns the bytes, and the hash that they hold
 * @throws TypeError or RangeError when the content is unsound; InputError when the logits are not finite
 */
export async function encodeProbedTicket(
  name: string,
  found: Omit<SearchedContent, 'probe'>,
  tokens: ArrayLike<number>,
  platform: TicketPlatform,
): Promise<{ bytes: Uint8Array; sha256: string }> {
  const { createSha256, deflate } = platform
  const draft = encodeSearchedTicket({ ...found, coding: 'bits', probe: null }, createSha256)
  // No limit: who searched it holds more than its weights.
  const source = memorySource(draft.bytes, name)
  const ticket = expectSearched(await openTicket(source, createSha256, { memoryLimit: Number.POSITIVE_INFINITY }))
  const length = Math.min(PROBE_LENGTH, found.config.positions, tokens.length)
  const read = Array.from({ length }, (_, i) => tokens[i])
  const logits = (await probeLogits(ticket, read, platform)).subarray(0, PROBE_LENGTH)
  if (!logits.every(Number.isFinite)) throw new InputError(`${name}: not written: the ticket's logits are not finite`)
  // Four decimals: what may differ between machines in the last bits of a float32 is no part of a ticket.
  const rounded = Array.from(logits, (logit) => Math.round(logit * 1e4) / 1e4)
  const probe: Probe = { tokens: read, logits: rounded, tolerance: probeTolerance(logits) }
  return encodeSearchedTicket({ ...found, probe }, createSha256, deflate)
}

/**
 * Logits [V] of the token that follows some tokens, by the network that a ticket stands for; of an encoder the last token's hidden state [d].
 * @param tokens 1 to `positions` of them
 */
export async function probeLogits(
  ticket: SearchedTicket,
  tokens: readonly number[],
  { runner, rebuild }: Pick<TicketPlatform, 'runner' | 'rebuild'>,
): Promise<Float32Array> {
  const { config } = ticket.metadata
  const model = createDenseModel(runner, config, networkWeights(await rebuild(ticket)))
  try {
    const read = Int32Array.from(tokens)
    if (familyOf(config).task === 'encoder') return (await model.hidden(read, 1, tokens.length)).slice(-config.width)
    return (await model.logits(read, 1, tokens.length)).slice(-config.vocabulary)
  } finally {
    await model.release()
  }
}
