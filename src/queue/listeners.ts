/** Which workers there are: each names its connection to Redis by its version, its devices and the memory of a job. */
import { type Job, type JobNeeds, QUEUE_VERSION } from './job.js'
import { queueNameOf, queueNames, type RedisPlace } from './redis.js'

const PREFIX = 'slt-worker'

/** Name of a worker's connection. */
export const nameWorker = ({ devices, memory }: { devices: readonly JobNeeds['device'][]; memory: number }): string =>
  `${PREFIX}:${QUEUE_VERSION}:${devices.join('+')}:${Math.floor(memory)}`

interface Listener {
  readonly version: string
  readonly devices: readonly JobNeeds['device'][]
  readonly memory: number
}

/** Every worker that is connected, of any version. */
async function listenersOf({ connect }: RedisPlace): Promise<Listener[]> {
  const redis = connect()
  try {
    const text = String(await redis.client('LIST'))
    return [...text.matchAll(/ name=(\S+)/g)]
      .map(([, name]) => name.split(':'))
      .filter(([prefix]) => prefix === PREFIX)
      .map(([, version, devices, memory]) => ({
        version,
        devices: devices.split('+') as JobNeeds['device'][],
        memory: Number(memory),
      }))
  } finally {
    redis.disconnect()
  }
}

/**
 * What keeps jobs waiting for a worker.
 * @returns a line for each queue that no worker takes jobs from; empty when all have one, or Redis does not tell its connections
 */
export async function describeMissingWorkers(place: RedisPlace, jobs: readonly Job[]): Promise<string[]> {
  const waiting = new Map<string, Job[]>()
  for (const job of jobs) {
    const name = queueNameOf(job)
    waiting.set(name, [...(waiting.get(name) ?? []), job])
  }
  if (waiting.size === 0) return []
  const listeners = await listenersOf(place).catch(() => undefined) // a user of Redis may not be allowed to ask
  if (listeners === undefined) return []
  const served = new Set(
    listeners
      .filter(({ version }) => version === QUEUE_VERSION)
      .flatMap(({ devices, memory }) => queueNames(devices, memory)),
  )
  const others = listeners.filter(({ version }) => version !== QUEUE_VERSION)
  const versions = [...new Set(others.map(({ version }) => version))].sort().join(', ')
  const told =
    others.length === 0
      ? ''
      : `; ${others.length} of another version (${versions}, this is ${QUEUE_VERSION}) cannot take them`
  return [...waiting]
    .filter(([name]) => !served.has(name))
    .map(([name, { length }]) => {
      const [, device, size] = /^v[^-]+-(\w+)-(\d+)g$/.exec(name)!
      return `no worker takes ${length === 1 ? 'the job' : `the ${length} jobs`} of up to ${size} GiB on ${device}${told}`
    })
}
