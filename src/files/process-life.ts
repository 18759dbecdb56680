/**
 * Which process wrote a record, and whether it still lives. An id alone does not say: ids are given again, two containers may have the
 * same ids under one host name, and a dead process keeps its id until its parent has asked for its exit code.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, told from every other one where the system allows it. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Where the id means this process: boot, process namespace and machine on Linux, else the platform; absent where it is not known. */
  readonly place?: string | undefined
  /** When it started, in the words of the system; absent where it is not known. */
  readonly started?: string | undefined
}

/** `unknown`: a process of another container or machine, or one whose start this system does not tell. */
export type Life = 'living' | 'dead' | 'unknown'

/** The process namespace that a Linux machine starts with: a fixed number of the kernel (PROC_PID_INIT_INO). */
const FIRST_NAMESPACE = 'pid:[4026531836]'

/** Of Linux, `boot/namespace/machine`; undefined where /proc does not say. */
function readPlace(): string | undefined {
  if (process.platform !== 'linux') return process.platform
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}/${readMachine()}`
  } catch {
    return undefined
  }
}

/** See machine-id(5); empty where there is none. */
function readMachine(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}

let own: ProcessIdentity | undefined

/** This process. All its threads have the same identity. */
export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, host: hostname(), place: readPlace(), started: stateOf(process.pid)?.started }
  return own
}

/** Whether the process of a record lives, as far as this process can tell. */
export function lifeOf(record: ProcessIdentity, here: ProcessIdentity = ownIdentity()): Life {
  if (record.place !== here.place || here.place === undefined || record.host !== here.host) {
    return isEarlierBoot(record, here) ? 'dead' : 'unknown'
  }
  if (!isRunning(record.pid)) return 'dead'
  const state = stateOf(record.pid)
  if (state?.isDead) return 'dead'
  if (record.started === undefined || state === undefined) return 'unknown'
  return record.started === state.started ? 'living' : 'dead'
}

/** What runs in a machine's first namespace ends with the machine. Containers are not asked: their machine-id may be a copy. */
function isEarlierBoot(record: ProcessIdentity, here: ProcessIdentity): boolean {
  const [boot, namespace, machine] = record.place?.split('/') ?? []
  const [ownBoot, ownNamespace, ownMachine] = here.place?.split('/') ?? []
  const isFirst = namespace === FIRST_NAMESPACE && ownNamespace === FIRST_NAMESPACE
  return isFirst && machine === ownMachine && machine !== '' && record.host === here.host && boot !== ownBoot
}

/** Whether the id is some process of this system; also of one that is dead and was not asked for its exit code. */
export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false // 0 and negative numbers mean groups of processes
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** What the system says of a process. */
export interface ProcessState {
  /** Ended, and its parent has not asked for its exit code yet. */
  readonly isDead: boolean
  readonly started: string
}

/** Undefined where the system does not say. Windows has no quick way to ask. */
export function stateOf(pid: number): ProcessState | undefined {
  if (process.platform === 'linux') return stateFromProc(pid)
  return process.platform === 'win32' ? undefined : stateFromPs(pid)
}

/** From /proc, proc_pid_stat(5): after the name in parentheses field 3, the state, and field 22, the start in ticks since the boot. */
function stateFromProc(pid: number): ProcessState | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { isDead: 'ZXx'.includes(fields[0]), started: fields[19] }
  } catch {
    return undefined
  }
}

/** From ps, which macOS and the BSDs have: `S+ Mon Jan  5 10:00:00 2026`. It takes a few milliseconds. */
export function stateFromPs(pid: number): ProcessState | undefined {
  try {
    const words = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [state, ...started] = words.trim().split(/\s+/)
    return started.length === 0 ? undefined : { isDead: state.startsWith('Z'), started: started.join('-') }
  } catch {
    return undefined
  }
}
