/**
 * What unfinished jobs have saved, so that another worker goes on from it: `checkpoints/<id>/head.json` names the newest
 * files, which lie beside it under their hashes.
 */
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../files/files.js'
import { fetchFile, type StoredFile, storeFile, UnusableContent } from './objects.js'
import { staysWithin } from './read-job.js'
import type { Store } from './store.js'

interface Head {
  readonly step: number
  readonly files: Readonly<Record<string, StoredFile>>
}

const placeOf = (id: string) => `checkpoints/${id}`
const keyOf = (id: string) => `${placeOf(id)}/head.json`

/** @returns 'damaged' for bytes that name no checkpoint */
async function readHead(store: Store, id: string): Promise<Head | 'damaged' | undefined> {
  const bytes = await store.read(keyOf(id))
  if (bytes === undefined) return undefined
  try {
    const { step, files } = JSON.parse(new TextDecoder().decode(bytes)) as Head
    const isWhole = Number.isSafeInteger(step) && Object.keys(files).every(staysWithin)
    return isWhole && Object.values(files).every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))
      ? { step, files }
      : 'damaged'
  } catch {
    return 'damaged'
  }
}

/**
 * Lays the newest checkpoint of a job out in a folder.
 * @returns its step; undefined where there is none, or one that is damaged: that is told and removed, and the job starts from its beginning
 * @throws InputError when the store fails
 */
export async function fetchCheckpoint(
  store: Store,
  id: string,
  folder: string,
  warn: (line: string) => void,
): Promise<number | undefined> {
  const head = await readHead(store, id)
  if (head === undefined) return undefined
  try {
    if (head === 'damaged') throw new UnusableContent(`${store.address}/${keyOf(id)}: names no checkpoint`)
    for (const [name, file] of Object.entries(head.files)) {
      const path = join(folder, ...name.split('/'))
      await makeFolder(dirname(path))
      await fetchFile(store, file, path, placeOf(id))
    }
    return head.step
  } catch (error) {
    if (!(error instanceof UnusableContent)) throw error
    warn(`${error.message}: the job starts from its beginning`)
    await removeCheckpoint(store, id) // else its step would keep earlier ones out
    await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
    return undefined
  }
}

/** Stores a checkpoint, unless a newer one is there, and removes the files of the one before. */
export async function storeCheckpoint(
  store: Store,
  id: string,
  step: number,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const before = await readHead(store, id)
  if (before !== undefined && before !== 'damaged' && before.step >= step) return
  const files: Record<string, StoredFile> = {}
  for (const name of names) files[name] = await storeFile(store, join(folder, ...name.split('/')), placeOf(id))
  await store.replace(keyOf(id), new TextEncoder().encode(JSON.stringify({ step, files } satisfies Head)))
  const kept = new Set([keyOf(id), ...Object.values(files).map(({ sha256 }) => `${placeOf(id)}/${sha256}`)])
  for (const key of await store.list(`${placeOf(id)}/`)) if (!kept.has(key)) await store.remove(key)
}

/** Removes what a finished job has saved. */
export async function removeCheckpoint(store: Store, id: string): Promise<void> {
  for (const key of await store.list(`${placeOf(id)}/`)) await store.remove(key)
}
