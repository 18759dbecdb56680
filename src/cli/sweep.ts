import { join } from 'node:path'
import type { Command } from 'commander'
import type { JobEvents } from '../queue/events.js'
import type { Job } from '../queue/job.js'
import { shownAddress } from '../queue/redis.js'
import type { Store } from '../queue/store.js'
import type { SweepState } from '../queue/sweep-state.js'
import { BadUsage } from './failure.js'
import { interruptible } from './interrupt.js'
import { cancelSweep, outOf, type Prepared, prepareSweep, type SweepFlags } from './sweep-prepare.js'
import { reportSweep, writeSweepFiles } from './sweep-report.js'
import { createSweepView } from './sweep-view.js'
import { allowsColour, count, createTerminal, type Terminal } from './terminal.js'
import { integer, oneOf, positive } from './values.js'

const help = `
Examples:
  slt sweep sweep.json
  slt sweep search --option data=corpus.txt --option model=micro --set keep=0.1,0.3,0.5 --set seed=0..4
  slt sweep sweep.json --queue redis://host:6379 --store /shared/store
  slt sweep prune --option folder=model --set items=12..20 --models
  slt sweep --watch sweep.sweep --queue redis://host:6379
  slt sweep --cancel sweep.sweep --queue redis://host:6379

sweep.json names a command (search, train, prune, eval), the options that all runs share, and a grid, a list of runs, or both:
then each of the list is run for every combination of the grid.
  { "command": "search", "options": { "data": "corpus.txt", "model": "micro", "steps": 500 },
    "grid": { "keep": [0.1, 0.3, 0.5], "seed": "0..4" } }
Options are those of the command, without dashes; prune's folder is "folder", eval's ticket is "ticket". --option and --set
change what the file says. Threads and device are the sweep's own options, as are those that say where results go.

Without --queue the runs are here, as many side by side as cores and memory allow. With it they are handed out to "slt work"
on any machine that reaches the queue and the store. Ctrl-C leaves the queue working; --watch comes back, --cancel takes the
runs back that are not done. A sweep that has grown takes the same folder. The queue's password may stand in the environment as
SLT_REDIS_PASSWORD, where other users of the machine do not see it.

A result is stored once, under the hash of what determines it: settings, text, threads, device. What the store has is not run
again. In <out> are sweep.json, results.csv, results.json, results.md (mean and deviation over seeds), runs.csv (a line a
run) and figure.svg; with --models also models/, a file a run: its ticket or trained model. In results.csv a number has four
columns: loss_mean, loss_sd (standard deviation), loss_ci95_low and loss_ci95_high (95 % interval of the mean, from 3 runs on).`

/** Adds `slt sweep`. */
export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('run searches, trainings, prunings or evaluations for every combination of some options')
    .argument('[plan]', 'a JSON file, or a command: search, train, prune, eval')
    .option('--set <option=values>', 'values of an option: 0.1,0.3 or 0..4; may be given again', collect(String))
    .option('--option <name=value>', 'an option of all runs; may be given again', collect(readOption))
    .option('--queue <address>', 'hand the runs out: redis://host:port, rediss:// with TLS, or a socket')
    .option('--store <place>', 'where results go: a folder or s3://bucket/prefix (default: slt-store)')
    .option('--watch <folder>', 'come back to the sweep of this folder')
    .option('--cancel <folder>', 'take the jobs of the sweep of this folder back from the queue')
    .option('--out <folder>', 'folder of the tables (default: the name of the plan, with .sweep)')
    .option('--models', 'also copy every ticket and trained model into <out>/models')
    .option(
      '--jobs <n>',
      'runs at a time, without a queue (default: as many as cores and memory allow)',
      integer('jobs', 1, 1024),
    )
    .option(
      '--memory <gb>',
      'gigabytes for runs at a time, without a queue (default: most of what is free)',
      positive('memory'),
    )
    .option(
      '--threads <n>',
      'threads of a run: the last bits of a result depend on them',
      integer('threads', 1, 1024),
      1,
    )
    .option('--device <d>', 'cpu, webgpu, cuda', oneOf('device', ['cpu', 'webgpu', 'cuda']), 'cpu' as const)
    .option('--force', 'replace the tables of another sweep')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((plan: string | undefined, flags: SweepFlags) => runSweep(plan, flags))
}

const collect =
  <T>(read: (text: string) => T) =>
  (text: string, before: T[] = []): T[] => [...before, read(text)]

function readOption(text: string): [string, string] {
  const at = text.indexOf('=')
  return [(at < 0 ? text : text.slice(0, at)).replace(/^--/, ''), at < 0 ? '' : text.slice(at + 1)]
}

