/** The construction on Node: worker threads, ONNX Runtime and files put together. */
import { availableParallelism } from 'node:os'
import type { Gpt2Config } from '../model/gpt2-config.js'
import type { Gpt2Weights } from '../model/gpt2-weights.js'
import { type PruneOptions, type PruneReport, pruneGpt2 as pruneOn } from '../prune/gpt2.js'
import type { ColumnsResult } from '../prune/solve-columns.js'
import type { PruneTask } from '../prune/task.js'
import { type Check, type PredictionLimits, verifyGpt2 as verifyOn } from '../prune/verify-gpt2.js'
import { expectPruned, openTicket } from '../ticket/index.js'
import { openFile } from './files.js'
import { loadKernels } from './node.js'
import { createGraphRunner } from './onnx.js'
import { verifySearched } from './searched-verify.js'
import { nodeSha256 } from './sha256.js'
import { ticketFiles } from './ticket-files.js'
import { textSequences } from './verify-text.js'
import { createWorkerPool } from './worker-pool.js'

/**
 * Prunes a randomly initialised GPT-2 to a target and writes the ticket: `pruneGpt2` of src/prune on this machine.
 *
 * @param options.threads worker threads, integer >= 1; default: as many as there are processors. The ticket does not
 * depend on it
 */
export async function pruneGpt2(options: PruneOptions & { threads?: number }): Promise<PruneReport> {
  const { threads = availableParallelism() } = options
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  const workers = createWorkerPool<PruneTask, ColumnsResult | Uint16Array>('runtime/prune-worker.js', threads)
  try {
    const pool = { threads, run: workers.run }
    const platform = { pool, kernels: await loadKernels(), runner: createGraphRunner() }
    return await pruneOn({ ...platform, storage: ticketFiles, createSha256: nodeSha256 }, options)
  } finally {
    await workers.close()
  }
}

/** Options of {@link verifyGpt2}. */
export interface VerifyFileOptions extends PredictionLimits {
  /** Path of the ticket. */
  ticket: string
  target?: { config: Gpt2Config; weights: Gpt2Weights }
  /** A text, a folder of them or a file of tokens to compare predictions on. Default: what the target writes. */
  data?: string | undefined
  /** Name of the tokenizer of `data`. */
  tokenizer?: string | undefined
  signal?: AbortSignal
  onProgress?(progress: { pair: string; done: number; total: number }): void
}

/**
 * Verifies a ticket file: a pruned one by `verifyGpt2` of src/prune on this machine, a searched one by its masks and its
 * probe.
 * @returns the checks, and a line each for what was read of `data` as something else
 * @throws InputError when it is no sound ticket, or a searched one is to be compared with a target; RangeError for a value
 */
export async function verifyGpt2({
  ticket: path,
  data,
  tokenizer,
  ...options
}: VerifyFileOptions): Promise<{ checks: Check[]; warnings: readonly string[] }> {
  const { target, signal } = options
  if (data !== undefined && !target) throw new RangeError(`"data" expected a target to compare with, got ${data} alone`)
  const source = await openFile(path)
  try {
    const ticket = await openTicket(source, nodeSha256)
    if (ticket.kind === 'searched-gpt2' && !target)
      return { ...(await verifySearched(ticket, createGraphRunner())), warnings: [] }
    const pruned = expectPruned(ticket)
    const text =
      target && data !== undefined
        ? await textSequences({ data, tokenizer, config: target.config, signal })
        : { warnings: [] }
    const { warnings, ...sequences } = text
    const platform = { kernels: await loadKernels(), runner: createGraphRunner() }
    const { checks } = await verifyOn(platform, { ...options, ...sequences, ticket: pruned })
    return { checks, warnings }
  } finally {
    await source.close()
  }
}
