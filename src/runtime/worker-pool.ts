import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { builtFile } from './node.js'

/** Worker threads that run the default export of one module of the package. */
export interface WorkerPool<Task, Result> {
  /** Runs a task on some thread. Rejects with an AbortError once `signal` is aborted. */
  run(task: Task, signal?: AbortSignal): Promise<Result>
  close(): Promise<void>
}

/**
 * @param module path of a built module, for example `prune/worker.js`
 * @param threads number of threads, >= 1
 * @throws the system's error when there is no working directory
 */
export async function createWorkerPool<Task, Result>(
  module: string,
  threads: number,
): Promise<WorkerPool<Task, Result>> {
  process.cwd() // throws where the folder is gone, which a thread asks for too: there it would end the process
  const { Piscina } = await import('piscina')
  const pool = new Piscina<Task, Result>({
    filename: fileURLToPath(builtFile(module)),
    minThreads: threads,
    maxThreads: threads,
    // Workers do nothing but their kernels: what the parent was started with (loaders of a test runner) is not theirs.
    execArgv: [],
  })
  return {
    run(task, signal) {
      if (!signal) return pool.run(task)
      setMaxListeners(0, signal) // every queued task listens to the one signal
      return pool.run(task, { signal })
    },
    close: () => pool.destroy(),
  }
}
