import { copyFile, type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assertInside } from '../safetensors/byte-source.js'
import { InputError } from '../safetensors/input-error.js'
import type { TicketStorage, WorkingFiles } from '../ticket/storage.js'
import { readFully, writeFully } from './file-handle.js'
import { readTextIfThere, refuseSystem, syncFolder, writeTextAtomically } from './files.js'
import { type Lock, takeLock } from './lock-file.js'
import { placeFile, type Replaces } from './place-file.js'

/**
 * Working files of the ticket writer in Node: `<path>.slt-partial`, `<path>.slt-journal` and `<path>.slt-lock`.
 * One process at a time: a second one is refused while the first lives; the lock of a dead one is taken over.
 */
export const ticketFiles = createTicketFiles('nothing')

/** @param replaces what may be at the ticket's path when it is finished */
export function createTicketFiles(replaces: Replaces): TicketStorage {
  return { open: (path) => openWorkingFiles(path, replaces) }
}

async function openWorkingFiles(path: string, replaces: Replaces): Promise<WorkingFiles> {
  // Better now than after hours of work, when the finished file is renamed.
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new InputError(`${path}: is a folder`)
  const lock = await takeLock(`${path}.slt-lock`)
  try {
    const partial = `${path}.slt-partial`
    const handle = await openOrCreate(partial).catch((error) => refuseSystem(partial, error))
    return workingFiles(path, handle, { lock, replaces })
  } catch (error) {
    await lock.release()
    throw error
  }
}

function workingFiles(
  path: string,
  handle: FileHandle,
  { lock, replaces }: { lock: Lock; replaces: Replaces },
): WorkingFiles {
  const partial = `${path}.slt-partial`
  const journal = `${path}.slt-journal`
  let open = true
  const close = async () => {
    if (!open) return
    open = false
    await handle.close()
    await lock.release()
  }
  const clear = async <T>(action: Promise<T>, file = partial): Promise<T> =>
    action.catch((error) => refuseSystem(file, error))
  return {
    readJournal: async () => (await readTextIfThere(journal)) ?? '',
    resetJournal: (text) => writeTextAtomically(journal, text, { replaces: 'anything' }),
    async appendJournal(text) {
      await lock.assertHeld()
      await clear(appendDurably(journal, text), journal)
    },
    size: async () => (await handle.stat()).size,
    resize: (size) => clear(handle.truncate(size)),
    async read(offset, length) {
      assertInside({ name: partial, size: (await handle.stat()).size }, offset, length)
      const bytes = new Uint8Array(length)
      if ((await readFully(handle, bytes, offset)) < length)
        throw new InputError(`${partial}: changed while being read`)
      return bytes
    },
    write: (offset, bytes) => clear(writeFully(handle, bytes, offset)),
    sync: () => clear(handle.sync()),
    async publish() {
      await lock.assertHeld()
      await clear(handle.sync())
      await placeFile(partial, path, replaces)
      await syncFolder(dirname(path))
      await rm(journal, { force: true })
      await close()
    },
    close,
    async remove() {
      if (!open) return
      await rm(partial, { force: true })
      await rm(journal, { force: true })
      await close()
    },
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  const there = await stat(path).catch(() => undefined)
  if (there === undefined) return open(path, 'wx+')
  if (there.nlink > 1) {
    // A process killed while it published has left two names of one file: the ticket must not be written to under this one.
    const copy = `${path}.copy`
    await copyFile(path, copy)
    await rename(copy, path)
  }
  return open(path, 'r+')
}

async function appendDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
