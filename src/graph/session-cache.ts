import { encodeModel } from './encode-model.js'
import type { GraphRunner, LoadedGraph } from './runner.js'
import type { Graph } from './value.js'

/** Loaded graphs by key: shapes are static, so a model loads one graph for each batch and length that it meets. */
export interface SessionCache {
  /**
   * The loaded graph of this key; built and loaded when it is new.
   * The least recently asked-for graph is released when the cache is full: use what you get before asking again.
   */
  get(key: string, build: () => Graph): Promise<LoadedGraph>
  /** Releases every graph. */
  release(): Promise<void>
}

/**
 * @param runner loads the graphs
 * @param capacity graphs kept, >= 1
 */
export function createSessionCache(runner: GraphRunner, capacity = 24): SessionCache {
  const sessions = new Map<string, Promise<LoadedGraph>>() // in order of use, oldest first
  return {
    async get(key, build) {
      const known = sessions.get(key)
      const session = known ?? loadGraph(runner, build())
      sessions.delete(key)
      sessions.set(key, session)
      const loaded = await session.catch((error) => {
        sessions.delete(key)
        throw error
      })
      for (const [oldest, old] of sessions) {
        if (sessions.size <= capacity) break
        sessions.delete(oldest)
        await (await old).release()
      }
      return loaded
    },
    async release() {
      const all = [...sessions.values()]
      sessions.clear()
      for (const session of all) await (await session).release()
    },
  }
}

function loadGraph(runner: GraphRunner, graph: Graph): Promise<LoadedGraph> {
  const beside = runner.takesBeside ? new Map<string, Uint8Array>() : undefined
  return runner.load(encodeModel(graph, beside), beside)
}
