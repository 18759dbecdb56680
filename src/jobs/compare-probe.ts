/**
 * Run in a process of its own by `compare.ts`: loads a model, generates with it, and says over the channel to the parent how
 * much memory the process took at most. Memory of models that share a process cannot be told apart.
 */
import { type LoadRequest, timeLoad } from './compare-load.js'

/** What the parent is told. */
export interface MemoryAnswer {
  /** Largest resident set of the whole process, Node and ONNX Runtime included. */
  readonly peakBytes?: number
  /** Why there is none. */
  readonly error?: string
}

if (process.send) {
  process.once('message', async (request: LoadRequest) => {
    const answer = await timeLoad(request).then(
      (): MemoryAnswer => ({ peakBytes: 1024 * process.resourceUsage().maxRSS }),
      (error): MemoryAnswer => ({ error: String(error?.message ?? error) }),
    )
    process.send?.(answer, () => process.disconnect())
  })
}
