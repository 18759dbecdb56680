/**
 * Locks: a file that names the process that may write. Three rules keep two processes from holding one:
 * 1. A lock is created by `link`, which fails where the file is there, so of several creators one succeeds.
 * 2. A lock whose process is dead is replaced by `rename`, in one step, so that the path is never free meanwhile, and only by the
 *    process that holds the lock `<path>.claim`. It looks again once it holds the claim: nobody else can replace the file then, so
 *    what is dead at that look is what the rename replaces. A claim is a lock too: that of a dead process is claimed in its turn.
 * 3. A process removes a lock only while the file holds the token that the process wrote.
 *
 * Whether a process lives is asked of the system where it knows (`process-life.ts`). For a process of another container or machine
 * it does not: that one is taken for dead when it has not renewed its lock for SILENCE. A process that was stopped for longer finds
 * another's token in its lock and writes no more (`assertHeld`).
 */
import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { InputError } from '../safetensors/input-error.js'
import { READ_FLAGS, refuseSystem } from './files.js'
import { isRunning, type Life, lifeOf, ownIdentity, type ProcessIdentity, stateOf } from './process-life.js'

/** A lock that is held. */
export interface Lock {
  /** @throws InputError when another process has taken the lock over, for this one gave no sign of life for too long */
  assertHeld(): Promise<void>
  /** Gives the lock back. One that another process has taken over stays. */
  release(): Promise<void>
}

/** A holder renews its lock so often, in milliseconds. */
const BEAT = 5000
/** A lock that was not renewed for so long, in milliseconds, is nobody's. One call of ONNX Runtime keeps a large model from renewing it. */
const SILENCE = 120_000
/** Waits for a process that is taking a dead one's lock over: so many, of so many milliseconds. */
const TURNS = 200
const TURN = 10
/** Claims of claims: each level is a process that died within microseconds of work. */
const LEVELS = 3

/** What a lock file says. */
interface LockRecord extends ProcessIdentity {
  /** Random; absent in locks of versions before it, which were never renewed. */
  readonly token?: string | undefined
}

/**
 * Takes a lock. One whose process is dead is taken over.
 * @param what is being written, for messages
 * @throws InputError that names the holder
 */
export function takeLock(path: string, what = 'ticket'): Promise<Lock> {
  return takeAt(path, what, 0)
}

async function takeAt(path: string, what: string, level: number): Promise<Lock> {
  const token = randomBytes(12).toString('hex')
  const content = formatLock({ ...ownIdentity(), token })
  // The content is there before the lock is: one of a process killed in between would name no holder.
  const written = `${path}.${token}.new`
  const discard = () => rm(written, { force: true })
  await writeFile(written, content, { flag: 'wx' }).catch(async (error) => {
    await discard().catch(() => undefined)
    refuseSystem(path, error)
  })
  try {
    const { mtimeMs: now } = await stat(written) // the file system's clock, which all machines that share it read
    for (let turn = 0; turn < TURNS; turn++) {
      if (await createLock(written, path)) return await holdLock(path, token, content)
      const found = await readLock(path)
      if (found === undefined) continue // given back meanwhile
      if (!isAbandoned(found, now)) {
        if (level === 0) throw new InputError(`${path}: ${describeHolder(found, what, now)}`)
      } else if (level < LEVELS && (await takeOver(path, written, now, what, level))) {
        return await holdLock(path, token, content)
      }
      await new Promise((done) => setTimeout(done, TURN))
    }
    throw new InputError(`${path}: cannot be taken; remove it if no other process writes this ${what}`)
  } finally {
    await discard()
  }
}

/** Creates the lock with the content of a file; false where it is there. */
async function createLock(written: string, path: string): Promise<boolean> {
  try {
    await link(written, path).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
      return copyFile(written, path, constants.COPYFILE_EXCL) // a file system without hard links
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') refuseSystem(path, error)
    return false
  }
}

/** Replaces an abandoned lock; false where another process was first. */
async function takeOver(path: string, written: string, now: number, what: string, level: number): Promise<boolean> {
  const claim = await takeAt(`${path}.claim`, what, level + 1)
  try {
    const found = await readLock(path)
    if (found === undefined || !isAbandoned(found, now)) return false
    await rename(written, path).catch((error) => refuseSystem(path, error))
    return true
  } finally {
    await claim.release()
  }
}

