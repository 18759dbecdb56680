import { randomBytes } from 'node:crypto'
import { InputError } from '../safetensors/index.js'
import type { Store } from './store.js'

/** Opens the store of an address: `s3://bucket/prefix`, or a folder, which is made when missing. */
export async function openStore(address: string): Promise<Store> {
  if (address.startsWith('s3://')) return (await import('./s3-store.js')).openS3Store(address)
  return (await import('./folder-store.js')).openFolderStore(address)
}

/**
 * Writes a small value, reads it, tries to write it again and removes it.
 * @returns the store
 * @throws InputError where the store is read-only or full, loses what is written, or replaces a value that it should keep
 */
export async function checkStore(store: Store): Promise<Store> {
  const key = `checks/${randomBytes(8).toString('hex')}`
  const bytes = randomBytes(64)
  await store.create(key, bytes)
  try {
    const there = await store.read(key)
    if (there === undefined || !bytes.equals(there))
      throw new InputError(
        `${store.address}/${key}: was written, and ${there === undefined ? 'is not there' : 'reads back other bytes'}: the store loses writes`,
      )
    if (await store.create(key, bytes))
      throw new InputError(
        `${store.address}/${key}: was written twice: the store has no conditional writes (If-None-Match), so workers could replace results`,
      )
  } finally {
    await store.remove(key)
  }
  return store
}
