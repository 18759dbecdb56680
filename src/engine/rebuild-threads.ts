/** Pieces of weights made by this thread and others side by side. */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { CodingError } from '../coding/index.js'
import { type Kernels, makeMaskedWeights, type PieceOnes, type WeightsPiece } from '../kernels/index.js'
import { builtFile } from './node.js'
import type { MakeWeights, WeightsJob } from './searched-weights.js'
import { DeadWorker } from './worker-pool.js'

/** Pieces that a thread may be ahead of this one, which fetches them. */
const SLOTS = 2

/** What a thread is started with. Graphs cannot read shared memory: weights are made there and copied out of it. */
export interface RebuildTask {
  readonly pieces: readonly WeightsPiece[]
  /** Int32 [1]: the next piece that nobody has taken. */
  readonly next: SharedArrayBuffer
  /** Int32 [SLOTS]: 1 where a slot is full. */
  readonly full: SharedArrayBuffer
  /** Float32, room for the largest piece each. */
  readonly slots: readonly SharedArrayBuffer[]
}

/** What a thread says: of a piece that it lies in a slot, or why it does not; and that there are no more. */
export type RebuildNews =
  | { readonly piece: number; readonly slot: number; readonly ones: PieceOnes }
  | { readonly done: true }
  | { readonly error: string; readonly kind: 'coding' | 'range' | 'other' }

/**
 * This thread begins at once, `threads - 1` others as soon as they have started; whoever is free takes the next piece.
 * @param loading this thread's kernels; the others start meanwhile
 */
export function makeOnThreads(loading: Promise<Kernels>, threads: number): MakeWeights {
  return async (jobs) => {
    const next = new SharedArrayBuffer(4)
    const ones = new Array<PieceOnes>(jobs.length)
    const workers = Array.from({ length: Math.min(threads - 1, jobs.length - 1) }, () => startWorker(jobs, next, ones))
    try {
      const kernels = await loading
      for (;;) {
        const i = Atomics.add(new Int32Array(next), 0, 1)
        if (i >= jobs.length) break
        ones[i] = makeMaskedWeights(kernels, jobs[i].piece, jobs[i].out)
        await new Promise((done) => setImmediate(done)) // fetches what the others have made
      }
      await Promise.all(workers.map(({ ended }) => ended))
      return ones
    } finally {
      await Promise.all(workers.map(({ worker }) => worker.terminate()))
    }
  }
}

const errors = { coding: CodingError, range: RangeError, other: Error }

function startWorker(jobs: readonly WeightsJob[], next: SharedArrayBuffer, ones: PieceOnes[]) {
  const largest = jobs.reduce((most, { piece }) => Math.max(most, piece.count), 0)
  const slots = Array.from({ length: SLOTS }, () => new SharedArrayBuffer(4 * largest))
  const full = new SharedArrayBuffer(4 * SLOTS)
  const task: RebuildTask = { pieces: jobs.map(({ piece }) => piece), next, full, slots }
  const worker = new Worker(fileURLToPath(builtFile('engine/rebuild-worker.js')), { workerData: task, execArgv: [] })
  const states = new Int32Array(full)
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (news: RebuildNews) => {
      if ('done' in news) return resolve()
      if ('error' in news) return reject(new errors[news.kind](news.error))
      const { out } = jobs[news.piece]
      out.set(new Float32Array(slots[news.slot], 0, out.length))
      ones[news.piece] = news.ones
      Atomics.store(states, news.slot, 0)
      Atomics.notify(states, news.slot)
    })
    worker.on('error', (error) => reject(new DeadWorker(error)))
    worker.on('exit', (code) => reject(new DeadWorker(code)))
  })
  ended.catch(() => {}) // it is awaited later
  return { worker, ended }
}
