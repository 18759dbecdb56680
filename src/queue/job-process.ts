/** A process for jobs, as its parent sees it. A job that ends the process, or that is ended, takes nothing else with it. */
import { type ChildProcess, fork } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { builtFile } from '../engine/node.js'
import type { Job, JsonObject } from './job.js'
import type { JobProgress } from './run-state.js'

export type ToChild =
  | {
      readonly type: 'run'
      readonly job: Job
      readonly inputs: Readonly<Record<string, string>>
      readonly folder: string
      readonly checkpointSeconds: number
    }
  | { readonly type: 'stop' }

export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'note'; readonly line: string }
  | { readonly type: 'saved'; readonly step: number; readonly folder: string; readonly files: readonly string[] }
  | {
      readonly type: 'done'
      readonly values: JsonObject
      readonly files: Readonly<Record<string, string>>
      readonly bytes: number
    }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly message: string; readonly detail: string }

/** What is heard of a job before its end. */
export interface JobHearer {
  onProgress?: ((progress: JobProgress) => void) | undefined
  onNote?(line: string): void
  /** Files in a folder of their own, to be removed by the hearer. */
  onSaved?(step: number, folder: string, files: readonly string[]): void
}

/** A job failed: by an error of its own, or because its process ended. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
  /** What the process said last: notes and stderr. */
  readonly log: string

  constructor(message: string, log: string) {
    super(message)
    this.log = log
  }
}

/** A process that runs one job at a time, started when the first one comes. */
export interface JobProcess {
  /**
   * @throws JobFailure; the signal's reason once it aborts and the job has saved what it can, at most {@link PATIENCE} ms later
   */
  run(
    task: Omit<Extract<ToChild, { type: 'run' }>, 'type'>,
    hearer: JobHearer,
    signal: AbortSignal,
  ): Promise<{ values: JsonObject; files: Readonly<Record<string, string>> }>
  /** Ends the process, whatever it does. */
  close(): Promise<void>
}

/** Milliseconds that a job has to save itself when it is stopped. */
const PATIENCE = 20_000

/** Bytes that a process may keep between two jobs; a larger one is ended, so that no job starts in another's memory. */
const MOST_KEPT = 250e6

/** Lines of a job's log that are kept: the last. */
const LOG_LINES = 40

export function createJobProcess(): JobProcess {
  let child: ChildProcess | undefined
  let log: string[] = []
  const remember = (text: string) => {
    log.push(...text.split('\n').filter((line) => line.trim() !== ''))
    log = log.slice(-LOG_LINES)
  }

  function start(): ChildProcess {
    const started = fork(fileURLToPath(builtFile('queue/job-child.js')), [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [], // what the parent was started with, a debugger or a loader of a test runner, is not its
      detached: true, // Ctrl-C in a terminal goes to the parent, which lets jobs save themselves
    })
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', remember)
    }
    return started
  }

  async function end(): Promise<void> {
    const ended = child
    child = undefined
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return
    await new Promise<void>((done) => {
      ended.once('exit', () => done())
      ended.kill('SIGKILL')
    })
  }

  return {
    async run(task, hearer, signal) {
      signal.throwIfAborted()
      log = []
      const isGone = child !== undefined && (child.exitCode !== null || child.signalCode !== null || !child.connected)
      if (isGone) await end() // it was ended between two jobs
      child ??= start()
      const process = child
      try {
        const done = await converse(process, task, hearer, signal, remember, () => log.join('\n'))
        if (done.bytes > MOST_KEPT) await end()
        return done
      } catch (error) {
        await end()
        throw error
      }
    },
    close: end,
  }
}

type Done = Extract<FromChild, { type: 'done' }>

/** Tells the process its job and hears it to the end. */
function converse(
  child: ChildProcess,
  task: Omit<Extract<ToChild, { type: 'run' }>, 'type'>,
  hearer: JobHearer,
  signal: AbortSignal,
  remember: (line: string) => void,
  log: () => string,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const fail = (error: unknown) => settle(() => reject(signal.aborted ? signal.reason : error))
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      child.off('message', hear)
      child.off('exit', exited)
      child.off('error', fail)
      signal.removeEventListener('abort', stop)
      finish()
    }
    const hear = (message: FromChild) => {
      switch (message.type) {
        case 'progress':
          return hearer.onProgress?.(message.progress)
        case 'note':
          remember(message.line)
          return hearer.onNote?.(message.line)
        case 'saved':
          return hearer.onSaved?.(message.step, message.folder, message.files)
        case 'done':
          return settle(() => resolve(message))
        case 'stopped':
          return fail(signal.reason)
        case 'failed':
          remember(message.detail)
          return fail(new JobFailure(message.message, log()))
      }
    }
    const exited = (code: number | null, by: NodeJS.Signals | null) =>
      fail(new JobFailure(`the job's process ended: ${by === null ? `exit code ${code}` : reasonOf(by)}`, log()))
    const stop = () => {
      child.send({ type: 'stop' } satisfies ToChild, () => {})
      timer = setTimeout(() => fail(signal.reason), PATIENCE)
    }
    child.on('message', hear)
    child.once('exit', exited)
    child.once('error', fail)
    setMaxListeners(0, signal) // jobs side by side listen to one signal
    signal.addEventListener('abort', stop, { once: true })
    child.send({ type: 'run', ...task } satisfies ToChild, (error) => error && fail(error))
  })
}

const reasonOf = (signal: NodeJS.Signals) =>
  signal === 'SIGKILL' ? 'SIGKILL, by which a system out of memory ends processes too' : signal
