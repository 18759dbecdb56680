import type { WebDevice } from '../../../src/engine/web.js'
import { webSha256 } from '../../../src/engine/web-sha256.js'
import { createGenerator } from '../../../src/kernels/index.js'
import { InputError } from '../../../src/safetensors/input-error.js'
import { openEngine } from '../../../web/src/engine.js'
import { loadKernels } from '../../../web/src/kernels.js'
import { exposeTasks, type TaskContext } from '../../../web/src/worker-task.js'
import { boundLogits, smallGpt2 } from './small-gpt2.js'

const tasks = {
  /** Logits of the small GPT-2, run freely and bound. */
  async logits({ device }: { device: 'auto' | WebDevice }) {
    const { runner, device: chosen, reason, threads } = await openEngine(device)
    const model = smallGpt2(runner)
    const free = await model.logits(model.tokens, 2, 8)
    return { device: chosen, reason, threads, free, bound: await boundLogits(runner) }
  },
  /** 1,000 uniform weights by the kernels, and the SHA-256 of "abc". */
  async weights(_: undefined) {
    const generate = createGenerator(await loadKernels())
    const hash = webSha256()
    hash.update(new TextEncoder().encode('abc'))
    const init = { kind: 'uniform', range: 1 } as const
    return { weights: generate({ seed: 7, stream: 0, init, count: 1000 }), hash: hash.digest() }
  },
  /** Counts, telling every number and pausing between them. */
  async count({ to }: { to: number }, { report, pause }: TaskContext<number>) {
    for (let i = 1; i <= to; i++) {
      report(i)
      await pause()
    }
    return to
  },
  /** Says that it has begun, and then listens to nothing. */
  deaf(_: undefined, { report }: TaskContext<'deaf'>) {
    void report('deaf')
    for (;;);
  },
  /** Ends the worker in the middle of its work. */
  die(_: undefined) {
    close()
    return new Promise<never>(() => {})
  },
  refuse(_: undefined) {
    throw new InputError('a.safetensors: not a ticket: it has 3 bytes')
  },
}
export type EngineTasks = typeof tasks

exposeTasks(tasks)
