/** The process that jobs run in: it is told one job at a time, and computes. Store and queue are its parent's. */
import { copyFile, link, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../files/files.js'
import { InputError } from '../safetensors/index.js'
import type { FromChild, ToChild } from './job-process.js'
import type { JobContext } from './kind.js'
import { runOf } from './kinds.js'

let controller: AbortController | undefined

const say = (message: FromChild) => process.send?.(message)

process.on('disconnect', () => process.exit(1)) // whoever started it is gone: nobody would hear of the result
process.on('message', (message: ToChild) => {
  if (message.type === 'stop') return controller?.abort(new DOMException('stopped', 'AbortError'))
  return run(message)
})
say({ type: 'ready' })

/** JSON has no value that is not finite. */
const curveValue = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? { value } : {})

async function run({ job, inputs, folder, checkpointSeconds }: Extract<ToChild, { type: 'run' }>): Promise<void> {
  controller = new AbortController()
  const { signal } = controller
  const context: JobContext = {
    inputs,
    folder,
    signal,
    checkpointSeconds,
    onProgress: (done, total, text, value) =>
      say({ type: 'progress', progress: { done, total, text, ...curveValue(value) } }),
    onNote: (line) => say({ type: 'note', line }),
    async save(step, { link: linked, copy }) {
      // A folder of its own, which later checkpoints do not touch: the parent reads it while the job goes on.
      const saved = `${folder}.saved-${step}`
      await rm(saved, { recursive: true, force: true })
      const files = [...linked, ...copy]
      for (const file of files) {
        await makeFolder(dirname(join(saved, file)))
        const place = linked.includes(file) ? link : copyFile
        await place(join(folder, file), join(saved, file))
      }
      say({ type: 'saved', step, folder: saved, files })
    },
  }
  try {
    const runJob = await runOf[job.kind]()
    const { values, files } = await runJob(job.request, context)
    say({ type: 'done', values, files, bytes: process.memoryUsage.rss() })
  } catch (error) {
    const { message, stack = message } = error as Error
    if (signal.aborted) return void say({ type: 'stopped' })
    const isLasting = error instanceof InputError || error instanceof RangeError || error instanceof TypeError
    say({ type: 'failed', message, detail: isLasting ? message : stack })
  }
}
