import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RunsAnswer, TicketsAnswer } from '../../src/serve/answers.js'
import { addTicket, makePlace, makeRun, type Place, rows } from './fixture.js'

const MIB = 2 ** 20
const BIG = 256 * MIB
/** A server in a process of its own. */
interface Server {
  readonly port: number
  state(): Promise<ServerState>
  end(): void
}

/** Memory in bytes: resident, and the most that ever was. */
interface ServerState {
  readonly requests: number
  readonly failures: readonly string[]
  readonly resident: number
  readonly highest: number
  /** What it works at, in Node's words; nothing when it waits for a client. */
  readonly underWay: readonly string[]
}

let place: Place
let server: Server

beforeAll(async () => {
  place = await makePlace()
  for (let i = 0; i < 10; i++) {
    await makeRun(join(place.shown, `${i}.run`), 0)
    await writeFile(join(place.shown, `${i}.run`, 'metrics.jsonl'), rows(1, 2000))
  }
  await addTicket(place.shown, 'a.slt.safetensors')
  await writeFile(join(place.shown, 'big.slt.safetensors'), Buffer.alloc(BIG))
})
beforeEach(async () => {
  server = await startServing()
})
afterEach(() => server.end())
afterAll(() => place.remove())

async function startServing(): Promise<Server> {
  const child = fork(fileURLToPath(new URL('serving.mjs', import.meta.url)), [place.web, place.shown])
  const [{ port }] = await once(child, 'message')
  const state = async () => {
    child.send('state')
    return (await once(child, 'message'))[0] as ServerState
  }
  return { port, state, end: () => void child.kill() }
}

/** Waits until the server has taken in what it takes of requests beyond so many, and works at nothing. */
async function untilItWaits({ state }: Server, requests: number): Promise<void> {
  let seen = requests
  for (;;) {
    const now = await state()
    if (now.requests > requests && now.requests === seen && now.underWay.length === 0) return
    seen = now.requests
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** Status and length of an answer. */
const ask = (path: string, agent: Agent): Promise<string> =>
  new Promise((done, fail) => {
    get({ port: server.port, host: '127.0.0.1', path, agent }, (response) => {
      let bytes = 0
      response.on('data', (chunk) => {
        bytes += chunk.length
      })
      response.on('end', () => done(`${response.statusCode} ${bytes}`))
      response.on('error', fail)
    }).on('error', fail)
  })

/** A client that asks for 256 MiB and reads none of it, or sends a head without end, a byte at a time. */
function slowClient(kind: 'reads' | 'writes', path: string): Socket {
  const socket = connect(server.port, '127.0.0.1')
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`
  socket.on('error', () => undefined)
  if (kind === 'reads') {
    socket.pause()
    socket.write(head)
  } else {
    const unending = `${head.slice(0, -2)}X: ${'a'.repeat(10_000)}`
    let sent = 0
    const timer = setInterval(() => socket.write(unending[sent++]), 50)
    socket.on('close', () => clearInterval(timer))
  }
  return socket
}

test('10,000 requests, 100 at once, beside 20 slow clients: every answer as it should be, memory below 250 MiB', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const json = async <T>(path: string) => (await (await fetch(`http://127.0.0.1:${server.port}${path}`)).json()) as T
  const [run] = (await json<RunsAnswer>('/api/runs')).runs
  const { tickets } = await json<TicketsAnswer>('/api/tickets')
  const [small, big] = ['a', 'big'].map((name) => tickets.find((one) => one.name === `${name}.slt.safetensors`)!.id)
  const slow = Array.from({ length: 20 }, (_, i) => slowClient(i % 2 === 0 ? 'reads' : 'writes', `/api/files/${big}`))
  const started = performance.now()
  const cutOff: number[] = []
  for (const reader of slow.filter((_, i) => i % 2 === 0)) {
    reader.on('close', () => cutOff.push(performance.now() - started))
  }

  const { next, key } = await json<{ next: number; key: string }>(`/api/runs/${run.id}/metrics`)
  const paths = [
    '/',
    '/assets/main-1a2b.js',
    '/api/status',
    '/api/tickets',
    `/api/files/${small}`,
    `/api/runs/${run.id}/metrics?from=${next}&key=${key}`,
    `/api/runs/${run.id}/samples`,
    '/api/runs',
    '/nothing',
    '/%2e%2e/secret.txt',
  ]
  const expected = await Promise.all(paths.map((path) => ask(path, agent)))
  expect(expected.map((text) => text.slice(0, 3)).join()).toBe(`${'200,'.repeat(8)}404,400`)

  let asked = 0
  const wrong: string[] = []
  const worker = async () => {
    while (asked < 10_000) {
      const i = asked++ % paths.length
      const found = await ask(paths[i], agent)
      if (found !== expected[i]) wrong.push(`${paths[i]}: ${found} instead of ${expected[i]}`)
    }
  }
  await Promise.all(Array.from({ length: 100 }, worker))
  expect(wrong).toEqual([])
  // A client that takes nothing may be cut off after a minute, which 10,000 requests can take on a busy machine.
  expect(cutOff.filter((milliseconds) => milliseconds < 59_000)).toEqual([])
  const { highest, failures } = await server.state()
  for (const socket of slow) socket.destroy()
  agent.destroy()
  expect(failures).toEqual([])
  expect(highest).toBeLessThan(250 * MIB)
})

test('a client that sends its head a byte at a time is cut off', async () => {
  const socket = slowClient('writes', '/')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
})

test('requests sent ahead by one that reads no answer take no memory, and one that reads gets all of them in order', async () => {
  const { port, state } = server
  const [run] = ((await (await fetch(`http://127.0.0.1:${port}/api/runs`)).json()) as RunsAnswer).runs
  const metrics = `/api/runs/${run.id}/metrics`
  const answer = await (await fetch(`http://127.0.0.1:${port}${metrics}`)).text()
  expect(2000 * answer.length).toBeGreaterThan(400 * MIB)
  const before = await state()
  const deaf = connect(port, '127.0.0.1')
  deaf.pause()
  deaf.write(`GET ${metrics} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(2000))
  await untilItWaits(server, before.requests)
  expect((await state()).highest - before.resident).toBeLessThan(100 * MIB)
  deaf.destroy()

  const socket = connect(port, '127.0.0.1')
  const paths = ['/', '/nothing', '/api/status', '/', '/%2e%2e/x', '/assets/main-1a2b.js', '/']
  const close = (i: number) => (i === paths.length - 1 ? 'Connection: close\r\n' : '')
  socket.write(paths.map((path, i) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${close(i)}\r\n`).join(''))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join()).toBe('200,404,200,200,400,200,200')
})
