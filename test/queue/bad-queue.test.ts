import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeMissingWorkers, nameWorker } from '../../src/queue/listeners.js'
import { createNothingJob } from '../../src/queue/nothing-job.js'
import { openStore } from '../../src/queue/open-store.js'
import { openRedis, shownAddress } from '../../src/queue/redis.js'
import { runOnQueue } from '../../src/queue/run-on-queue.js'
import { work } from '../../src/queue/work.js'
import { InputError } from '../../src/safetensors/index.js'
import { shellCode, sorter, startSlt } from '../cli/slt.js'
import { startFakeRedis } from './fake-redis.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-bad-queue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (address: string) =>
  openRedis(address).then(
    () => expect.fail(`${address} was taken`),
    (error) => {
      expect(error).toBeInstanceOf(InputError)
      return error.message
    },
  )

test.each(['5.0.7', '6.0.16', ''])('Redis %j is too old or unknown', async (version) => {
  const fake = await startFakeRedis(`# Server\r\nredis_version:${version}\r\n`)
  const said = version || 'of an unknown version'
  expect(await refusal(fake.address)).toBe(`${fake.address}: is Redis ${said}; a queue needs 6.2 or newer`)
  await fake.stop()
})

test('a Redis that drops keys or keeps no file is warned of', async () => {
  const fake = await startFakeRedis('redis_version:7.0.15\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n')
  expect((await openRedis(fake.address)).warnings).toEqual([
    expect.stringContaining('maxmemory-policy is allkeys-lru: set noeviction'),
    expect.stringContaining('writes no append-only file'),
  ])
  await fake.stop()
})

test('a server that takes the connection and says nothing is not waited for; one that is no Redis is told as such', async () => {
  const { createServer } = await import('node:net')
  const listen = async (answer: string) => {
    const sockets = new Set<{ destroy(): void }>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      if (answer !== '') socket.on('data', () => socket.write(answer))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const stop = () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
    return { address: `redis://127.0.0.1:${(server.address() as { port: number }).port}`, stop }
  }
  const [silent, web] = await Promise.all([listen(''), listen('HTTP/1.1 400 Bad Request\r\n\r\n')])
  expect(await refusal(silent.address)).toBe(`${silent.address}: no answer within 5 seconds`)
  expect(await refusal(web.address)).toBe(`${web.address}: what answers there is no Redis`)
  silent.stop()
  web.stop()
})

test.each([
  ['redis://:p@ss@host:1', 'redis://host:1'],
  ['redis://user:secret@host/0?password=secret', 'redis://host/0'],
  ['http://:secret@host', 'http://host'],
  ['redis://host:6379/2', 'redis://host:6379/2'],
  ['/run/redis.sock', '/run/redis.sock'],
])('%s is shown without its password', async (address, shown) => {
  expect(shownAddress(address)).toBe(shown)
  const { message } = await openRedis('http://:secret@h#x').catch((error) => error)
  expect(message).not.toContain('secret')
})

test('no Redis there', async () => {
  const fake = await startFakeRedis('')
  await fake.stop()
  expect(await refusal(fake.address)).toBe(`${fake.address}: there is no Redis (redis-server starts one)`)
  expect(await refusal(join(folder, 'socket'))).toContain('socket: there is no Redis')
  expect(await refusal('redis://no-such-host.invalid')).toContain('there is no such host')
  await expect(openRedis('http://host')).rejects.toThrow('"queue" expected redis://host:port')
})

describe.skipIf(withoutRedis)('a Redis with a password', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis('--requirepass', 'right', '--port', '0')
  })
  afterAll(() => redis.stop())

  test('wants it, and refuses another; the message shows no password', async () => {
    const { port, stop } = await forward(redis.address)
    expect(await refusal(`redis://127.0.0.1:${port}`)).toMatch(
      /Redis wants a password: SLT_REDIS_PASSWORD in the environment, or redis:\/\/:password@host:port$/,
    )
    const wrong = await refusal(`redis://:wrong@127.0.0.1:${port}`)
    expect(wrong).toBe(`redis://127.0.0.1:${port}: Redis refuses the password`)
    expect((await openRedis(`redis://:right@127.0.0.1:${port}`)).shown).toBe(`redis://127.0.0.1:${port}`)
    await stop()
  })
})

