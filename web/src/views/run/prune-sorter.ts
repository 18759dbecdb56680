/** The bundled sorter, pruned to in the page: a worker is its own pool. */

import { webSha256 } from '../../../../src/engine/web-sha256.js'
import type { GraphRunner } from '../../../../src/graph/index.js'
import { readModelFolder } from '../../../../src/interop/hugging-face.js'
import type { Kernels } from '../../../../src/kernels/index.js'
import { pruneModel } from '../../../../src/prune/prune.js'
import { runPruneTask } from '../../../../src/prune/task.js'
import { InputError, memorySource } from '../../../../src/safetensors/index.js'
import type { TicketStorage } from '../../../../src/ticket/index.js'
import { fetchSiteFile } from '../../site.js'
import type { TaskContext } from '../../worker-task.js'

const FOLDER = 'data/gpt-nano-sort'
const FILES = ['config.json', 'model.safetensors']

/** Random products for one weight, as in `slt demo`. */
const ITEMS = 16
const SEED = 7

/** How far the pruning is. */
export interface SorterProgress {
  readonly done: number
  readonly total: number
}

/** Prunes random matrices to the trained sorter. @returns the file of the ticket */
export async function pruneSorter(
  kernels: Kernels,
  runner: GraphRunner,
  { signal, report, pause }: TaskContext<SorterProgress>,
): Promise<Uint8Array> {
  const target = await readModelFolder(async (name) => {
    if (!FILES.includes(name)) throw new InputError(`${FOLDER}/${name}: missing`, { cause: { code: 'ENOENT' } })
    return memorySource(await fetchSiteFile(`${FOLDER}/${name}`, signal), `${FOLDER}/${name}`)
  })
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
      out: 'sorter.slt.safetensors',
      signal,
      onProgress: ({ weightsDone, weightsTotal }) => report({ done: weightsDone, total: weightsTotal }),
    },
  )
  return storage.published()
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
