/** Where the result of a run goes: a file of its own, or a ticket that is there and gets one mask more. */
import { dirname, resolve } from 'node:path'
import { assertWritable, expectPath } from '../files/output-path.js'
import type { Replaces } from '../files/place-file.js'
import type { RunRecord } from '../files/run-record.js'
import type { SearchSettings } from '../search/settings.js'
import { assertMaskName, type MaskCoding } from '../ticket/index.js'
import { checkAdding } from './mask-file.js'
import { isResultOf } from './search-result.js'

/** What is asked of the output. */
export interface OutputRequest {
  /** Where the result goes. Default: the corpus' name with `.slt.safetensors` or `.dense.safetensors`. */
  readonly out?: string | undefined
  /** A searched ticket that gets the mask beside those that it has; in place of `out`. Its network is the default of `on`. */
  readonly into?: string | undefined
  /** What the mask is called in its file. Default: `default`, of `into` the corpus' name. */
  readonly mask?: string | undefined
  /** How the ticket's masks are stored. Default: `range`, of `into` as they are there. */
  readonly coding?: MaskCoding | undefined
}

/** What a record says of its output. */
type Output = Pick<RunRecord, 'out' | 'mask' | 'into'>

/**
 * The output of a new run.
 * @param name of the corpus
 * @throws RangeError for an empty path, a name that is none, or options that contradict each other
 */
export function outputOf({ out, into, mask }: OutputRequest, kind: SearchSettings['kind'], name: string): Output {
  for (const [option, value] of Object.entries({ into, mask })) {
    if (value !== undefined && kind !== 'search') {
      throw new RangeError(`"${option}" expected a search, which has a mask, got slt ${kind}`)
    }
  }
  if (mask !== undefined) assertMaskName(mask, 'mask')
  const named = mask === undefined ? {} : { mask }
  if (into === undefined) {
    if (out !== undefined) expectPath(out)
    const extension = kind === 'search' ? 'slt' : 'dense'
    return { out: resolve(out ?? `${name.replace(/\.[^.]+$/, '')}.${extension}.safetensors`), ...named }
  }
  if (out !== undefined) throw new RangeError(`"out" expected nothing beside --into ${into}, got ${out}`)
  expectPath(into, 'into')
  return { out: resolve(into), into: true, mask: mask ?? maskNameOf(name) }
}

/** The output of a run that goes on: as it was, but for what is given. @throws RangeError as {@link outputOf} */
export function resumedOutput(request: OutputRequest, there: RunRecord): Output {
  const { out, into, mask } = request
  const named = { mask: mask ?? there.mask }
  const { kind } = there.identity.settings
  if (into !== undefined) return outputOf({ out, into, ...named }, kind, there.name)
  const goes = there.into && out === undefined ? { into: there.out } : { out: out ?? there.out }
  return outputOf({ ...goes, ...named }, kind, there.name)
}

/** The folder of a run, where none is named. */
export const runFolderOf = ({ out, into, mask }: Output): string => (into ? `${out}.${mask}.run` : `${out}.run`)

/** What the record of a run needs of its output, and what may be replaced. */
export interface OutputPlace {
  readonly replaces: Replaces
  readonly output: Output & Pick<RunRecord, 'coding' | 'replaced'>
  /** What the user should know, a line each. */
  readonly notes: readonly string[]
}

/**
 * Checks that a result can be written.
 * @param request.inputs files that are read, and so not replaced
 * @param there the record of the run where it goes on: what is its own may be replaced
 * @throws InputError where something is there that may not be replaced; RangeError for another network or coding than that of the file
 */
export async function placeOutput(
  output: Output,
  settings: SearchSettings,
  request: OutputRequest & { readonly inputs: readonly string[]; readonly force?: boolean | undefined },
  there?: RunRecord & { readonly folder: string },
): Promise<OutputPlace> {
  const { coding, inputs, force } = request
  if (output.into) {
    const ours = [there?.ticket, there?.replaced]
    const adding = { settings, mask: output.mask!, coding, ours, force }
    const { isOld, ...added } = await checkAdding(output.out, adding)
    const notes = isOld
      ? [`${output.out}: is of an older format, and will be of version 4, as files of several masks are`]
      : []
    return { replaces: 'anything', output: { ...output, ...added }, notes }
  }
  const rules = there && {
    force: dirname(output.out) === there.folder, // the run's own folder
    isSame: (file: string) => isResultOf(file, there),
    advice: 'and is no result of this run: name another file with --out',
  }
  const replaces = await assertWritable(output.out, { inputs, force, ...rules })
  return { replaces, output: { ...output, coding: coding ?? there?.coding ?? 'range' }, notes: [] }
}

/** A corpus' name as that of a mask: `play.txt` is `play`. @throws RangeError where nothing of it is left */
function maskNameOf(name: string): string {
  const words = name.replace(/\.[^.]+$/, '').replace(/[^\w.-]+/g, '-')
  const mask = words.replace(/^-+|-+$/g, '').slice(0, 64)
  if (mask === '') throw new RangeError(`"mask" expected a name beside --into: ${name} gives none, got nothing`)
  return mask
}
