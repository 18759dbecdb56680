/** The construction on Node: worker threads, ONNX Runtime and files put together. */
import { availableParallelism } from 'node:os'
import type { Tokenizer } from '../data/index.js'
import { loadKernels } from '../engine/node.js'
import { createGraphRunner } from '../engine/onnx.js'
import { createWorkerPool } from '../engine/worker-pool.js'
import { orderedConfig } from '../families/family.js'
import { pairPlans } from '../families/pair-plan.js'
import { pairTargets } from '../families/pair-target.js'
import { openFile } from '../files/files.js'
import { assertWritable, type OutputRules } from '../files/output-path.js'
import { nodeSha256 } from '../files/sha256.js'
import { createTicketFiles } from '../files/ticket-files.js'
import { constructionOf } from '../prune/options.js'
import { absoluteDifferences, pairProduct } from '../prune/pair-product.js'
import { type PruneOptions, type PruneReport, type PruneTarget, pruneModel as pruneOn } from '../prune/prune.js'
import type { PruneElsewhere } from '../prune/prune-pairs.js'
import type { ColumnsResult } from '../prune/solve-columns.js'
import type { PruneTask } from '../prune/task.js'
import { type Check, type PredictionLimits, verifyModel as verifyOn } from '../prune/verify.js'
import { InputError } from '../safetensors/index.js'
import { differences } from '../search/fingerprint.js'
import { choiceOf, expectPruned, type OpenOptions, openTicket, type PrunedTicket } from '../ticket/index.js'
import { verifySearched } from './searched-verify.js'
import { textSequences } from './verify-text.js'

/** Options of {@link pruneModel}. */
export interface PruneFileOptions extends PruneOptions, Pick<OutputRules, 'inputs' | 'isSame' | 'advice'> {
  /** Worker threads, integer >= 1; default: as many as there are processors. The ticket does not depend on it. */
  threads?: number
  /** Threads of the comparison with the target, whose last bits depend on them; default: as ONNX Runtime chooses. */
  graphThreads?: number
  /** Prunes the matrices instead of this machine's threads; the ticket is the same. */
  elsewhere?: PruneElsewhere | undefined
  /** Replaces the file that is there, and drops what an interrupted run of other settings has finished; default: no. */
  force?: boolean | undefined
}

/**
 * Prunes a randomly initialised transformer to a target and writes the ticket: `pruneModel` of src/prune on this machine.
 * @throws as that does, and InputError when there is a file at `out` that may not be replaced
 */
export async function pruneModel(options: PruneFileOptions): Promise<PruneReport> {
  const { threads = availableParallelism(), graphThreads, elsewhere, out, inputs, isSame, advice, force } = options
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`"threads" expected an integer >= 1, got ${threads}`)
  const storage = createTicketFiles(await assertWritable(out, { inputs, isSame, advice, force }))
  const workers = await createWorkerPool<PruneTask, ColumnsResult | Uint16Array>('engine/prune-worker.js', threads)
  try {
    const pool = { threads, run: workers.run }
    const runner = createGraphRunner({ threads: graphThreads })
    const platform = { pool, elsewhere, kernels: await loadKernels(), runner }
    return await pruneOn({ ...platform, storage, createSha256: nodeSha256 }, options)
  } finally {
    await workers.close()
  }
}

/**
 * Whether a file is the ticket that pruning would write again: of the same seed, options and configuration, and of this target.
 * Another number of threads, or another machine, may have written other last digits of its probe.
 * @param path of a file
 */
export async function isPruneOf(path: string, options: Omit<PruneOptions, 'out'>): Promise<boolean> {
  const { target, seed } = options
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256)
    if (ticket.kind !== 'pruned' || ticket.seed !== BigInt(seed)) return false
    const { config, construction } = ticket.metadata
    const { items, scale, method, embeddingItems, itemsPer } = construction
    const there = {
      config: orderedConfig(config!),
      construction: {
        items,
        scale,
        method,
        ...choiceOf(construction),
        embeddingItems: embeddingItems ?? null,
        itemsPer: itemsPer ?? null,
      },
    }
    const asked = constructionOf(options)
    const here = {
      config: orderedConfig(target.config),
      construction: { ...asked, embeddingItems: asked.embeddingItems ?? null, itemsPer: asked.itemsPer ?? null },
    }
    if (differences(there, here) !== undefined) return false
    const byPair = typeof options.items === 'number' ? [] : [...options.items]
    const isOther = ([name, count]: [string, number]) => {
      const spec = ticket.pairs.get(name)
      return spec?.hidden !== count * (spec?.inputs ?? Number.NaN)
    }
    if (byPair.some(isOther)) return false
    for (const name of ticket.dense.keys()) {
      const [kept, wanted] = [await ticket.readDense(name), target.weights.get(name)?.data]
      if (wanted?.length !== kept.length || !kept.every((value, i) => Object.is(value, wanted[i]))) return false
    }
    return await hasErrorsOf(ticket, target)
  } catch (error) {
    if (error instanceof InputError) return false // no sound ticket
    throw error
  } finally {
    await source.close()
  }
}

/** Whether every pair has the largest error that pruning to this target recorded. */
async function hasErrorsOf(ticket: PrunedTicket, target: PruneTarget): Promise<boolean> {
  const kernels = await loadKernels()
  const plans = pairPlans(target.config, choiceOf(ticket.metadata.construction))
  for (const { name, weights } of pairTargets(plans, target.weights)) {
    const errors = absoluteDifferences(pairProduct(kernels, await ticket.readMasks(name), ticket.seed), weights)
    if (errors.reduce((most, error) => Math.max(most, error), 0) !== ticket.reports.get(name)!.maxError) return false
  }
  return true
}

/** Options of {@link verifyModel}. */
export interface VerifyFileOptions extends PredictionLimits, OpenOptions {
  /** Path of the ticket. */
  ticket: string
  target?: PruneTarget
  /** A text, a folder of them or a file of tokens to compare predictions on. Default: what the target writes. */
  data?: string | undefined
  /** The tokenizer of `data`, or its name. */
  tokenizer?: string | Tokenizer | undefined
  signal?: AbortSignal
  onProgress?(progress: { pair: string; done: number; total: number }): void
}

/**
 * Verifies a ticket file: a pruned one by `verifyModel` of src/prune on this machine, a searched one by its masks and its
 * probe.
 * @returns the checks, and a line each for what was read of `data` as something else
 * @throws InputError when it is no sound ticket, or a searched one is to be compared with a target; RangeError for a value
 */
export async function verifyModel({
  ticket: path,
  data,
  tokenizer,
  memoryLimit,
  mask,
  ...options
}: VerifyFileOptions): Promise<{ checks: Check[]; warnings: readonly string[] }> {
  const { target, signal } = options
  if (data !== undefined && !target) throw new RangeError(`"data" expected a target to compare with, got ${data} alone`)
  const source = await openFile(path, 'ticket')
  try {
    const ticket = await openTicket(source, nodeSha256, { memoryLimit, mask })
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
