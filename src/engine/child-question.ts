import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { builtFile } from './node.js'

/** What a process of its own said, or how it ended without. */
export interface ChildReply<Answer> {
  /** Absent where it gave none. */
  readonly answer?: Answer | undefined
  /** Why there is no answer, one line. */
  readonly failure?: string | undefined
  /** What it wrote to stderr. */
  readonly log: string
}

/**
 * Asks a module of the package in a process of its own, which answers once over its channel and is ended then: what it does
 * to its memory or its stderr, and that it aborts, does not touch this process.
 * @param module path of a built module, for example `engine/device-probe.js`
 * @param patience milliseconds
 * @throws the signal's reason when it aborts
 */
export function askChild<Question extends object, Answer>(
  module: string,
  question: Question,
  { patience, signal }: { patience: number; signal?: AbortSignal | undefined },
): Promise<ChildReply<Answer>> {
  signal?.throwIfAborted()
  const child = fork(fileURLToPath(builtFile(module)), {
    execArgv: [], // what this process was started with (loaders of a test runner) is not the child's
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined
    let failure: string | undefined
    const end = () => child.kill('SIGKILL') // its own end could hang or abort
    const fail = (reason: string) => {
      failure ??= reason
      end()
    }
    const timer = setTimeout(() => fail(`no answer within ${patience / 1000} s`), patience)
    signal?.addEventListener('abort', end)
    child.once('message', (message) => {
      answer = message as Answer
      end()
    })
    child.once('error', (error) => fail(error.message))
    child.once('close', (code, killed) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      if (signal?.aborted) reject(signal.reason)
      else if (answer !== undefined) resolve({ answer, log })
      else resolve({ failure: failure ?? `its process ended (${killed ?? `exit code ${code}`})`, log })
    })
    child.send(question)
  })
}
