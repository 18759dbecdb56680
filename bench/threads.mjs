import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Starts worker threads of a module; `ask(messages)` sends the i-th message to the i-th thread and returns all answers. */
export function startThreads(count, module = 'solver-worker.mjs') {
  const workers = Array.from({ length: count }, () => new Worker(new URL(module, import.meta.url)))
  return {
    ask: (messages) =>
      Promise.all(
        workers.map(async (worker, i) => {
          worker.postMessage(messages[i])
          const [answer] = await once(worker, 'message')
          return answer
        }),
      ),
    stop: () => Promise.all(workers.map((worker) => worker.terminate())),
  }
}
