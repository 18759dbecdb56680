import { open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { InputError } from '../safetensors/input-error.js'
import { refuseSystem } from './files.js'

/** Locks that this process holds, by path: a process cannot tell its own id from one reused after a crash otherwise. */
const held = new Set<string>()

/**
 * Takes a lock: a file created exclusively that holds `pid host`. A lock whose process has died on this machine is taken
 * over; one of another machine or of a living process is not.
 * @returns a function that gives the lock back
 * @throws InputError naming the holder
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${hostname()}\n`
  for (let attempt = 0; attempt < 5; attempt++) {
    if (held.has(path)) throw new InputError(`${path}: this process is writing that ticket already`)
    held.add(path)
    try {
      const handle = await open(path, 'wx')
      await handle.writeFile(mine)
      await handle.close()
      return async () => {
        held.delete(path)
        await rm(path, { force: true })
      }
    } catch (error) {
      held.delete(path)
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') refuseSystem(path, error)
    }
    await dropStale(path)
  }
  throw new InputError(`${path}: cannot be taken; remove it if no other process writes this ticket`)
}

/** Removes the lock of a dead process; throws when its holder may be alive. */
async function dropStale(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return // given back meanwhile
  const [pid, host] = text.trim().split(' ')
  if (host !== hostname() || isAlive(Number(pid))) {
    throw new InputError(
      `${path}: another process (${text.trim() || 'unknown'}) is writing this ticket; remove the file if it is not`,
    )
  }
  // Renaming picks one winner among several processes that find the same stale lock.
  const stale = `${path}.${process.pid}`
  await rename(path, stale).catch(() => undefined)
  await rm(stale, { force: true })
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
