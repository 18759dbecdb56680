import type { GraphRunner } from '../graph/index.js'
import { createGpt2 } from '../model/gpt2.js'
import { InputError, memorySource } from '../safetensors/index.js'
import {
  encodeSearchedTicket,
  expectSearched,
  openTicket,
  type Probe,
  type SearchedContent,
  type SearchedTicket,
  type SearchSummary,
} from '../ticket/index.js'
import { refuseSystem, writeAtomically } from './files.js'
import { nodeDeflate } from './node.js'
import { rebuildTicket } from './rebuild-ticket.js'
import { searchedGpt2Weights } from './searched-weights.js'
import { nodeSha256 } from './sha256.js'

/** Tokens and logits of a probe. */
const PROBE_LENGTH = 16

/** Between machines and devices float32 logits differ by some 1e-6 of the largest; this much of it passes, 1e-3 at least. */
const PROBE_TOLERANCE = 1e-4

/**
 * Writes a searched ticket. The network is rebuilt from the ticket and run once before anything goes to disk; the logits
 * that it gives are the ticket's probe. The file is replaced whole, or stays as it was.
 * @param path replaced when it exists
 * @param found what the search found
 * @param tokens of the probe: at most the first 16 are run
 * @param runner runs the probe
 * @returns the size of the file in bytes, and its hash
 * @throws TypeError or RangeError when the content is unsound; InputError when the logits are not finite, or the file
 *   cannot be written
 */
export async function writeSearchedTicket(
  path: string,
  found: Omit<SearchedContent, 'probe'>,
  tokens: ArrayLike<number>,
  runner: GraphRunner,
): Promise<{ bytes: number; sha256: string }> {
  const content = { ...found, search: found.search && withPrintableName(found.search) }
  const draft = encodeSearchedTicket({ ...content, coding: 'bits', probe: null }, nodeSha256)
  const ticket = expectSearched(await openTicket(memorySource(draft.bytes, path), nodeSha256))
  const length = Math.min(PROBE_LENGTH, found.config.positions, tokens.length)
  const read = Array.from({ length }, (_, i) => tokens[i])
  const logits = (await probeLogits(ticket, read, runner)).subarray(0, PROBE_LENGTH)
  const largest = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0)
  if (!Number.isFinite(largest)) throw new InputError(`${path}: not written: the ticket's logits are not finite`)
  // Four decimals: what may differ between machines in the last bits of a float32 is no part of a ticket.
  const rounded = Array.from(logits, (logit) => Math.round(logit * 1e4) / 1e4)
  const probe: Probe = { tokens: read, logits: rounded, tolerance: PROBE_TOLERANCE * Math.max(10, Math.ceil(largest)) }
  const { bytes, sha256 } = encodeSearchedTicket({ ...content, probe }, nodeSha256, nodeDeflate)
  await writeAtomically(path, (sink) => sink.write(0, bytes)).catch((error) => refuseSystem(path, error))
  return { bytes: bytes.length, sha256 }
}

/**
 * Logits [V] of the token that follows some tokens, by the network that a ticket stands for.
 * @param tokens 1 to `positions` of them
 */
export async function probeLogits(
  ticket: SearchedTicket,
  tokens: readonly number[],
  runner: GraphRunner,
): Promise<Float32Array> {
  const { config } = ticket.metadata
  const model = createGpt2(runner, config, searchedGpt2Weights(await rebuildTicket(ticket)))
  try {
    const logits = await model.logits(Int32Array.from(tokens), 1, tokens.length)
    return logits.slice(-config.vocabulary)
  } finally {
    await model.release()
  }
}

/** A corpus may be named by any path; a ticket, by characters that a terminal can show. */
function withPrintableName(search: SearchSummary): SearchSummary {
  const { name, ...corpus } = search.corpus
  const printable = name.replace(/\p{C}/gu, '?').slice(0, 100)
  return { ...search, corpus: { name: printable === '' ? '?' : printable, ...corpus } }
}
