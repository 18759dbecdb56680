/** A bundled model, pruned to in the page: a worker is its own pool. */

import { webSha256 } from '../../../../src/engine/web-sha256.js'
import type { BaseConfig } from '../../../../src/families/config.js'
import type { GraphRunner } from '../../../../src/graph/index.js'
import { readModelFolder } from '../../../../src/interop/hugging-face.js'
import type { Kernels } from '../../../../src/kernels/index.js'
import type { Sequences } from '../../../../src/prune/compare-predictions.js'
import { pruneModel } from '../../../../src/prune/prune.js'
import { runPruneTask } from '../../../../src/prune/task.js'
import { InputError, memorySource } from '../../../../src/safetensors/index.js'
import type { TicketStorage } from '../../../../src/ticket/index.js'
import { fetchSiteFile } from '../../site.js'
import type { TaskContext } from '../../worker-task.js'

const FILES = ['config.json', 'model.safetensors']

/** Random products for one weight, as in `slt demo`. */
const ITEMS = 16
const SEED = 7

/** How far the pruning is. */
export interface PruningProgress {
  readonly done: number
  readonly total: number
}

/** The bundled models by their folders in the site. */
export type BundledModel = 'gpt-nano-sort' | 'stories260k'

/** Reads a bundled model. @throws Error in a plain sentence when a file cannot be had */
export const readBundledModel = (name: BundledModel, signal: AbortSignal): ReturnType<typeof readModelFolder> =>
  readModelFolder(async (file) => {
    const path = `data/${name}/${file}`
    if (!FILES.includes(file)) throw new InputError(`${path}: missing`, { cause: { code: 'ENOENT' } })
    return memorySource(await fetchSiteFile(path, signal), path)
  })

/** Prunes random matrices to a bundled model. @returns the file of the ticket */
export async function pruneExample(
  name: BundledModel,
  kernels: Kernels,
  runner: GraphRunner,
  { signal, report, pause }: TaskContext<PruningProgress>,
): Promise<Uint8Array> {
  const target = await readBundledModel(name, signal)
  const storage = memoryStorage()
  const pool = {
    threads: 1,
    async run(task: Parameters<typeof runPruneTask>[1]) {
      await pause()
      return runPruneTask(kernels, task)
    },
  }
  await pruneModel(
    { pool, kernels, runner, storage, createSha256: webSha256 },
    {
      target,
      items: ITEMS,
      seed: SEED,
      out: `${name}.slt.safetensors`,
      sequences: fewTokens(target.config),
      signal,
      onProgress: ({ weightsDone, weightsTotal }) => report({ done: weightsDone, total: weightsTotal }),
    },
  )
  return storage.published()
}

/** What the two are compared on beside random inputs: the page shows no figure of it, and a literal pass of 2,048 tokens takes seconds. */
function fewTokens({ positions, vocabulary }: BaseConfig): Sequences {
  const length = Math.min(positions, 8)
  return { tokens: Int32Array.from({ length }, (_, i) => i % vocabulary), batch: 1, length }
}

/** Working files in memory. */
function memoryStorage(): TicketStorage & { published(): Uint8Array } {
  let file = new Uint8Array(0)
  let journal = ''
  return {
    published: () => file,
    async open() {
      return {
        readJournal: async () => journal,
        async resetJournal(text) {
          journal = text
        },
        async appendJournal(text) {
          journal += text
        },
        size: async () => file.length,
        async resize(size) {
          const grown = new Uint8Array(size)
          grown.set(file.subarray(0, size))
          file = grown
        },
        read: async (offset, length) => file.slice(offset, offset + length),
        async write(offset, bytes) {
          file.set(bytes, offset)
        },
        sync: async () => {},
        publish: async () => {},
        close: async () => {},
        remove: async () => {},
      }
    },
  }
}
