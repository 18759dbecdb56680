import { constants, type FileHandle, lstat, open, readlink } from 'node:fs/promises'
import nodePath, { join, type PlatformPath, relative, resolve, sep } from 'node:path'
import { Refusal } from './refusal.js'

/** A file open for reading; close its handle. */
export interface OpenedFile {
  readonly handle: FileHandle
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
  /** Changes whenever the file does. */
  readonly tag: string
}

/** O_NONBLOCK: a pipe that takes a file's place between the look and the opening does not hold a thread. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Opens a regular file, wherever its links lead within `root`.
 * @param root a real path, as `realpath` gives it
 * @returns undefined where there is no such file, or it may not be read
 * @throws Refusal 503 where the process has no file handle left
 */
export async function openInside(root: string, path: string): Promise<OpenedFile | undefined> {
  let handle: FileHandle | undefined
  try {
    const real = await realInside(root, path)
    if (real === undefined || !(await lstat(real)).isFile()) return undefined
    handle = await open(real, FLAGS)
    const found = await handle.stat({ bigint: true })
    if (!found.isFile()) throw Object.assign(new Error('not a file'), { code: 'ENOENT' })
    return {
      handle,
      size: Number(found.size),
      modified: Number(found.mtimeMs),
      tag: `${found.ino.toString(36)}-${found.size.toString(36)}-${found.mtimeNs.toString(36)}`,
    }
  } catch (error) {
    await handle?.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw new Refusal(503, 'too many files are open; try again')
    if (typeof code === 'string') return undefined
    throw error
  }
}

/**
 * Whether an absolute path is `root` or below it, by the names alone: the file system is not asked, because on Windows even a look at
 * `\\\\host\\share` sends that host the user's credentials.
 * @param paths names as this platform has them; another's for tests
 */
export function isInside(root: string, path: string, paths: PlatformPath = nodePath): boolean {
  if (!paths.isAbsolute(path)) return false
  const within = paths.relative(root, path)
  return within !== '..' && !within.startsWith(`..${paths.sep}`) && !paths.isAbsolute(within)
}

/** As many links as Linux follows in one path. */
const MOST_LINKS = 40

/**
 * The path that is meant behind all links, each of which is followed only where it leads within `root` by its names: nothing outside
 * is ever touched.
 * @param root a real path, as `realpath` gives it
 * @returns undefined where a link, or the path itself, leads out
 * @throws the system's error where there is no such path
 */
export async function realInside(root: string, path: string): Promise<string | undefined> {
  if (!isInside(root, path)) return undefined
  let real = root
  let rest = relative(root, path).split(sep)
  for (let links = 0; rest.length > 0; ) {
    const next = join(real, rest[0])
    rest = rest.slice(1)
    if (!(await lstat(next)).isSymbolicLink()) {
      real = next
      continue
    }
    const target = resolve(real, await readlink(next))
    if (++links > MOST_LINKS || !isInside(root, target)) return undefined
    real = root
    rest = [...relative(root, target).split(sep), ...rest]
  }
  return real
}

/** The bytes from `from` to before `to`, fewer where the file is shorter by now. */
export async function readPart({ handle }: OpenedFile, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, to - from))
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

/** Opens, works and closes; undefined where there is no such file. */
export async function withFile<T>(
  root: string,
  path: string,
  work: (file: OpenedFile) => Promise<T>,
): Promise<T | undefined> {
  const file = await openInside(root, path)
  if (file === undefined) return undefined
  try {
    return await work(file)
  } finally {
    await file.handle.close()
  }
}
