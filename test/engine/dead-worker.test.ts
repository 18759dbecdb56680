import { syncBuiltinESMExports } from 'node:module'
import threads, { type Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { makeOnThreads } from '../../src/engine/rebuild-threads.js'
import { createWorkerPool, DeadWorker } from '../../src/engine/worker-pool.js'
import type { WeightsPiece } from '../../src/kernels/index.js'
import { InputError } from '../../src/safetensors/input-error.js'
import { refusing, refusingAsync } from '../../src/ticket/refusing.js'

const RealWorker = threads.Worker
afterEach(() => {
  threads.Worker = RealWorker
  syncBuiltinESMExports()
})

/** Every worker that is made from now on is made by another class. */
function makeWorkersBy(WorkerClass: typeof RealWorker): void {
  threads.Worker = WorkerClass
  syncBuiltinESMExports()
}

class KilledWorker extends RealWorker {
  constructor(...options: ConstructorParameters<typeof Worker>) {
    super(...options)
    this.once('online', () => this.terminate())
  }
}

/** Too little memory for what a worker loads first: enough for V8 itself, which ends the process where it cannot start (Node 22). */
class SmallWorker extends RealWorker {
  constructor(file: string | URL, options?: ConstructorParameters<typeof Worker>[1]) {
    const hoard = 'const kept = []; for (;;) kept.push(Array.from({ length: 1e4 }, Math.random))'
    const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(hoard)}`]
    super(file, { ...options, execArgv, resourceLimits: { maxOldGenerationSizeMb: 16 } })
  }
}

const deaths = [
  { name: 'killed', WorkerClass: KilledWorker, reason: /exit code 1|exited with code: 1/ },
  { name: 'out of memory', WorkerClass: SmallWorker, reason: /: out of memory; fewer threads need less$/ },
]

/** Pieces of random weights, of which masks keep every one. */
const jobs = Array.from({ length: 64 }, (_, i) => {
  const count = 2 ** 16
  const init = { kind: 'uniform', range: 1 } as const
  const piece: WeightsPiece = { seed: 1, stream: i, init, start: 0, count, mask: new Uint8Array(count / 8).fill(255) }
  return { piece, out: new Float32Array(count) }
})

test('threads that live make every piece', async () => {
  expect(await makeOnThreads(loadKernels(), 3)(jobs)).toEqual(jobs.map(({ piece }) => [piece.count]))
})

for (const { name, WorkerClass, reason } of deaths) {
  test(`a thread that makes weights and is ${name} is told as dead, not as an unsound mask`, async () => {
    makeWorkersBy(WorkerClass)
    const making = refusingAsync('a.slt.safetensors', 'mask', () => makeOnThreads(loadKernels(), 3)(jobs))
    const error = await making.catch((thrown) => thrown)
    expect(error).toBeInstanceOf(DeadWorker)
    expect(error.message).toMatch(/^a worker thread ended before its work was done: /)
    expect(error.message).toMatch(reason)
  })

  test(`a thread that prunes and is ${name} ends what runs on it and what waits for it`, async () => {
    makeWorkersBy(WorkerClass)
    const pool = await createWorkerPool('engine/prune-worker.js', 1)
    const column = { coordinate: 0, units: new Uint32Array(0), targets: Float64Array.of(0) }
    const task = { kind: 'columns', seed: 1, spec: { outputs: 1 }, columns: [column] }
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => pool.run(task)))
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { name: 'DeadWorker' } })
    expect((results[0] as PromiseRejectedResult).reason.message).toMatch(reason)
    await expect(pool.run(task)).rejects.toThrow(DeadWorker)
    await pool.close()
  })
}

test('a shortage of memory is not told as an unsound ticket either', () => {
  const grow = () => new WebAssembly.Memory({ initial: 1, maximum: 1 }).grow(1)
  expect(() => refusing('a.slt.safetensors', grow)).toThrow(RangeError)
  const huge = () => new ArrayBuffer(2 ** 53 - 1)
  expect(() => refusing('a.slt.safetensors', huge)).toThrow(/^Array buffer allocation failed$/)
  const check = () => {
    throw new RangeError('"keep" expected 0 < keep <= 1, got 3')
  }
  expect(() => refusing('a.slt.safetensors', check)).toThrow(InputError)
})
