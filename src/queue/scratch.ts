/** A process' own folder within a scratch folder that others may use too, on this machine or on one that shares it. */
import { randomBytes } from 'node:crypto'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, readTextIfThere } from '../files/files.js'
import { lockHolder, takeLock } from '../files/lock-file.js'

/** A folder that nobody else works in. */
export interface OwnScratch {
  readonly path: string
  /** Removes it, and the scratch folder where nothing else is in it. */
  close(): Promise<void>
}

const LOCK = 'lock'
const OWN = /^own-[0-9a-f]{16}$/

/**
 * Makes a folder of this process' own. Those of processes that are certain to be dead are removed: what they saved is in the store.
 * @throws InputError when it cannot be made
 */
export async function openScratch(scratch: string): Promise<OwnScratch> {
  await makeFolder(scratch)
  for (const name of await readdir(scratch)) {
    if (!OWN.test(name)) continue
    const left = await readTextIfThere(join(scratch, name, LOCK)).catch(() => undefined)
    if (left !== undefined && lockHolder(left) === 'nobody')
      await rm(join(scratch, name), { recursive: true, force: true })
  }
  const path = join(scratch, `own-${randomBytes(8).toString('hex')}`)
  await makeFolder(path)
  const lock = await takeLock(join(path, LOCK), 'scratch folder')
  return {
    path,
    async close() {
      await lock.release()
      await rm(path, { recursive: true, force: true })
      await rmdir(scratch).catch(() => {}) // others may work in it
    },
  }
}
