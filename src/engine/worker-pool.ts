import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { builtFile } from './node.js'

/** Worker threads that run the default export of one module of the package. */
export interface WorkerPool<Task, Result> {
  /**
   * Runs a task on some thread.
   * @throws AbortError once `signal` is aborted; {@link DeadWorker} once any thread of the pool has ended by itself
   */
  run(task: Task, signal?: AbortSignal): Promise<Result>
  close(): Promise<void>
}

/** A worker thread ended before its work was done. It says nothing of the files that the thread worked on. */
export class DeadWorker extends Error {
  override readonly name = 'DeadWorker'

  /** @param cause the error that ended the thread, or its exit code */
  constructor(cause: unknown) {
    const { code, message } =
      cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: `exit code ${cause}` }
    const isMemory = code === 'ERR_WORKER_OUT_OF_MEMORY'
    const reason = isMemory ? 'out of memory; fewer threads need less' : message
    super(`a worker thread ended before its work was done: ${reason}`, { cause })
  }
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
  const waiting = new Set<(error: DeadWorker) => void>()
  let death: DeadWorker | undefined
  const die = (cause: unknown) => {
    death ??= new DeadWorker(cause)
    for (const reject of waiting) reject(death)
  }
  // Piscina tells of a thread's end only the tasks that ran on it: one that waits for a thread would wait for ever.
  pool.on('error', die)
  pool.on('workerDestroy', () => setImmediate(() => waiting.size > 0 && die('unknown'))) // after what is told with a reason
  return {
    async run(task, signal) {
      signal?.throwIfAborted()
      if (death) throw death
      if (signal) setMaxListeners(0, signal) // every queued task listens to the one signal
      return await new Promise<Result>((resolve, reject) => {
        const fail = (error: DeadWorker) => reject(signal?.aborted ? signal.reason : error)
        waiting.add(fail)
        pool
          .run(task, signal ? { signal } : {})
          .finally(() => waiting.delete(fail))
          .then(resolve, (error) => {
            if (!isEnd(error)) return reject(error)
            die(error)
            reject(death)
          })
      })
    },
    close: () => pool.destroy(),
  }
}

/** Whether the thread ended, by an error of Node or by Piscina's of its exit; else the task threw. */
const isEnd = (error: Error): boolean =>
  String((error as NodeJS.ErrnoException).code).startsWith('ERR_WORKER_') ||
  /^worker exited with code: /.test(error.message)
