import { constants, copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { InputError } from '../safetensors/input-error.js'
import { refuseSystem } from './files.js'

/** Locks that this process holds, by path: a process cannot tell its own id from one reused after a crash otherwise. */
const held = new Set<string>()

/**
 * Takes a lock: a file created exclusively that holds `pid host`. A lock whose process has died on this machine is taken
 * over; one of another machine or of a living process is not.
 * @param what is being written, for messages
 * @returns a function that gives the lock back
 * @throws InputError naming the holder
 */
export async function takeLock(path: string, what = 'ticket'): Promise<() => Promise<void>> {
  const key = resolve(path)
  for (let attempt = 0; attempt < 5; attempt++) {
    if (held.has(key)) throw new InputError(`${path}: this process is writing that ${what} already`)
    held.add(key)
    try {
      await createLock(path)
      return async () => {
        await rm(path, { force: true })
        held.delete(key)
      }
    } catch (error) {
      held.delete(key)
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') refuseSystem(path, error)
    }
    await dropStale(path, what)
  }
  throw new InputError(`${path}: cannot be taken; remove it if no other process writes this ${what}`)
}

/**
 * Who holds a lock: a living process `here`, one of another machine (`elsewhere`, whose life cannot be asked), or nobody.
 * @param text the content of the lock file
 */
export function lockHolder(text: string): 'here' | 'elsewhere' | 'nobody' {
  const [pid, host] = text.trim().split(' ')
  if (host !== hostname()) return 'elsewhere'
  return Number(pid) === process.pid || isAlive(Number(pid)) ? 'here' : 'nobody'
}

/**
 * Creates the file exclusively, with its content in it from the first moment: a process killed in between would leave a
 * lock that names no holder, which nobody could take over. Rejects with EEXIST when it is there.
 */
async function createLock(path: string): Promise<void> {
  const content = `${process.pid} ${hostname()}\n`
  const filled = `${path}.${process.pid}.new`
  try {
    await writeFile(filled, content)
    await link(filled, path).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
      return copyFile(filled, path, constants.COPYFILE_EXCL) // a file system without hard links
    })
  } finally {
    await rm(filled, { force: true })
  }
}

/** Removes the lock of a dead process; throws when its holder may be alive. */
async function dropStale(path: string, what: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return // given back meanwhile
  const [pid, host] = text.trim().split(' ')
  if (host !== hostname() || isAlive(Number(pid))) {
    throw new InputError(
      `${path}: another process (${text.trim() || 'unknown'}) is writing this ${what}; remove the file if it is not`,
    )
  }
  // Of several processes that find the same stale lock one renames it. A later one may have caught the winner's fresh
  // lock instead: what was moved is looked at again, and put back unless it is the stale one.
  const moved = `${path}.${process.pid}`
  await rename(path, moved).catch(() => undefined)
  const found = await readFile(moved, 'utf8').catch(() => text)
  if (found !== text) await link(moved, path).catch(() => undefined)
  await rm(moved, { force: true })
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false // not in `held`: a process of an earlier life had the same id
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
