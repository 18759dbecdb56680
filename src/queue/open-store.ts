import type { Store } from './store.js'

/** Opens the store of an address: `s3://bucket/prefix`, or a folder, which is made when missing. */
export async function openStore(address: string): Promise<Store> {
  if (address.startsWith('s3://')) return (await import('./s3-store.js')).openS3Store(address)
  return (await import('./folder-store.js')).openFolderStore(address)
}
