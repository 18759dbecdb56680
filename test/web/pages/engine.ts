/** A page whose worker runs a small GPT-2, counts and fails, for engine.test.ts and worker-client.test.ts. */
import { createWorkerClient, type WorkerClient } from '../../../web/src/worker-client.js'
import type { EngineTasks } from './engine-worker.js'

declare global {
  var client: WorkerClient<EngineTasks>
}
globalThis.client = createWorkerClient(
  () => new Worker(new URL('./engine-worker.ts', import.meta.url), { type: 'module' }),
)
