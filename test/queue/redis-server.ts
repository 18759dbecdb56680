import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const command = 'redis-server'

/** Why tests with Redis are left out here; undefined where they run. Under CI they never are. */
export const withoutRedis: string | undefined =
  process.env.CI || spawnSync(command, ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed (Debian: apt-get install redis-server)'
if (withoutRedis) console.warn(`tests of the queue are left out: ${withoutRedis}`)

/** A Redis of this test alone, on a socket, with an append-only file. */
export interface TestRedis {
  /** Path of the socket. */
  readonly address: string
  /** Ends it as `signal` does, and starts it again with what its file holds. */
  restart(signal?: NodeJS.Signals): Promise<void>
  stop(): Promise<void>
}

export async function startRedis(...options: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'slt-redis-'))
  const address = join(folder, 'socket')
  const args = ['--port', '0', '--unixsocket', address, '--dir', folder, '--appendonly', 'yes', '--save', '']
  let server: ChildProcess
  const start = async () => {
    server = spawn(command, [...args, '--maxmemory-policy', 'noeviction', ...options], { stdio: 'ignore' })
    const ended = new Promise<never>((_, reject) => {
      server.once('error', reject)
      server.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)))
    })
    ended.catch(() => {})
    await Promise.race([answers(), ended])
  }
  const answers = async () => {
    const { Redis } = await import('ioredis')
    for (;;) {
      const redis = new Redis(address, {
        lazyConnect: true,
        enableReadyCheck: false,
        retryStrategy: () => null,
        maxRetriesPerRequest: 0,
      })
      redis.on('error', () => {})
      try {
        await redis.connect()
        // A Redis with a password answers too.
        await redis.ping().catch((error: Error) => /NOAUTH/.test(error.message) || Promise.reject(error))
        return
      } catch {
        await setTimeout(30)
      } finally {
        redis.disconnect()
      }
    }
  }
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((done) => {
      if (server.exitCode !== null || server.signalCode !== null) return done()
      server.once('exit', () => done())
      server.kill(signal)
    })
  await start()
  return {
    address,
    async restart(signal = 'SIGTERM') {
      await end(signal)
      await start()
    },
    async stop() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
