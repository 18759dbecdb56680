import { appendFile, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { byteTokenizer } from '../../src/data/byte-tokenizer.js'
import { formatRunRecord } from '../../src/files/run-record.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { fingerprintOf } from '../../src/search/fingerprint.js'
import { type MetricsRow, metricsLine } from '../../src/search/metrics.js'
import { chooseSettings } from '../../src/search/settings.js'
import { type Serving, startServer } from '../../src/serve/index.js'

/** A folder with an explorer of two files, and one to be served. */
export interface Place {
  /** Holds `web`, `shown` and `secret.txt`. */
  readonly base: string
  readonly web: string
  readonly shown: string
  remove(): Promise<void>
}

export const SCRIPT = `console.log('${'explorer '.repeat(5000)}')\n`

export async function makePlace(): Promise<Place> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'slt-serve-')))
  const [web, shown] = [join(base, 'web'), join(base, 'shown')]
  await mkdir(join(web, 'assets'), { recursive: true })
  await mkdir(shown)
  await writeFile(join(web, 'index.html'), '<!doctype html><title>explorer</title>')
  await writeFile(join(web, 'assets', 'main-1a2b.js'), SCRIPT)
  await writeFile(join(base, 'secret.txt'), 'secret')
  return { base, web, shown, remove: () => rm(base, { recursive: true, force: true }) }
}

/** A server of that place on any free port; an error of its own fails the test. */
export function serve({ web, shown }: Place, host?: string): Promise<Serving> {
  const onError = (error: unknown) => {
    throw error
  }
  return startServer({ explorer: web, folders: [shown], port: 0, version: '1.2.3', host, onError })
}

export const row = (step: number): MetricsRow => ({
  step,
  loss: 5 / step,
  learningRate: 0.002,
  tokens: 2048 * step,
  seconds: 0.1234567 * step,
  tokensPerSecond: 20000,
  flipped: 10,
  ...(step % 10 === 0 ? { validLoss: 6 / step, bitsPerByte: 8 / step } : {}),
})

export const rows = (from: number, to: number): string => {
  let text = ''
  for (let step = from; step <= to; step++) text += metricsLine(row(step))
  return text
}

/** A run folder of 30 steps with so many rows. */
export async function makeRun(path: string, steps: number, out = join(path, '..', 'a.slt.safetensors')): Promise<void> {
  const settings = chooseSettings({ kind: 'search', model: 'micro', steps: 30 }, byteTokenizer)
  const identity = { settings, corpus: '0'.repeat(64) }
  await mkdir(path, { recursive: true })
  const record = formatRunRecord({
    data: '/somewhere/private/play.txt',
    valid: null,
    tokenizer: 'bytes',
    identity,
    fingerprint: fingerprintOf(nodeSha256, identity),
    name: 'play.txt',
    out,
    coding: 'range',
    cadence: { validateEvery: 10, validWindows: 1, sampleEvery: 10, checkpointEvery: 0, checkpointSeconds: 60 },
    device: 'cpu',
    threads: null,
    raw: false,
    read: [],
  })
  await writeFile(join(path, 'run.json'), record)
  await writeFile(join(path, 'metrics.jsonl'), '')
  if (steps > 0) await appendFile(join(path, 'metrics.jsonl'), rows(1, steps))
}

/** A committed ticket as `name` in the folder. */
export async function addTicket(
  folder: string,
  name: string,
  golden = 'searched-range.slt.safetensors',
): Promise<void> {
  await cp(fileURLToPath(new URL(`../vectors/tickets/${golden}`, import.meta.url)), join(folder, name))
}

/** What comes back for these bytes until the server closes the connection, which is to be within a minute. */
export function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    const limit = setTimeout(() => {
      fail(new Error(`the connection was not closed within a minute; what came is ${JSON.stringify(text)}`))
      socket.destroy()
    }, 60_000)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', (error) => {
      // A server that closes before it has read everything resets the connection, right behind its answer.
      if (!isWhole(text)) fail(error)
    })
    socket.on('close', () => {
      clearTimeout(limit)
      done(text)
    })
  })
}

/** Whether this is an answer to its last byte. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n') + 4
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer.slice(0, end))?.[1]
  return length !== undefined && answer.length - end === Number(length)
}

/** A GET whose path is sent as it is written. */
export const get = (port: number, path: string, headers = '', host = `127.0.0.1:${port}`): Promise<string> =>
  exchange(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`)

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
