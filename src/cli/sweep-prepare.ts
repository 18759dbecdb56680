/** What `slt sweep` does before a run starts: everything is read and checked, and nothing is written until it can begin. */
import { basename, resolve } from 'node:path'
import type { DeviceName } from '../engine/device.js'
import type { Job } from '../queue/job.js'
import type { RedisPlace } from '../queue/redis.js'
import type { OptionTexts, SweepPlan, SweepRun } from '../queue/sweep.js'
import type { SweepFolder } from '../queue/sweep-folder.js'
import type { SweepRecord } from '../queue/sweep-record.js'
import { InputError } from '../safetensors/input-error.js'
import { BadUsage } from './failure.js'
import { count, type Terminal } from './terminal.js'

export interface SweepFlags {
  /** As given: read when the plan is made. */
  set?: string[]
  command?: string
  option?: [string, string][]
  queue?: string
  store?: string
  watch?: string
  cancel?: string
  out?: string
  jobs?: number
  memory?: number
  threads: number
  device: Exclude<DeviceName, 'auto'>
  models?: boolean
  force?: boolean
  json?: boolean
}

/** The folder of a sweep's tables. */
export const outOf = (given: string | undefined, { watch, out }: SweepFlags): string =>
  watch ?? out ?? `${basename(given ?? 'sweep').replace(/\.json$/, '')}.sweep`

/** Takes back what of a sweep is not done. */
export async function cancelSweep(out: string, { queue }: SweepFlags, terminal: Terminal): Promise<void> {
  const [{ readSweep }, { openRedis }, { cancelJobs }] = await Promise.all([
    import('../queue/sweep-folder.js'),
    import('../queue/redis.js'),
    import('../queue/cancel.js'),
  ])
  const { jobs, queue: before } = await recordOf(out, readSweep)
  if (before === null) throw new BadUsage(`the sweep of ${out} is on no queue: Ctrl-C ends it`)
  if (queue === undefined) throw new BadUsage(`give --queue (it was ${before})`)
  const { waiting, running } = await cancelJobs(await openRedis(queue), jobs)
  terminal.print(
    `${count(waiting)} of ${count(jobs.length)} runs taken back, ${count(running)} running: their workers save and stop them within a claim; results stay`,
  )
  terminal.result({ out, waiting, running })
}

/** @throws InputError where the folder is that of no sweep */
async function recordOf(folder: string, readSweep: (folder: string) => Promise<SweepRecord | undefined>) {
  const record = await readSweep(folder)
  if (record === undefined) throw new InputError(`${folder}: not the folder of a sweep (no sweep.json in it)`)
  return record
}

/** A sweep that can begin. */
export interface Prepared extends Omit<SweepRecord, 'queue'> {
  /** The queue, opened; undefined where the runs are here. */
  readonly redis: RedisPlace | undefined
  readonly runs: readonly SweepRun[]
  readonly out: string
  readonly folder: SweepFolder
}

