import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * Starts a process that is asked for steps on its stdin and answers in lines of JSON, and reports when that ends.
 * Several of them, asked by turns, are measured under the same conditions, each with a memory of its own.
 * @throws Error naming the command when it ends before it has answered
 */
export function startContestant(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let failed
  child.once('error', (error) => (failed = error))
  child.stdin.on('error', () => {}) // a process that is gone says so by the end of its stdout
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command}: ${failed?.message ?? 'ended without an answer'}`, { cause: failed })
    return JSON.parse(value)
  }
  return {
    /** Runs so many steps. @returns what the process says of them, `seconds` of each among it */
    run(steps) {
      child.stdin.write(`${steps}\n`)
      return answer()
    },
    /** Ends the process. @returns its report, with `peakBytes` */
    async finish() {
      const closed = once(child, 'close')
      child.stdin.end()
      const report = await answer()
      await closed
      return report
    },
    kill: () => child.kill(),
  }
}
