/** The main thread's side of signal-watch.ts. */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { builtFile } from './node.js'
import type { WatchNews, WatchOrder } from './signal-watch.js'

/** A thread that listens to SIGINT and SIGTERM. */
export interface SignalThread {
  /** It cannot: signals come to the main thread alone. */
  readonly isDeaf: boolean
  post(order: WatchOrder): void
}

/**
 * Starts the thread, which takes 30 ms beside other work; until it listens a signal ends the process at once. The thread does not keep the
 * process from its end.
 * @param patience milliseconds that work has for stopping, before the thread asks for the end
 * @param onNews called with what the thread asks for
 */
export function startSignalThread(
  patience: number,
  onNews: (news: Extract<WatchNews, 'stop' | 'end'>) => void,
): Promise<SignalThread> {
  return new Promise((resolve) => {
    const thread = createThread(patience)
    const begin = (isDeaf: boolean) => {
      thread?.unref()
      resolve({ isDeaf, post: (order) => thread?.postMessage(order) })
    }
    if (!thread) return begin(true)
    thread.on('message', (news: WatchNews) => {
      if (news === 'stop' || news === 'end') onNews(news)
      else begin(news === 'deaf')
    })
    thread.on('error', () => begin(true)) // it cannot be started: no memory, or too many threads
  })
}

/** Undefined where Node does not know what the thread needs. */
function createThread(patience: number): Worker | undefined {
  const execArgv = ['--expose-internals', '--no-warnings'] // signal-watch.ts says why
  try {
    return new Worker(fileURLToPath(builtFile('engine/signal-watch.js')), { execArgv, workerData: { patience } })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
    return undefined
  }
}
