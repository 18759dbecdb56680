/** A page with the run view's worker and nothing else, for run-engine.test.ts. */
import type { RunTasks } from '../../../web/src/views/run/run-worker.js'
import { createWorkerClient, type WorkerClient } from '../../../web/src/worker-client.js'

declare global {
  var run: WorkerClient<RunTasks>
}
globalThis.run = createWorkerClient<RunTasks>(
  () => new Worker(new URL('../../../web/src/views/run/run-worker.ts', import.meta.url), { type: 'module' }),
)
