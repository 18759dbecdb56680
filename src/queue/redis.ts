/** The queue of BullMQ on Redis: its address, its names, and what is wrong with it. */
import type { Queue, QueueOptions } from 'bullmq'
import type { Redis, RedisOptions } from 'ioredis'
import { InputError } from '../safetensors/index.js'
import { type Job, type JobNeeds, QUEUE_VERSION } from './job.js'
import { loadPeer } from './peer.js'

/** Gibibytes that a job may need: each has a queue, so that a worker asks only for jobs that fit. */
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const
const GIB = 2 ** 30

const DEVICES = ['cpu', 'webgpu', 'cuda'] as const

/** Before every key in Redis. */
export const PREFIX = 'slt'

const nameOf = (device: JobNeeds['device'], size: number) => `v${QUEUE_VERSION}-${device}-${size}g`

/** The queue that a job goes to. @throws InputError when no size is enough */
export function queueNameOf({ label, needs }: Job): string {
  const size = SIZES.find((each) => needs.bytes <= each * GIB)
  if (size === undefined)
    throw new InputError(
      `${label}: needs ${Math.ceil(needs.bytes / GIB)} GiB; a queue hands out at most ${SIZES.at(-1)}`,
    )
  return nameOf(needs.device, size)
}

/** The queues whose jobs fit, the largest first: a large job finds few workers. */
export function queueNames(devices: readonly JobNeeds['device'][], bytes: number): string[] {
  return SIZES.filter((size) => size * GIB <= Math.max(bytes, GIB))
    .reverse()
    .flatMap((size) => devices.map((device) => nameOf(device, size)))
}

/** Every queue of this version. */
export const allQueueNames = (): string[] => queueNames(DEVICES, Number.POSITIVE_INFINITY)

/** A Redis that can be used, and what was read of it. */
export interface RedisPlace {
  readonly address: string
  /** The address without its password, for messages. */
  readonly shown: string
  readonly bull: typeof import('bullmq')
  /** A connection of its own, which waits for a Redis that is away. @param name by which Redis lists it */
  connect(name?: string): Redis
  /** What should be changed, a line each. */
  readonly warnings: readonly string[]
}

/**
 * Opens the Redis of an address, and checks it.
 * @param address `redis://[user:password@]host[:port][/db]`, `rediss://` with TLS, or the path of a socket
 * @throws InputError in one line: not there, wrong password, too old, or without the packages that it needs
 */