/** A port that leads to a socket: passwords are parts of addresses with a port. */
async function forward(socket: string): Promise<{ port: number; stop(): Promise<void> }> {
  const { connect, createServer } = await import('node:net')
  const server = createServer((inner) => {
    const outer = connect(socket)
    inner.pipe(outer).pipe(inner)
    for (const each of [inner, outer]) each.on('error', () => {})
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as { port: number }).port,
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  }
}

describe.skipIf(withoutRedis)('workers that are missing', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  test('nobody, one of another version, one that is too small, one that fits', async () => {
    const place = await openRedis(redis.address)
    const jobs = [createNothingJob({ number: 1 }), createNothingJob({ number: 2 })]
    const large = { ...jobs[0], id: 'f'.repeat(64), needs: { bytes: 3 * 2 ** 30, device: 'cpu' as const } }
    const none = 'no worker takes the 2 jobs of up to 1 GiB on cpu'
    expect(await describeMissingWorkers(place, [])).toEqual([])
    expect(await describeMissingWorkers(place, jobs)).toEqual([none])
    const other = place.connect('slt-worker:0:cpu:1073741824')
    await other.ping()
    expect(await describeMissingWorkers(place, jobs)).toEqual([
      `${none}; 1 of another version (0, this is 1) cannot take them`,
    ])
    other.disconnect()
    const stop = new AbortController()
    const store = await openStore(join(folder, 'store'))
    const room = { slots: 1, memory: 2 ** 30, devices: ['cpu'] as const, claim: 5, signal: stop.signal }
    const working = work({ redis: place, store, scratch: join(folder, 'scratch'), ...room })
    await runOnQueue(jobs, { redis: place, store, signal: new AbortController().signal }) // the worker is there then
    expect(await describeMissingWorkers(place, [...jobs, large])).toEqual([
      'no worker takes the job of up to 4 GiB on cpu',
    ])
    stop.abort()
    await working
    expect(nameWorker(room)).toBe('slt-worker:1:cpu:1073741824')
  })

  test('slt sweep --queue says so; a run that always fails has three tries, is told with its log, and the others are done', async () => {
    const bad = join(folder, 'bad')
    cpSync(sorter, bad, { recursive: true })
    writeFileSync(join(bad, 'model.safetensors'), readFileSync(join(bad, 'model.safetensors')).subarray(0, 1000))
    const plan = join(folder, 'plan.json')
    const runs = [sorter, bad].map((path) => ({ folder: path, items: 4 }))
    writeFileSync(plan, JSON.stringify({ command: 'prune', runs }))
    const [address, out] = [join(folder, 'sweep-store'), join(folder, 'out')]
    const sweep = startSlt('sweep', plan, '--queue', redis.address, '--store', address, '--out', out)
    const stop = new AbortController()
    const left: number[] = []
    let working: Promise<void> | undefined
    let said = ''
    sweep.stderr.on('data', async (piece) => {
      said += piece
      if (working !== undefined || !said.includes('warning: no worker takes the 2 jobs of up to')) return
      const place = await openRedis(redis.address)
      working ??= work({
        redis: place,
        store: await openStore(address),
        scratch: join(folder, 'sweep-scratch'),
        ...{ slots: 1, memory: 2 ** 33, devices: ['cpu'], claim: 5, signal: stop.signal },
        onFailed: (_job, _message, tries) => left.push(tries),
      })
    })
    let printed = ''
    sweep.stdout.on('data', (piece) => {
      printed += piece
    })
    expect(await shellCode(sweep)).toBe(1)
    stop.abort()
    await working
    expect(left).toEqual([2, 1, 0])
    expect(said).toMatch(/failed: folder .*bad, items 4: .*model\.safetensors/)
    expect(said).toMatch(/1 of 2 runs failed; the first, folder .*bad, items 4: .*model\.safetensors/)
    expect(printed).toContain('1 of 2 runs done')
    const { rows, failures } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
    expect(rows.map(({ count, failed }: { count: number; failed: number }) => [count, failed])).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(failures).toEqual([
      {
        label: `folder ${bad}, items 4`,
        message: expect.stringContaining('model.safetensors'),
        log: expect.stringContaining('model.safetensors'),
      },
    ])
  }, 120_000)
})
