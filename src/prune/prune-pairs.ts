import type { TargetMatrix } from '../families/pair-target.js'
import type { Kernels } from '../kernels/index.js'
import type { Seed } from '../random/index.js'
import type { PairSpec, TicketWriter } from '../ticket/index.js'
import { createErrorStatistics, type ErrorStatistics } from './error-statistics.js'
import { absoluteDifferences, pairProduct } from './pair-product.js'
import { type PruneMatrix, pruneMatrix } from './prune-matrix.js'
import type { PrunePool } from './task.js'

/** How far a construction is: within one pair, and in all. */
export interface PruneProgress {
  pair: string
  done: number
  total: number
  weightsDone: number
  weightsTotal: number
}

export interface PrunePairsOptions {
  seed: Seed
  method: 'balanced' | 'plain'
  specs: PairSpec[]
  /** Where finished pairs go; those it has already are not solved again. */
  writer: TicketWriter
  /** The target matrix of every pair. */
  targets: Iterable<TargetMatrix> | AsyncIterable<TargetMatrix>
  signal: AbortSignal | undefined
  onProgress: ((progress: PruneProgress) => void) | undefined
}

/** Something else than this machine's threads that prunes matrices. */
export interface PruneElsewhere {
  /** Matrices at a time, >= 1. */
  readonly atOnce: number
  readonly prune: PruneMatrix
}

/** Solves every pair that is not finished, a few matrices at a time so that no thread waits for another's last task. */
export async function prunePairs(
  { pool, kernels, elsewhere }: { pool: PrunePool; kernels: Kernels; elsewhere?: PruneElsewhere | undefined },
  options: PrunePairsOptions,
): Promise<{ statistics: ErrorStatistics; solved: number }> {
  const { seed, method, signal, onProgress, specs, writer, targets } = options
  const byName = new Map(specs.map((spec) => [spec.name, spec]))
  const statistics = createErrorStatistics()
  const weightsTotal = sum(specs, ({ inputs, outputs }) => inputs * outputs)
  let weightsDone = 0
  let solved = 0
  let writing = Promise.resolve()
  // One signal for the tasks: the caller's interruption, or a failure that makes the other matrices useless.
  const stop = new AbortController()
  const stopOnSignal = () => stop.abort(signal?.reason)
  if (signal?.aborted) stopOnSignal()
  signal?.addEventListener('abort', stopOnSignal, { once: true })

  const prune = async ({ name, weights }: TargetMatrix): Promise<void> => {
    const spec = byName.get(name)!
    const total = weights.length
    let done = 0
    const onSolved = (count: number) => {
      done += count
      solved += count
      weightsDone += count
      onProgress?.({ pair: name, done, total, weightsDone, weightsTotal })
    }
    const asked = { seed, spec, targets: weights, method, onSolved, signal: stop.signal }
    const pruned = await (elsewhere ? elsewhere.prune(asked) : pruneMatrix(pool, asked))
    statistics.addCounts(pruned.errors)
    writing = writing.then(() => writer.writePair(pruned.masks, pruned.report))
    await writing
  }

  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const matrix of targets) {
      stop.signal.throwIfAborted()
      if (writer.finished.has(matrix.name)) {
        const kept = await writer.readMasks(matrix.name)
        statistics.add(absoluteDifferences(pairProduct(kernels, kept, seed), matrix.weights))
        weightsDone += matrix.weights.length
        continue
      }
      const task = prune(matrix).catch((error) => {
        failure ??= { error }
        stop.abort(error)
      })
      running.add(task)
      task.finally(() => running.delete(task))
      if (running.size >= (elsewhere?.atOnce ?? pool.threads + 1)) await Promise.race(running)
    }
  } finally {
    await Promise.all(running)
    signal?.removeEventListener('abort', stopOnSignal)
  }
  if (failure) throw failure.error
  return { statistics, solved }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}
