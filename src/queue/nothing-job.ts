/** Jobs that try a queue: they wait, work or fail as they are told. */
import { setTimeout } from 'node:timers/promises'
import { InputError } from '../safetensors/index.js'
import { createJob, type Job, type JsonObject } from './job.js'
import type { JobContext, JobFindings } from './kind.js'

/** What such a job does. */
export interface NothingSettings {
  /** Tells jobs apart. */
  readonly number: number
  /** Words of the process's random generator are hashed for so many rounds: real work, whose result is the same everywhere. */
  readonly rounds?: number
  /** Milliseconds that it waits in all, in tenths, saving after each. */
  readonly wait?: number
  /** How it fails, if it does: with an error, or by a signal that ends its process. */
  readonly fails?: 'error' | 'exit'
}

export function createNothingJob(settings: NothingSettings): Job {
  const needs = { bytes: 100e6, device: 'cpu' } as const
  const request = { ...settings }
  return createJob({ kind: 'nothing', label: `nothing ${settings.number}`, request, inputs: {}, needs }, request)
}

export async function runNothingJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const { number, rounds = 0, wait = 0, fails } = request as unknown as NothingSettings
  let value = BigInt(number)
  for (let i = 0; i < rounds; i++) value = (value * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n
  for (let tenth = 1; tenth <= 10 && wait > 0; tenth++) {
    await setTimeout(wait / 10, undefined, { signal: context.signal })
    context.onProgress(tenth, 10, `waiting ${wait} ms`, 1 / tenth)
  }
  if (fails === 'error') throw new InputError(`job ${number} fails, as it was told`)
  if (fails === 'exit') process.kill(process.pid, 'SIGTERM')
  return { values: { number, value: String(value) }, files: {} }
}
