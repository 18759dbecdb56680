import { availableParallelism, freemem, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { BadUsage } from './failure.js'
import { interruptible } from './interrupt.js'
import { createTerminal, secondsText } from './terminal.js'
import { integer, listOf, oneOf, positive } from './values.js'

interface WorkFlags {
  queue?: string
  store?: string
  jobs?: number
  memory?: number
  device: ('cpu' | 'webgpu' | 'cuda')[]
  claim: number
  checkpointEvery: number
  idle?: number
  scratch?: string
  json?: boolean
}

const help = `
Examples:
  slt work --queue redis://host:6379 --store /shared/store
  slt work --queue rediss://:password@host:6380 --store s3://bucket/prefix --jobs 4 --memory 8
  slt work --queue redis://host:6379 --store /shared/store --idle 60

Takes jobs that fit its memory and device, runs each in a process of its own, and stores its result. A job whose worker is lost
goes to another one when its claim has run out, which goes on from the last checkpoint in the store (--checkpoint-every). Ctrl-C
and SIGTERM drain it: running jobs save themselves and go back to the queue. A job that fails is tried three times in all. When
the store or this machine fails, the job goes back with its tries; the worker ends after three such jobs one after another.

The queue is Redis 6.2 or newer with BullMQ on it; npm install bullmq ioredis brings what this needs. docs/clusters.md has more.`

/** Adds `slt work`. */
export function addWork(program: Command): void {
  program
    .command('work')
    .description('run the jobs of a queue on this machine')
    .option('--queue <address>', 'redis://host:port, rediss:// with TLS, or a socket')
    .option('--store <place>', 'where results go: a folder or s3://bucket/prefix, the same as that of slt sweep')
    .option(
      '--jobs <n>',
      'jobs at a time (default: one a core, as many as there is memory for)',
      integer('jobs', 1, 1024),
    )
    .option(
      '--memory <gb>',
      'gigabytes for all of them together, 1.08 a job at least (default: most of what is free)',
      positive('memory'),
    )
    .option(
      '--device <list>',
      'devices: cpu,webgpu,cuda',
      listOf('device', oneOf('device', ['cpu', 'webgpu', 'cuda'])),
      ['cpu'],
    )
    .option(
      '--claim <s>',
      'seconds without a sign of life after which another worker may take a job',
      integer('claim', 1, 3600),
      30,
    )
    .option(
      '--checkpoint-every <s>',
      'seconds between checkpoints of a search or training: so much is lost when a worker is killed',
      positive('checkpoint-every'),
      60,
    )
    .option('--idle <s>', 'end when there has been no job for so long (default: never)', integer('idle', 1))
    .option('--scratch <folder>', 'where inputs and unfinished jobs lie (default: slt-work in the temporary folder)')
    .option('--json', 'print one JSON object when it ends')
    .addHelpText('after', help)
    .action(runWork)
}

async function runWork(flags: WorkFlags): Promise<void> {
  const { queue, store: place } = flags
  if (queue === undefined || place === undefined) {
    throw new BadUsage(`give --${queue === undefined ? 'queue <address>' : 'store <place>'}`)
  }
  const terminal = createTerminal(flags)
  const { device, claim, idle } = flags
  const { jobs, memory } = roomOf(flags)
  let running = 0
  const counts = { done: 0, found: 0, failed: 0, disputed: 0 }
  await interruptible(
    async (signal) => {
      const [{ openRedis }, { checkStore, openStore }, { work }] = await Promise.all([
        import('../queue/redis.js'),
        import('../queue/open-store.js'),
        import('../queue/work.js'),
      ])
      const store = await openStore(place).then(checkStore)
      const redis = await openRedis(queue)
      for (const warning of redis.warnings) terminal.note(`warning: ${warning}`)
      terminal.note(
        `works for ${redis.shown}: ${jobs} ${jobs === 1 ? 'job' : 'jobs'} at a time of at most ${(memory / 1e9).toFixed(1)} GB on ${device.join(', ')}; results in ${place}`,
      )
      signal.addEventListener('abort', () => {
        const what = running === 1 ? 'the job that runs is saved' : `the ${running} jobs that run are saved`
        terminal.note(running === 0 ? 'drains: no job runs' : `drains: ${what} and given back`)
      })
      await work({
        redis,
        store,
        scratch: flags.scratch ?? join(tmpdir(), 'slt-work'),
        slots: jobs,
        memory: Math.min(memory, totalmem()),
        devices: device,
        claim,
        checkpointSeconds: flags.checkpointEvery,
        idle,
        signal,
        onStart: ({ label }) => {
          running++
          terminal.note(`starts: ${label}`)
        },
        onEnd: () => running--,
        onDone: ({ label }, { found, agrees, seconds }) => {
          counts.done++
          if (found) counts.found++
          if (!agrees) counts.disputed++
          terminal.note(
            found
              ? `done before: ${label}`
              : `done: ${label}, ${secondsText(seconds)}${agrees ? '' : '; another worker found another result, which stays'}`,
          )
        },
        onFailed: ({ label }, message, tries) => {
          if (tries === 0) counts.failed++
          terminal.note(
            `failed: ${label}: ${message}; ${tries === 0 ? 'it is not tried again' : `${tries} more ${tries === 1 ? 'try' : 'tries'}`}`,
          )
        },
        onNote: (line) => terminal.note(line),
      }).finally(() => {
        const { done, found, failed } = counts
        const jobs = `${done} ${done === 1 ? 'job' : 'jobs'} done`
        terminal.note(`ended: ${jobs}${found > 0 ? `, ${found} of them before` : ''}, ${failed} failed`)
      })
    },
    'running jobs went back to the queue',
    { code: 0, patience: 30_000 },
  )
  terminal.result(counts)
}

/** The smallest room of a job: the queue of the smallest jobs has all that need at most so much. */
const LEAST = 2 ** 30

/** Jobs at a time, and the memory of each. @throws BadUsage where they do not fit */
function roomOf({ jobs, memory }: WorkFlags): { jobs: number; memory: number } {
  const all = memory === undefined ? 0.8 * freemem() : memory * 1e9
  const fitting = Math.floor(all / LEAST)
  const asked = jobs ?? Math.min(availableParallelism(), Math.max(fitting, 1))
  if (fitting < asked) {
    const least = (asked * LEAST) / 1e9
    throw new BadUsage(
      `--memory: ${asked} ${asked === 1 ? 'job' : 'jobs'} at a time need ${least.toFixed(2)} GB at least, a GiB each; ${memory === undefined ? 'free are' : 'given'} ${(all / 1e9).toFixed(2)}`,
    )
  }
  return { jobs: asked, memory: all / asked }
}
