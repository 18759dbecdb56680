/** A store in a folder, which machines may share: a value appears by a hard link or a rename, so it is whole on NFS too. */
import { createReadStream } from 'node:fs'
import { copyFile, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { makeFolder, openFile, refuseSystem, writeAtomically } from '../files/files.js'
import type { Replaces } from '../files/place-file.js'
import { isMissingFile } from '../safetensors/index.js'
import { type Content, expectKey, type Store } from './store.js'

/**
 * Opens a folder as a store.
 * @param address path of the folder, made when missing
 * @throws InputError when it cannot be made
 */
export async function openFolderStore(address: string): Promise<Store> {
  const root = resolve(address)
  await makeFolder(root)
  const pathOf = (key: string) => join(root, expectKey(key))
  const write = async (key: string, content: Content, replaces: Replaces) => {
    const path = pathOf(key)
    await makeFolder(dirname(path))
    await writeAtomically(path, (sink) => writeContent(content, sink.write), { replaces })
  }
  const isThere = (path: string) =>
    stat(path).then(
      () => true,
      (error) => (isAbsent(error) ? false : refuseSystem(path, error)),
    )
  return {
    address,
    async read(key) {
      try {
        const file = await openFile(pathOf(key))
        return await file.read(0, file.size).finally(file.close)
      } catch (error) {
        if (isMissingFile(error)) return undefined
        throw error
      }
    },
    async copyTo(key, path) {
      const from = pathOf(key)
      try {
        await copyFile(from, path)
        return true
      } catch (error) {
        if (isAbsent(error) && !(await isThere(from))) return false
        return refuseSystem(from, error)
      }
    },
    async size(key) {
      const found = await stat(pathOf(key)).catch((error) =>
        isAbsent(error) ? undefined : refuseSystem(pathOf(key), error),
      )
      return found?.size
    },
    async create(key, content) {
      if (await isThere(pathOf(key))) return false // spares writing it
      try {
        await write(key, content, 'nothing')
        return true
      } catch (error) {
        if (isTaken(error)) return false
        throw error
      }
    },
    replace: (key, content) => write(key, content, 'anything'),
    remove: (key) => rm(pathOf(key), { force: true }).catch((error) => refuseSystem(pathOf(key), error)),
    async list(prefix) {
      const folder = join(root, expectKey(prefix.replace(/\/$/, '')))
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
        if (isAbsent(error)) return []
        return refuseSystem(folder, error)
      })
      return entries
        .filter((entry) => entry.isFile() && !entry.name.startsWith('.')) // what is being written begins with a dot
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(root.length + 1)
            .replaceAll('\\', '/'),
        )
        .sort()
    },
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code
const isAbsent = (error: unknown) => codeOf(error) === 'ENOENT'

/** Whether a file was not written since there was one. */
const isTaken = (error: unknown) => codeOf((error as Error).cause) === 'EEXIST'

async function writeContent(content: Content, write: (offset: number, bytes: Uint8Array) => Promise<void>) {
  if (content instanceof Uint8Array) return write(0, content)
  let offset = 0
  for await (const piece of createReadStream(content.path, { highWaterMark: 2 ** 20 })) {
    await write(offset, piece)
    offset += piece.length
  }
}