/** Checks everything that can be checked before a run starts. */
export async function prepareSweep(
  given: string | undefined,
  flags: SweepFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Prepared> {
  const [{ runsOf }, { openSweepFolder, readSweep }] = await Promise.all([
    import('../queue/sweep.js'),
    import('../queue/sweep-folder.js'),
  ])
  if (flags.watch !== undefined) {
    const record = await recordOf(flags.watch, readSweep)
    if (record.queue !== null && flags.queue === undefined) {
      throw new BadUsage(`the sweep of ${flags.watch} is on a queue: give --queue (it was ${record.queue})`)
    }
    const redis = await redisOf(flags)
    const folder = await openSweepFolder(flags.watch, record, {})
    const models = flags.models ?? record.models ?? false
    checkModels(models, record.plan, record.models)
    const store = flags.store === undefined ? record.store : placeOf(flags.store)
    const runs = distinct(runsOf(record.plan), record.jobs)
    return { ...record, ...runs, store, models, redis, out: flags.watch, folder }
  }
  const plan = await readGiven(given, flags)
  const runs = runsOf(plan)
  checkModels(flags.models ?? false, plan)
  const { checkStore, openStore } = await import('../queue/open-store.js')
  const { sweepJobs } = await import('./sweep-jobs.js')
  const address = placeOf(flags.store ?? 'slt-store')
  const store = await openStore(address).then(checkStore)
  const { threads, device, models = false } = flags
  const onNote = (line: string) => terminal.note(line)
  const jobs = await sweepJobs(plan, runs, { store, threads, device, models, signal, onNote })
  const { runs: once, jobs: own, doubles } = distinct(runs, jobs)
  for (const line of doubles) terminal.note(line)
  const out = outOf(given, flags)
  const redis = await redisOf(flags) // before anything is written: it may not be there
  const record = { plan, queue: redis?.shown ?? null, store: address, ...(models && { models }), jobs }
  return { ...record, jobs: own, runs: once, redis, out, folder: await openSweepFolder(out, record, flags) }
}

/** A place that means the same from any folder. */
const placeOf = (store: string): string => (store.startsWith('s3://') ? store : resolve(store))

/** @throws InputError for a Redis that cannot be used */
async function redisOf({ queue }: SweepFlags): Promise<RedisPlace | undefined> {
  if (queue === undefined) return undefined
  const { openRedis } = await import('../queue/redis.js')
  return openRedis(queue)
}

/** Runs with one job each: those whose settings come to the same are one run, which counts once. */
function distinct(runs: readonly SweepRun[], jobs: readonly Job[]) {
  const first = new Map<string, Job>()
  const doubles: string[] = []
  const kept = runs.filter((_, i) => {
    const there = first.get(jobs[i].id)
    if (there) doubles.push(`"${jobs[i].label}" is the same run as "${there.label}": it counts once`)
    else first.set(jobs[i].id, jobs[i])
    return there === undefined
  })
  return { runs: kept, jobs: [...first.values()], doubles }
}

/** @param stored whether a sweep that was begun stores its trained models; undefined for one that begins @throws BadUsage */
function checkModels(models: boolean, { command }: SweepPlan, stored: boolean | undefined = models): void {
  if (models && command === 'eval') throw new BadUsage('--models: an evaluation makes no model')
  if (models && command === 'train' && !stored)
    throw new BadUsage('--models: this sweep was begun without it, and stores no trained models')
}

/** The plan of a file or a command, with what the flags change. */
async function readGiven(given: string | undefined, flags: SweepFlags): Promise<SweepPlan> {
  const { readPlan, readSetting, sweepCommands } = await import('../queue/sweep.js')
  if (given === undefined)
    throw new BadUsage('give a plan (sweep.json), a command (search, train, prune, eval), or --watch <folder>')
  const isCommand = (sweepCommands as readonly string[]).includes(given)
  const plan = isCommand ? readPlan({ command: given }) : await planOf(given, readPlan)
  const settings = (flags.set ?? []).map(readSetting)
  const names = [...settings, ...(flags.option ?? [])].map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw new BadUsage(`"${twice}" is given twice by --set and --option: --set ${twice}=a,b has several values`)
  const grid = Object.fromEntries(settings)
  const options: OptionTexts = Object.fromEntries(flags.option ?? [])
  return { ...plan, options: { ...plan.options, ...options }, grid: { ...plan.grid, ...grid } }
}

async function planOf(path: string, readPlan: (value: unknown) => SweepPlan): Promise<SweepPlan> {
  const { readTextIfThere } = await import('../files/files.js')
  const text = await readTextIfThere(path)
  if (text === undefined) throw new InputError(`${path}: no such file or folder`)
  try {
    return readPlan(JSON.parse(text))
  } catch (error) {
    throw new InputError(`${path}: not the plan of a sweep: ${(error as Error).message}`)
  }
}
