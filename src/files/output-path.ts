/** Whether something may be written at a path, asked before the work. */
import { access, constants, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative } from 'node:path'
import { InputError } from '../safetensors/input-error.js'
import { type Replaces, stampOf } from './place-file.js'
import { refuseSystem } from './system-error.js'

/** What an output may do to what is there. */
export interface OutputRules {
  /** Files and folders that are read for it: it may replace neither one nor what is inside one. */
  readonly inputs?: readonly string[] | undefined
  /** Whether it may replace a file; default: no. */
  readonly force?: boolean | undefined
  /**
   * Whether the file that is there is what the command would write again, judged by its content: then nothing is lost by replacing it,
   * and `force` is not needed.
   */
  readonly isSame?: ((path: string) => Promise<boolean>) | undefined
  /** How to go on where something is there; default: that `--force` replaces it. */
  readonly advice?: string | undefined
}

/**
 * Checks that a file can be written.
 * @returns what the file may replace when it is written: something may appear at the path meanwhile
 * @throws RangeError when the path is empty; InputError when it is a folder or no file, lies in a folder that cannot be written to, would replace
 * something that is read, or is a file already and may not be replaced
 */
export async function assertWritable(path: string, rules: OutputRules = {}): Promise<Replaces> {
  const { inputs = [], force = false, isSame, advice = '--force replaces it' } = rules
  expectPath(path)
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new InputError(`${path}: is a folder`)
  await access(dirname(path), constants.W_OK).catch((error) => refuseSystem(dirname(path), error))
  await refuseInputs(path, inputs)
  const stamp = await stampOf(path)
  if (stamp === undefined) return 'nothing'
  // A rename would put a file in the place of a device or a pipe. A link that leads nowhere has no `there`.
  if (there && !there.isFile()) throw new InputError(`${path}: is there already, and is no file`)
  if (force) return 'anything'
  if (there && (await isSame?.(path))) return { stamp }
  throw new InputError(`${path}: is there already (${advice})`)
}

/**
 * @param name of the option or argument, for the message
 * @throws RangeError when a path is empty: it would mean the current folder
 */
export function expectPath(path: string, name = 'out'): void {
  if (path === '') throw new RangeError(`"${name}" expected a path, got an empty text`)
}

/** Endings of pictures that are no SVG. */
const otherPicture = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|tiff?|heic|pdf|e?ps)$/i

/**
 * @param name of the option or argument, for the message
 * @throws RangeError when a path is named as a picture of another format than SVG, which is what would be written
 */
export function expectSvg(path: string, name: string): void {
  if (otherPicture.test(path)) throw new RangeError(`"${name}" expected an SVG file (.svg), got ${path}`)
}

/** @throws InputError when a path, links followed, is one of the inputs or a file inside one */
export async function refuseInputs(path: string, inputs: readonly string[]): Promise<void> {
  const own = await realpath(path).catch(() => undefined)
  if (own === undefined) return
  for (const input of inputs) {
    const read = await realpath(input).catch(() => undefined) // what is missing is told by who reads it
    if (read === undefined) continue
    const within = relative(read, own)
    if (within === '') throw new InputError(`${path}: is what is read, and cannot be written as well`)
    if (!isAbsolute(within) && !/^\.\.(?:[/\\]|$)/.test(within) && (await stat(own)).isFile()) {
      throw new InputError(`${path}: is a file of ${input}, which is read, and cannot be written as well`)
    }
  }
}

/** Whether two paths are there and lead to the same file. */
export async function isSamePlace(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)))
  return first !== undefined && first === second
}
