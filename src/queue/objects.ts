/** Files in a store by their content: `objects/<sha256>`, or another place, holds the bytes that have this hash. */
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { nodeSha256 } from '../files/sha256.js'
import { refuseSystem } from '../files/system-error.js'
import { InputError } from '../safetensors/index.js'
import type { Store } from './store.js'

/** A file by its content. */
export interface StoredFile {
  /** 64 hexadecimal digits. */
  readonly sha256: string
  readonly bytes: number
}

/** The store does not have what a job needs, or has it damaged. Another job or another worker may do: the store itself works. */
export class UnusableContent extends InputError {}

/** Where files lie that belong to no single job; others are given a place of their own. */
const COMMON = 'objects'

const keyOf = ({ sha256 }: Pick<StoredFile, 'sha256'>, place: string) =>
  place === COMMON ? `${place}/${sha256.slice(0, 2)}/${sha256}` : `${place}/${sha256}`

/** The hash and length of a file of this machine. @throws InputError when it cannot be read */
export async function describeFile(path: string): Promise<StoredFile> {
  const hash = nodeSha256()
  let bytes = 0
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(piece)
      bytes += piece.length
    }
  } catch (error) {
    refuseSystem(path, error)
  }
  return { sha256: hash.digest(), bytes }
}

/**
 * Puts a file of this machine into the store, unless its content is there already.
 * @param known what the file is, where that has been found out
 * @throws InputError when the store has lost it
 */
export async function storeFile(store: Store, path: string, place = COMMON, known?: StoredFile): Promise<StoredFile> {
  const file = known ?? (await describeFile(path))
  const key = keyOf(file, place)
  const isNew = await store.create(key, { path })
  let size = await store.size(key)
  if (!isNew && size !== file.bytes) {
    await store.replace(key, { path }) // it was torn or emptied
    size = await store.size(key)
  }
  if (size === undefined)
    throw new InputError(`${store.address}/${key}: was written, and is not there: the store lost it`)
  return file
}

/** Whether the store has a file of this length; its content is checked when it is fetched. */
export const hasFile = async (store: Store, file: StoredFile): Promise<boolean> =>
  (await store.size(keyOf(file, COMMON))) === file.bytes

/** SHA-256, 64 hexadecimal digits. */
export function hashOfBytes(bytes: Uint8Array): string {
  const hash = nodeSha256()
  hash.update(bytes)
  return hash.digest()
}

/** The bytes of a small file by its hash; undefined where the store has no such file, or other content under its name. */
export async function readObject(store: Store, sha256: string): Promise<Uint8Array | undefined> {
  const bytes = await store.read(keyOf({ sha256 }, COMMON))
  return bytes !== undefined && hashOfBytes(bytes) === sha256 ? bytes : undefined
}

/**
 * Copies a file out of the store.
 * @param path a new file; it is not left behind when its content is wrong
 * @throws UnusableContent when the store has no such file, or other content under its name: that is removed, so that it can be stored again
 */
export async function fetchFile(store: Store, file: StoredFile, path: string, place = COMMON): Promise<void> {
  const key = keyOf(file, place)
  if (!(await store.copyTo(key, path)))
    throw new UnusableContent(`${store.address}/${key}: is not in the store any more`)
  const found = await describeFile(path)
  if (found.sha256 === file.sha256) return
  const { size } = await stat(path)
  await rm(path, { force: true })
  await store.remove(key)
  throw new UnusableContent(
    `${store.address}/${key}: holds ${size} bytes of another content (expected ${file.bytes} bytes with this hash); it was removed`,
  )
}
