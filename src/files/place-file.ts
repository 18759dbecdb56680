/**
 * Puts a finished file at its path. One rule holds for everything that a command writes: what a user or an earlier run made is
 * not lost without `--force`, not even where it appears while the command works.
 */
import { link, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { InputError } from '../safetensors/input-error.js'
import { refuseSystem } from './system-error.js'

/**
 * What a new file may take the place of: `nothing`, `anything` (with `--force`, or a file that belongs to the writer alone), or the file
 * that had this stamp when it was checked.
 */
export type Replaces = 'nothing' | 'anything' | { readonly stamp: string }

/** Tells a file from every other one and from its own later states; undefined when there is none. A link counts with what it leads to. */
export async function stampOf(path: string): Promise<string | undefined> {
  const own = await lstat(path, { bigint: true }).catch(() => undefined)
  if (own === undefined) return undefined
  const there = own.isSymbolicLink() ? await stat(path, { bigint: true }).catch(() => undefined) : undefined
  return [own, there]
    .filter((each) => each !== undefined)
    .map(({ dev, ino, size, mtimeNs }) => `${dev} ${ino} ${size} ${mtimeNs}`)
    .join(', ')
}

/**
 * Moves a file to its path in one step: the path holds what it held before, or all of the new file.
 * @param temporary a whole file in the same file system; it is gone afterwards, but stays when this fails
 * @param shown what messages call the path
 * @throws InputError when something is there that may not be replaced, or the file cannot be moved
 */
export async function placeFile(
  temporary: string,
  path: string,
  replaces: Replaces,
  { shown = path }: { shown?: string } = {},
): Promise<void> {
  const replace = () => rename(temporary, path).catch((error) => refuseSystem(shown, error))
  if (replaces === 'anything') return replace()
  if (replaces !== 'nothing') {
    const stamp = await stampOf(path)
    if (stamp === replaces.stamp) return replace()
    if (stamp !== undefined)
      throw new InputError(`${shown}: was changed meanwhile, and stays: move it away, or name another output`)
  }
  await placeNew(temporary, path).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return refuseSystem(shown, error)
    throw new InputError(`${shown}: appeared meanwhile, and stays: move it away, or name another output`, {
      cause: error,
    })
  })
}

/** Codes of file systems that have no hard links. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/** A rename that fails with EEXIST where something is there: Node's replaces it. */
async function placeNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!withoutLinks.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await (await open(path, 'wx')).close() // takes the name; a process killed here leaves an empty file
    return rename(temporary, path)
  }
  await rm(temporary)
}
