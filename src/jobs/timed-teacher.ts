import { loadKernels } from '../engine/node.js'
import type { GraphRunner } from '../graph/index.js'
import { openLiteralModel } from '../prune/verify.js'
import { denseTeacher, logitsTeacher, type OpenTeacher } from '../search/teacher.js'
import type { NamedModel } from './named-model.js'

/** A teacher at work, and what it costs. */
export interface TimedTeacher {
  readonly open: OpenTeacher
  /** Spent in its runs so far. */
  seconds(): number
}

/** The teacher's network on a device. */
export function timedTeacher(runner: GraphRunner, { source, weights }: NamedModel): TimedTeacher {
  const { config, ticket } = source
  let spent = 0
  const open: OpenTeacher = async (lesson) => {
    const step = await (weights ? denseTeacher(runner, config, weights) : literalTeacher)(lesson)
    return {
      ...step,
      async run() {
        const begun = performance.now()
        await step.run()
        spent += performance.now() - begun
      },
    }
  }
  const literalTeacher: OpenTeacher = async (lesson) => {
    if (ticket?.kind !== 'pruned') throw new TypeError('"teacher" expected weights or a pruned ticket')
    const model = await openLiteralModel({ runner, kernels: await loadKernels() }, ticket)
    const step = await logitsTeacher((...batch) => model.logits(...batch), config.vocabulary)(lesson)
    return { ...step, release: () => model.release() }
  }
  return { open, seconds: () => spent / 1000 }
}
