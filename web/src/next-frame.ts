import { batch } from '@preact/signals'

/** Changes of what is shown that wait for the next frame. */
export interface FrameQueue {
  /** Makes a change in the next frame, in place of an earlier one of this name that still waits. A hidden page has no frames. */
  put(name: string, change: () => void): void
  /** Forgets what waits. */
  clear(): void
}

/** Makes changes once a frame, together: reports that come faster cost one drawing. */
export function createFrameQueue(): FrameQueue {
  const waiting = new Map<string, () => void>()
  let isAsked = false
  return {
    put(name, change) {
      waiting.delete(name) // the newest is the last
      waiting.set(name, change)
      if (isAsked) return
      isAsked = true
      requestAnimationFrame(() => {
        isAsked = false
        const changes = [...waiting.values()]
        waiting.clear()
        batch(() => {
          for (const each of changes) each()
        })
      })
    },
    clear: () => waiting.clear(),
  }
}
