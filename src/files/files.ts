import { randomBytes } from 'node:crypto'
import { constants, rmSync } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { assertInside, type ByteSource } from '../safetensors/byte-source.js'
import { InputError, isMissingFile } from '../safetensors/input-error.js'
import { readFully, writeFully } from './file-handle.js'
import { placeFile, type Replaces } from './place-file.js'
import { refuseSystem } from './system-error.js'

export { refuseSystem }

/** A file open for reading. */
export interface FileSource extends ByteSource {
  close(): Promise<void>
}

/**
 * How files are opened that somebody names: to open a pipe that nobody writes to would hold a thread of the system's pool, and with it the
 * exit of the process. Windows has no such flag.
 */
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Opens a file for reading at any offset.
 * @param expected what it is to be, for the message about a folder
 * @throws InputError in one line when it is missing, a folder or unreadable
 */
export async function openFile(path: string, expected = 'file'): Promise<FileSource> {
  const handle = await open(path, READ_FLAGS).catch((error) => refuseSystem(path, error))
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new InputError(`${path}: is a folder, not a ${expected}`)
    if (!stat.isFile()) throw new InputError(`${path}: not a file`)
    const source: FileSource = {
      name: path,
      size: stat.size,
      async read(offset, length) {
        assertInside(source, offset, length)
        const bytes = new Uint8Array(length)
        if ((await readFully(handle, bytes, offset)) < length) throw new InputError(`${path}: changed while being read`)
        return bytes
      },
      close: () => handle.close(),
    }
    return source
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The text of a file in UTF-8; undefined when there is none. @throws InputError when it cannot be read */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    const file = await openFile(path)
    return new TextDecoder().decode(await file.read(0, file.size).finally(file.close))
  } catch (error) {
    if (isMissingFile(error)) return undefined
    throw error
  }
}

/** Bytes that can be written at any offset. */
export interface ByteSink {
  write(offset: number, bytes: Uint8Array): Promise<void>
}

/** How a file is written. */
export interface AtomicOptions {
  /** What may be at the path already, as `assertWritable` says. Default: nothing. */
  readonly replaces?: Replaces | undefined
  /** What messages call the file; default: its path. */
  readonly shown?: string | undefined
}

/** What is under construction under a temporary name. */
const unfinished = new Set<string>()

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true })
}

/**
 * Has a temporary file or folder removed when the process exits, which a second Ctrl-C makes it do.
 * @returns takes it back: the path is finished, or removed
 */
export function removeAtExit(path: string): () => void {
  if (unfinished.size === 0) process.once('exit', removeUnfinished)
  unfinished.add(path)
  return () => {
    unfinished.delete(path)
    if (unfinished.size === 0) process.off('exit', removeUnfinished)
  }
}

/**
 * Writes a file so that its path holds either what it held before or the whole new content, whenever the process or the
 * machine stops: a temporary file in the same folder, fsync, rename, fsync of the folder. Removed again when `writer` fails.
 * @param path the final path
 * @param writer writes the content through the sink; nothing may be written after it has settled
 * @throws InputError in one line when it cannot be written, or something is at the path that may not be replaced
 */
export async function writeAtomically(
  path: string,
  writer: (sink: ByteSink) => Promise<void>,
  { replaces = 'nothing', shown = path }: AtomicOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx').catch((error) => refuseSystem(shown, error))
  const finish = removeAtExit(temporary)
  try {
    try {
      await writer({
        write: (offset, bytes) => writeFully(handle, bytes, offset).catch((error) => refuseSystem(shown, error)),
      })
      await handle.sync().catch((error) => refuseSystem(shown, error))
    } finally {
      await handle.close()
    }
    await placeFile(temporary, path, replaces, { shown })
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    finish()
  }
  await syncFolder(dirname(path))
}

/** Writes a whole text file in UTF-8, as {@link writeAtomically} does. */
export function writeTextAtomically(path: string, text: string, options?: AtomicOptions): Promise<void> {
  return writeAtomically(path, (sink) => sink.write(0, new TextEncoder().encode(text)), options)
}

/**
 * Makes a folder and those above it, where they are missing.
 * @throws InputError with the system's reason: Node's own recursive mkdir says of a read-only file system that the path is not there
 */
export async function makeFolder(path: string): Promise<void> {
  await makeFolders(path).catch((error) => refuseSystem(path, error))
}

async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && above !== path) {
      await makeFolders(above)
      return mkdir(path).catch((again) => expectFolder(path, again)) // another process may have made it
    }
    await expectFolder(path, error)
  }
}

/** @throws the error, unless a folder is there */
async function expectFolder(path: string, error: unknown): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw error
}

/** Makes a rename in a folder durable. Windows cannot sync folders: there it does nothing. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
