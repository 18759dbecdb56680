import { CommanderError } from 'commander'
import { systemReason } from '../files/system-error.js'
import { isMemoryShortage } from '../safetensors/input-error.js'
import { MemoryLimitError } from '../safetensors/memory-budget.js'
import { usageLine } from './usage.js'

/** Shown under each command's help. */
export const exitCodesHelp = `
Exit codes:
  0    done, and every check passed
  1    bad input (a file, a folder or a value: one line says what), or a check failed
  2    bad usage (an unknown option or command, a missing argument or option)
  130  interrupted, within a second (by Ctrl-C or SIGTERM; a second one ends it at once)

NO_COLOR turns colours off, SLT_DEBUG=1 shows stacks.`

/** A run that was stopped by the user. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** Something that must be given is missing, which only the command itself knows to be. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage'
}

/** The exit code for what a command threw; see {@link exitCodesHelp}. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof BadUsage) return 2
  return isInterruption(error) ? 130 : 1
}

/** Says on stderr what went wrong, in one line; with `--json` also as an object on stdout. */
export function reportFailure(error: unknown): void {
  const { stderr, stdout } = failureText(error)
  process.stderr.write(stderr)
  process.stdout.write(stdout)
}

/** What {@link reportFailure} writes. */
export function failureText(error: unknown): { stderr: string; stdout: string } {
  if (error instanceof CommanderError) {
    // It has printed its own line, or the help.
    const isSaid = error.exitCode === 0 || error.code === 'commander.help'
    return { stderr: '', stdout: isSaid ? '' : jsonText(usageLine(error.message)) }
  }
  const message = messageOf(error)
  const stack = process.env.SLT_DEBUG && error instanceof Error ? `${error.stack}\n` : ''
  return { stderr: `slt: ${message}\n${stack}`, stdout: jsonText(message) }
}

/**
 * Ends the process where it cannot print: quietly where a reader closed the pipe early (`slt ... | head`), which is no
 * error; else with 1 and a line on stderr, if that is not what failed.
 */
export function endOutput(name: string, error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0)
  const reason = systemReason(error) ?? error.message
  if (name !== 'standard error') process.stderr.write(`slt: ${name}: ${reason}\n`)
  process.exit(1)
}

const jsonText = (error: string): string => (process.argv.includes('--json') ? `${JSON.stringify({ error })}\n` : '')

/** Line by line: an expression that looks for white space around line ends takes n squared steps on n spaces. */
export const inOneLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')

/** Errors whose message alone says what is wrong. */
const expectedNames = ['InputError', 'BadUsage', 'DeadWorker']

function messageOf(error: unknown): string {
  if (error instanceof MemoryLimitError) return `${error.message} (--memory-limit raises it)`
  if (isInterruption(error)) return error instanceof Interrupted ? error.message : 'interrupted'
  const message = inOneLine(isSystemError(error) ? systemMessage(error) : ((error as Error)?.message ?? String(error)))
  if (isMemoryShortage(error)) return `not enough memory (${message})`
  const isExpected = error instanceof RangeError || error instanceof TypeError || isSystemError(error)
  return isExpected || expectedNames.includes((error as Error)?.name)
    ? message
    : `internal error: ${message} (SLT_DEBUG=1 shows more)`
}

function isInterruption(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError')
}

/** What is known of a system error that nobody turned into a line about a path. */
function systemMessage(error: NodeJS.ErrnoException): string {
  const reason = systemReason(error)
  if (reason === undefined) return error.message
  return error.path === undefined ? reason : `${error.path}: ${reason}`
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
