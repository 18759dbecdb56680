import { CommanderError } from 'commander'

/** Shown under each command's help. */
export const exitCodesHelp = `
Exit codes:
  0    done, and every check passed
  1    bad input (a file, a folder or a value: one line says what), or a check failed
  2    bad usage (an unknown option or command, a missing argument)
  130  interrupted

NO_COLOR turns colours off, SLT_DEBUG=1 shows stacks.`

/** A run that was stopped by the user. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** The exit code for what a command threw; see {@link exitCodesHelp}. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return isInterruption(error) ? 130 : 1
}

/** Says on stderr what went wrong, in one line; with `--json` also as an object on stdout. */
export function reportFailure(error: unknown): void {
  if (error instanceof CommanderError) return // it has printed its own line, or the help
  const message = messageOf(error)
  process.stderr.write(`slt: ${message}\n`)
  if (process.env.SLT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: message })}\n`)
}

function messageOf(error: unknown): string {
  if (isInterruption(error)) return error instanceof Interrupted ? error.message : 'interrupted'
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')
  const expected = error instanceof RangeError || error instanceof TypeError || isSystemError(error)
  return expected || (error as Error)?.name === 'InputError'
    ? message
    : `internal error: ${message} (SLT_DEBUG=1 shows more)`
}

function isInterruption(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError')
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