export async function openRedis(address: string): Promise<RedisPlace> {
  const isSocket = address.startsWith('/') || address.startsWith('unix:')
  const shown = shownAddress(address)
  if (!isSocket && !isUrl(address)) {
    throw new RangeError(
      `"queue" expected redis://host:port, rediss://host:port or the path of a socket, got ${shown}; in a password / is %2F, @ is %40, # is %23`,
    )
  }
  const purpose = 'a queue'
  const bull = await loadPeer(() => import('bullmq'), 'bullmq', purpose)
  const { Redis } = await loadPeer(() => import('ioredis'), 'ioredis', purpose)
  const own = passwordOf(address)
  const make = (options: RedisOptions): Redis => {
    const all = { ...options, ...own }
    return isSocket ? new Redis(address.replace(/^unix:(\/\/)?/, ''), all) : new Redis(address, all)
  }
  // One try: whoever starts a sweep or a worker wants to hear at once that the address is wrong.
  const probe = make({
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5000,
    commandTimeout: 5000,
    maxRetriesPerRequest: 0,
  })
  let last: Error | undefined
  probe.on('error', (error) => {
    last = error
  })
  try {
    await probe.connect()
    const info = parseInfo(await probe.info())
    const warnings = checkInfo(info, shown)
    return {
      address,
      shown,
      bull,
      warnings,
      connect: (name) => {
        const again = { maxRetriesPerRequest: null, retryStrategy: (tries: number) => Math.min(100 * tries, 2000) }
        const redis = make({ ...again, ...(name !== undefined && { connectionName: name }) })
        redis.on('error', () => {}) // it connects again by itself
        return redis
      },
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(`${shown}: ${reasonOf(last ?? (error as Error))}`, { cause: error })
  } finally {
    probe.disconnect()
  }
}

/** An address as it may be shown: without user, password, and what a query may say of them. */
export const shownAddress = (address: string): string => address.replace(/\/\/.*@/, '//').replace(/\?.*$/s, '')

function isUrl(address: string): boolean {
  try {
    return /^rediss?:$/.test(new URL(address).protocol)
  } catch {
    return false
  }
}

/** The password of the environment, which no other user of the machine can read, where the address has none. */
function passwordOf(address: string): Pick<RedisOptions, 'password'> {
  const password = process.env.SLT_REDIS_PASSWORD
  return password === undefined || password === '' || /^rediss?:\/\/[^/@]*:[^/@]+@/.test(address) ? {} : { password }
}

function reasonOf({ message, ...error }: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'there is no Redis (redis-server starts one)'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host'
  if (/WRONGPASS|invalid password/.test(message)) return 'Redis refuses the password'
  if (/NOAUTH/.test(message))
    return `Redis wants a password: SLT_REDIS_PASSWORD in the environment, or redis://:password@host:port`
  if (code === 'ECONNRESET' || /closed/.test(message))
    return 'it closes the connection; is it a port for TLS? Then rediss://'
  if (/self-signed|unable to verify|unable to get/.test(message))
    return `${message.split('\n')[0]}: NODE_EXTRA_CA_CERTS=<its certificate> in the environment makes it known`
  if (/ETIMEDOUT|timed out/.test(message)) return 'no answer within 5 seconds'
  if (/Protocol error/.test(message)) return 'what answers there is no Redis'
  return message.split('\n')[0]
}

const parseInfo = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/\r?\n/)
      .filter((line) => /^[^#:]+:/.test(line))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )

/** @returns warnings. @throws InputError for a Redis that cannot serve */
function checkInfo(info: ReadonlyMap<string, string>, shown: string): string[] {
  const version = info.get('redis_version') ?? ''
  const [major, minor] = version.split('.').map(Number)
  if (!(major > 6 || (major === 6 && minor >= 2))) {
    throw new InputError(`${shown}: is Redis ${version || 'of an unknown version'}; a queue needs 6.2 or newer`)
  }
  const warnings: string[] = []
  const policy = info.get('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(`${shown}: its maxmemory-policy is ${policy}: set noeviction, or Redis may drop jobs`)
  }
  if (info.get('aof_enabled') === '0') {
    warnings.push(
      `${shown}: writes no append-only file (appendonly no): jobs handed out since its last snapshot are lost when it ends`,
    )
  }
  return warnings
}

/** Milliseconds without a connection after which that is told. */
const SILENCE = 5000

/** Tells in a line when Redis has been away for a while, and when it is there again. */
export function tellOutages(connection: Redis, { shown }: RedisPlace, tell: (line: string) => void): void {
  let timer: NodeJS.Timeout | undefined
  let isTold = false
  connection.on('close', () => {
    timer ??= setTimeout(() => {
      isTold = true
      tell(`${shown} does not answer; waiting for it`)
    }, SILENCE).unref()
  })
  connection.on('ready', () => {
    clearTimeout(timer)
    timer = undefined
    if (isTold) tell(`${shown} answers again`)
    isTold = false
  })
  connection.on('end', () => clearTimeout(timer))
}

/** Hears errors of a connection, and tells each kind once: an outage is told otherwise, and others come again and again. */
export function tellTrouble(tell: (line: string) => void): (error: Error) => void {
  const told = new Set<string>()
  return ({ message }) => {
    const [line] = message.split('\n')
    const kind = line.replace(/\d+/g, '')
    if (/ECONN|closed|ENOENT|LOADING/.test(line) || told.has(kind)) return
    told.add(kind)
    tell(/OOM/.test(line) ? 'Redis is out of memory (its maxmemory); jobs wait' : line)
  }
}

/** A queue of this version with options that all of them share. */
export function openQueue({ bull }: RedisPlace, name: string, connection: Redis): Queue {
  const options: QueueOptions = {
    connection: connection as never,
    prefix: PREFIX,
    defaultJobOptions: { attempts: 3, backoff: { type: 'exponential', delay: 1000 } },
  }
  return new bull.Queue(name, options)
}
