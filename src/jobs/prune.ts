/** The construction on Node: worker threads, ONNX Runtime and files put together. */
import { availableParallelism } from 'node:os'
import type { Tokenizer } from '../data/index.js'
import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { createWorkerPool } from '../engine/worker-pool.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import { denseParameter, gpt2DenseShapes } from '../families/gpt2/weights.js'
import type { ModelWeights } from '../families/weights.js'
import { openFile } from '../files/files.js'
import { assertWritable, type OutputRules } from '../files/output-path.js'
import { nodeSha256 } from '../files/sha256.js'
import { createTicketFiles } from '../files/ticket-files.js'
import { type PruneOptions, type PruneReport, pruneGpt2 as pruneOn } from '../prune/gpt2.js'
import type { ColumnsResult } from '../prune/solve-columns.js'
import type { PruneTask } from '../prune/task.js'
import { type Check, type PredictionLimits, verifyGpt2 as verifyOn } from '../prune/verify-gpt2.js'
import { InputError } from '../safetensors/index.js'
import { differences } from '../search/fingerprint.js'
import { expectPruned, type OpenOptions, openTicket } from '../ticket/index.js'
import { verifySearched } from './searched-verify.js'
import { textSequences } from './verify-text.js'

/** Options of {@link pruneGpt2}. */
export interface PruneFileOptions extends PruneOptions, Pick<OutputRules, 'inputs' | 'isSame' | 'advice'> {
  /** Worker threads, integer >= 1; default: as many as there are processors. The ticket does not depend on it. */
  threads?: number
  /** Replaces the file that is there, and drops what an interrupted run of other settings has finished; default: no. */
  force?: boolean | undefined
}

/**
 * Prunes a randomly initialised GPT-2 to a target and writes the ticket: `pruneGpt2` of src/prune on this machine.
 * @throws as that does, and InputError when there is a file at `out` that may not be replaced
 */
export async function pruneGpt2(options: PruneFileOptions): Promise<PruneReport> {
  const { threads = availableParallelism(), out, inputs, isSame, advice, force } = options
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  const storage = createTicketFiles(await assertWritable(out, { inputs, isSame, advice, force }))
  const workers = await createWorkerPool<PruneTask, ColumnsResult | Uint16Array>('engine/prune-worker.js', threads)
  try {
    const pool = { threads, run: workers.run }
    const platform = { pool, kernels: await loadKernels(), runner: createGraphRunner() }
    return await pruneOn({ ...platform, storage, createSha256: nodeSha256 }, options)
  } finally {
    await workers.close()
  }
}

/**
 * Whether a file is the ticket that pruning would write again: of the same seed, options and configuration, with the target's own
 * embeddings and norms. Another number of threads, or another machine, may have written other last digits of its probe.
 * @param path of a file
 */
export async function isPruneOf(
  path: string,
  { target, items, seed, scale = 'auto', method = 'balanced' }: Omit<PruneOptions, 'out'>,
): Promise<boolean> {
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256)
    if (ticket.kind !== 'pruned' || ticket.seed !== BigInt(seed)) return false
    const { config, construction } = ticket.metadata
    const here = { config: target.config, construction: { items, scale, method } }
    if (differences({ config: config ?? {}, construction }, here) !== undefined) return false
    for (const name of gpt2DenseShapes(target.config).keys()) {
      const [kept, wanted] = [await ticket.readDense(denseParameter(name)), target.weights.get(name)?.data]
      if (wanted?.length !== kept.length || !kept.every((value, i) => Object.is(value, wanted[i]))) return false
    }
    return true
  } catch (error) {
    if (error instanceof InputError) return false // no sound ticket
    throw error
  } finally {
    await source.close()
  }
}

/** Options of {@link verifyGpt2}. */
export interface VerifyFileOptions extends PredictionLimits, OpenOptions {
  /** Path of the ticket. */
  ticket: string
  target?: { config: Gpt2Config; weights: ModelWeights }
  /** A text, a folder of them or a file of tokens to compare predictions on. Default: what the target writes. */
  data?: string | undefined
  /** The tokenizer of `data`, or its name. */
  tokenizer?: string | Tokenizer | undefined
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
  memoryLimit,
  ...options
}: VerifyFileOptions): Promise<{ checks: Check[]; warnings: readonly string[] }> {
  const { target, signal } = options
  if (data !== undefined && !target) throw new RangeError(`"data" expected a target to compare with, got ${data} alone`)
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256, { memoryLimit })
    if (ticket.kind === 'searched' && !target)
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
