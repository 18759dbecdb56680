import { expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import type { TargetMatrix } from '../../src/families/pair-target.js'
import { planSource } from '../../src/prune/pair-source.js'
import { prunePairs } from '../../src/prune/prune-pairs.js'
import { type PruneTask, runPruneTask } from '../../src/prune/task.js'
import { normal } from '../../src/random/index.js'
import type { PairReport, TicketWriter } from '../../src/ticket/index.js'

const kernels = await loadKernels()
const matrices: TargetMatrix[] = Array.from({ length: 12 }, (_, m) => ({
  name: `m${m}`,
  inputs: 4,
  outputs: 6,
  weights: normal(1, m, 24),
}))
const specs = matrices.map((matrix, m) =>
  planSource({ ...matrix, largest: 3 }, m, { items: 8, scale: 'auto', method: 'plain' }),
)

function options(writer: Partial<TicketWriter>, signal?: AbortSignal) {
  const full = { finished: new Map<string, PairReport>(), ...writer } as unknown as TicketWriter
  async function* targets() {
    yield* matrices
  }
  return { seed: 3, method: 'plain' as const, specs, writer: full, targets: targets(), signal, onProgress: undefined }
}

/** Counts tasks, and refuses those whose signal is aborted, as a pool of threads does. */
function countingPool() {
  const pool = {
    threads: 2,
    tasks: 0,
    async run(task: PruneTask, signal?: AbortSignal) {
      signal?.throwIfAborted()
      pool.tasks++
      return runPruneTask(kernels, task)
    },
  }
  return pool
}

it('solves every matrix once and writes it', async () => {
  const written: string[] = []
  const pool = countingPool()
  const writePair = async ({ spec }: { spec: { name: string } }) => void written.push(spec.name)
  const { solved } = await prunePairs({ pool, kernels }, options({ writePair }))
  expect([solved, pool.tasks]).toEqual([288, 12])
  expect(written.sort()).toEqual(matrices.map(({ name }) => name).sort())
})

it('a failure to write stops the rest and is what is thrown', async () => {
  const pool = countingPool()
  const writePair = () => Promise.reject(new Error('no space left on device'))
  await expect(prunePairs({ pool, kernels }, options({ writePair }))).rejects.toThrow('no space left on device')
  expect(pool.tasks).toBeLessThan(8)
})

it('an aborted signal stops it with the reason', async () => {
  const pool = countingPool()
  const controller = new AbortController()
  const writePair = async () => controller.abort(new Error('enough'))
  const pruning = prunePairs({ pool, kernels }, options({ writePair }, controller.signal))
  await expect(pruning).rejects.toThrow('enough')
  expect(pool.tasks).toBeLessThan(8)
})