/** The lock as its holder has it, renewed until it is given back. */
async function holdLock(path: string, token: string, content: string): Promise<Lock> {
  // Renewed through the open file: should another process replace the lock, that one's is not touched.
  const handle = await open(path, 'r+').catch((error) => refuseSystem(path, error))
  const timer = setInterval(() => {
    handle.write(content, 0).catch(() => undefined) // others see that it was not renewed
  }, BEAT).unref()
  const isOwn = async () => {
    const found = await readLock(path)
    return found === undefined || found.token === token
  }
  return {
    async assertHeld() {
      if (await isOwn()) return
      throw new InputError(`${path}: another process took it over while this one was stopped; nothing more is written`)
    },
    async release() {
      clearInterval(timer)
      await handle.close()
      if (await isOwn()) await rm(path, { force: true })
    },
  }
}

/** A lock that is there. */
interface FoundLock extends LockRecord {
  readonly text: string
  /** When it was last renewed, in milliseconds on the file system's clock. */
  readonly renewed: number
}

async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    const handle = await open(path, READ_FLAGS)
    try {
      if (!(await handle.stat()).isFile()) throw new InputError(`${path}: not a file, but in the place of a lock`)
      const text = await handle.readFile('utf8')
      return { ...parseLock(text), text: text.trim(), renewed: (await handle.stat()).mtimeMs }
    } finally {
      await handle.close()
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : refuseSystem(path, error)
  }
}

const UNKNOWN = '-'

/** One line. Versions before the token wrote and read `pid host`, so these come first. */
const formatLock = ({ pid, host, token, place = UNKNOWN, started = UNKNOWN }: LockRecord): string =>
  `${pid} ${host} ${token} ${place} ${started}\n`

/** The id is NaN where the text is no lock: a power cut can leave an empty one. */
function parseLock(text: string): LockRecord {
  const [pid, host = '', token, ...rest] = text.trim().split(' ')
  const [place, started] = rest.map((word) => (word === UNKNOWN ? undefined : word))
  return { pid: pid === '' ? Number.NaN : Number(pid), host, token, place, started }
}

/** Whether the holder lives. Of a version before the token id and host name are known alone. */
function lifeOfHolder(record: LockRecord): Life {
  if (record.token !== undefined) return lifeOf(record)
  const { pid, host } = ownIdentity()
  if (record.host !== host) return 'unknown'
  // A lock that this process took has a token: this one is of an earlier process with the same id.
  return record.pid === pid || !isRunning(record.pid) || stateOf(record.pid)?.isDead ? 'dead' : 'living'
}

/** Whether nobody holds the lock any more. */
function isAbandoned(found: FoundLock, now: number): boolean {
  const life = lifeOfHolder(found)
  if (life === 'dead') return true
  const isSilent = now - found.renewed > SILENCE
  const isRenewed = found.token !== undefined || Number.isNaN(found.pid) // else nothing can be told from its age
  // This process lives, but the thread of it that took the lock may have ended.
  return isSilent && isRenewed && (life === 'unknown' || isOurs(found))
}

function isOurs({ pid, host, place }: LockRecord): boolean {
  const own = ownIdentity()
  return pid === own.pid && host === own.host && place === own.place
}

function describeHolder(found: FoundLock, what: string, now: number): string {
  if (isOurs(found)) return `this process is writing that ${what} already`
  const isUnsure = found.token !== undefined && lifeOf(found) === 'unknown'
  const ago = Math.max(0, Math.round((now - found.renewed) / 1000))
  const sign = isUnsure ? `, ${ago} s ago (it is taken over after ${SILENCE / 1000} s without a sign)` : ''
  const who = found.text.split(' ').slice(0, 2).join(' ') || 'unknown'
  return `another process (${who}) is writing this ${what}${sign}; remove the file if it is not`
}

/**
 * Who holds a lock: a living process `here`, one whose life cannot be asked (`elsewhere`), or nobody.
 * @param text the content of the lock file
 */
export function lockHolder(text: string): 'here' | 'elsewhere' | 'nobody' {
  return ({ living: 'here', unknown: 'elsewhere', dead: 'nobody' } as const)[lifeOfHolder(parseLock(text))]
}
