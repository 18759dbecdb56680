// A Redis of a benchmark's own, on a socket, and workers that take its jobs.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openRedis } from '../dist/queue/redis.js'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/**
 * Calls `work` with a queue and what works on it, and ends all of it afterwards.
 * @param folder of the benchmark: store, socket and scratch lie in it
 * @param workers processes of `slt work`, each with one job at a time
 * @param work gets { address, place, store, redis, working }: the socket, the opened Redis, the store's folder, and the processes
 */
export async function withWorkers({ folder, workers, memory }, work) {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    throw new Error('redis-server is not installed (Debian: apt-get install redis-server)')
  }
  const address = join(folder, 'socket')
  const store = join(folder, 'store')
  const children = []
  const start = (command, args) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    return child
  }
  try {
    const kept = ['--dir', folder, '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
    const redis = start('redis-server', ['--port', '0', '--unixsocket', address, ...kept])
    const place = await untilOpen(address)
    const working = []
    for (let worker = 0; worker < workers; worker++) {
      const where = ['--queue', address, '--store', store, '--scratch', join(folder, `scratch-${worker}`)]
      const child = start(process.execPath, [main, 'work', ...where, '--jobs', '1', '--memory', `${memory}`])
      await once(child.stderr, 'data') // it says that it works
      working.push(child)
    }
    return await work({ address, place, store, redis, working })
  } finally {
    for (const child of children.reverse()) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
  }
}

async function untilOpen(socket) {
  for (let tries = 0; ; tries++) {
    try {
      return await openRedis(socket)
    } catch (error) {
      if (tries === 100) throw error
      await setTimeout(50)
    }
  }
}