async function runSweep(given: string | undefined, flags: SweepFlags): Promise<void> {
  const terminal = createTerminal(flags)
  if ([flags.watch, flags.cancel, given].filter((each) => each !== undefined).length > 1)
    throw new BadUsage('give a plan, --watch <folder> or --cancel <folder>, one of them')
  if (flags.queue !== undefined && flags.store === undefined && given !== undefined)
    throw new BadUsage('give --store <place> beside --queue: the one that slt work was given')
  if ((flags.watch ?? flags.cancel) !== undefined && (flags.set ?? flags.option) !== undefined)
    throw new BadUsage(
      '--set and --option are for a sweep that begins: what one that was begun runs is in its sweep.json',
    )
  if (flags.cancel !== undefined) return cancelSweep(flags.cancel, flags, terminal)
  if (flags.queue !== undefined && (flags.jobs ?? flags.memory) !== undefined) {
    throw new BadUsage('--jobs and --memory are of runs here: with --queue give them to slt work')
  }
  const advice =
    flags.queue === undefined
      ? 'the same command goes on'
      : `the queue goes on; slt sweep --watch ${outOf(given, flags)} --queue ${shownAddress(flags.queue)} comes back`
  await interruptible(
    async (signal) => {
      const prepared = await prepareSweep(given, flags, terminal, signal)
      await follow(prepared, flags, terminal, signal)
    },
    advice,
    { patience: 30_000 }, // runs here save themselves
  )
}

/** So many runs have their makers told while a sweep goes on, as many as the explorer lists; all have them at the end. */
const MOST_LIVE = 500

/** Has the jobs run and shows them until the last has ended. */
async function follow(prepared: Prepared, flags: SweepFlags, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { jobs, runs, folder, plan } = prepared
  const { followSweep, measureOf } = await import('../queue/sweep-state.js')
  const { openStore } = await import('../queue/open-store.js')
  const { createStoredCurves } = await import('../queue/stored-curves.js')
  const store = await openStore(prepared.store)
  const { createStoredMakings } = await import('../queue/stored-makings.js')
  const [curves, makings] = [createStoredCurves(store), createStoredMakings(store)]
  const measure = measureOf(plan)
  const isLive = allowsColour(process.stderr)
  const state = followSweep(runs, jobs, (run) => {
    if (run.status === 'failed') view.note(`failed: ${run.label}: ${run.failure?.message}`)
    const found = run.numbers?.[measure]
    if (run.status === 'done' && !run.found && !isLive) view.note(`${run.label}: ${measure} ${found?.toPrecision(5)}`)
    if (run.disputed)
      view.note(`warning: ${run.label}: two workers found two results; the first is kept, both are in the store`)
  })
  const view = createSweepView(terminal, state)
  terminal.note(
    `${count(runs.length)} runs of slt ${plan.command}${where(prepared, flags)}; results in ${prepared.store}`,
  )
  const timer = setInterval(() => {
    view.show()
    curves.fill(state.runs, signal).catch(() => {}) // asked for again: each is read once
    makings.fill(state.runs.slice(0, MOST_LIVE), signal).catch(() => {})
    folder.writeState(state).catch(() => {}) // told at the end, where it matters
  }, 500)
  const events: JobEvents = { ...state.events, onNote: (job, line) => view.note(`${job.label}: ${line}`) }
  try {
    if (prepared.redis === undefined) await runHereWith(jobs, prepared, flags, { store, events, signal })
    else {
      const { redis } = prepared
      const { runOnQueue } = await import('../queue/run-on-queue.js')
      const onWarning = (line: string) => view.note(`warning: ${line}`)
      await runOnQueue(jobs, { ...events, redis, store, signal, retry: flags.watch === undefined, onWarning })
    }
  } finally {
    clearInterval(timer)
    view.stop()
    if (prepared.redis === undefined) for (const job of jobs) if (isRunning(state, job)) state.events.onBack(job) // nobody runs it now
    await curves.fill(state.runs, signal)
    await makings.fill(state.runs, signal)
    await folder.writeState(state, true)
    if (signal.aborted && state.counts().done > folder.doneBefore) await writeSweepFiles(prepared, state)
  }
  await reportSweep(prepared, state, terminal, () => modelsOf(prepared, state, store, signal))
}

const isRunning = ({ runs }: SweepState, { id }: Job): boolean =>
  runs.some((run) => run.id === id && run.status === 'running')

const where = ({ redis }: Prepared, { threads }: SweepFlags): string =>
  redis === undefined
    ? `, here, ${threads === 1 ? 'one thread' : `${threads} threads`} each`
    : `, handed out by ${redis.shown}`

async function runHereWith(
  jobs: readonly Job[],
  { out }: Prepared,
  { threads, jobs: slots, memory }: SweepFlags,
  {
    store,
    events,
    signal,
  }: {
    store: Store
    events: JobEvents
    signal: AbortSignal
  },
): Promise<void> {
  const { runHere, usualRoom } = await import('../queue/run-here.js')
  const { takeLock } = await import('../files/lock-file.js')
  const usual = usualRoom(threads)
  const lock = await takeLock(join(out, 'lock'), 'sweep')
  try {
    await runHere(jobs, {
      ...events,
      store,
      scratch: join(out, '.scratch'),
      slots: slots ?? usual.slots,
      memory: memory === undefined ? usual.memory : memory * 1e9,
      signal,
    })
  } finally {
    await lock.release()
  }
}

/** The models of a sweep that is to bring them. */
async function modelsOf({ out, models }: Prepared, { runs }: SweepState, store: Store, signal: AbortSignal) {
  if (!models) return undefined
  const { bringModels } = await import('../queue/sweep-models.js')
  return bringModels(runs, store, join(out, 'models'), signal)
}
