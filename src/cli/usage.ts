/**
 * Bad usage before bad values. Commander asks for missing options before it looks at unknown ones, and reads values before
 * either, so that `--dta x` would be told as a missing `--data`. Here values that cannot be read, and options that must be
 * given, wait until the names on the command line are known to be right.
 */
import { type Command, Option } from 'commander'

const required = new WeakSet<Option>()

/** An option that must be given. @param read turns its text into a value, or throws RangeError */
export function requiredOption<T>(flags: string, description: string, read?: (text: string) => T): Option {
  const option = new Option(flags, description)
  if (read) option.argParser(read)
  required.add(option)
  return option
}

/** Makes the checks of a command wait for those of the names: unknown options, arguments too few or too many. */
export function checkNamesFirst(command: Command): void {
  let failure: unknown
  for (const option of command.options) {
    const { parseArg } = option
    if (!parseArg) continue
    option.parseArg = <T>(text: string, previous: T): T => {
      try {
        return parseArg(text, previous)
      } catch (error) {
        failure ??= error
        return previous
      }
    }
  }
  command.hook('preAction', () => {
    if (failure !== undefined) throw failure
    for (const option of command.options) {
      if (!required.has(option) || command.getOptionValue(option.attributeName()) !== undefined) continue
      command.error(`error: required option '${option.flags}' not specified`)
    }
  })
}

/**
 * Refuses help on a command that there is not, as the command itself is refused: commander would print the help on all of them
 * for `slt help serch` and `slt serch --help`.
 */
export function checkHelpedCommand(program: Command): void {
  program.addHelpText('beforeAll', ({ command }) => {
    const name = program.args[0] === 'help' ? program.args[1] : program.args[0]
    const isAsked = command === program && name !== undefined && name !== 'help' && !name.startsWith('-')
    if (isAsked && !program.commands.some((known) => known.name() === name)) program.parse([name], { from: 'user' })
    return ''
  })
}

/** What commander says, in one line: its suggestion stands on a second. */
export const usageLine = (text: string): string =>
  `${text
    .trimEnd()
    .replace(/^(error|slt): /, '')
    .replaceAll(/\s*\n\s*/g, ' ')}`
