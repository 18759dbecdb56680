import { Option } from 'commander'

/** What `--mask` gives of a command that opens one model. */
export interface MaskFlags {
  mask?: string
}

/** The option `--mask <name>` of commands that open a ticket. */
export const maskOption = (): Option =>
  new Option('--mask <name>', 'which mask of a ticket that holds several (default: its first; slt inspect lists them)')

/** What `--mask` gives of a command that opens several models. */
export interface MasksFlags {
  mask?: string[]
}

/** The option `--mask <names>` of commands that open several models: a name for each, nothing for its first mask. */
export const masksOption = (): Option =>
  new Option(
    '--mask <names>',
    'which masks of tickets that hold several: names with commas between, in the order of the models (default: the first of each)',
  ).argParser((text) => text.split(','))

/**
 * The mask of each model.
 * @throws RangeError for more names than models
 */
export function masksOf(names: readonly string[] | undefined, models: number): (string | undefined)[] {
  if (names !== undefined && names.length > models) {
    throw new RangeError(`"mask" expected at most ${models} names, one for each model, got ${names.join(',')}`)
  }
  return Array.from({ length: models }, (_, i) => names?.[i] || undefined)
}
