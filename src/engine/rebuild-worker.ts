/** A thread that makes weights: takes pieces until none is left. */
import { parentPort, workerData } from 'node:worker_threads'
import { CodingError } from '../coding/index.js'
import { makeMaskedWeights } from '../kernels/index.js'
import { loadKernels } from './node.js'
import type { RebuildNews, RebuildTask } from './rebuild-threads.js'

const { pieces, next, full, slots } = workerData as RebuildTask
const say = (news: RebuildNews) => parentPort!.postMessage(news)

try {
  const kernels = await loadKernels()
  const states = new Int32Array(full)
  for (let turn = 0; ; turn++) {
    const piece = Atomics.add(new Int32Array(next), 0, 1)
    if (piece >= pieces.length) break
    const slot = turn % slots.length
    while (Atomics.load(states, slot) === 1) Atomics.wait(states, slot, 1)
    const out = new Float32Array(slots[slot], 0, pieces[piece].count)
    const ones = makeMaskedWeights(kernels, pieces[piece], out)
    Atomics.store(states, slot, 1)
    say({ piece, slot, ones })
  }
  say({ done: true })
} catch (error) {
  const kind = error instanceof CodingError ? 'coding' : error instanceof RangeError ? 'range' : 'other'
  say({ error: (error as Error).message, kind })
}
