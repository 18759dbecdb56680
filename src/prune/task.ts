import type { Kernels } from '../kernels/index.js'
import { balanceUnits } from './choose-units.js'
import { type ColumnsResult, type ColumnsTask, solveColumns } from './solve-columns.js'
import { swapUnits } from './swap-units.js'

/** What a worker thread is asked. */
export type PruneTask = ({ kind: 'columns' } & ColumnsTask) | ({ kind: 'balance' } & Parameters<typeof balanceUnits>[1])

/** Runs one task with the calling thread's kernels. */
export function runPruneTask(kernels: Kernels, task: PruneTask): ColumnsResult | Uint16Array {
  if (task.kind === 'columns') return solveColumns(kernels, task)
  const coordinate = balanceUnits(kernels, task)
  swapUnits(kernels, { ...task, coordinate })
  return coordinate
}

/** Something that runs tasks: worker threads, or the calling thread. */
export interface PrunePool {
  /** Number of tasks that run at once, >= 1. */
  readonly threads: number
  /** Rejects with an AbortError once `signal` is aborted. */
  run(task: PruneTask, signal?: AbortSignal): Promise<ColumnsResult | Uint16Array>
}
