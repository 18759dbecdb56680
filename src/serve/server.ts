/** The server of the explorer: read-only, of plain files and JSON, on node:http alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { InputError } from '../safetensors/index.js'
import { createApi } from './api.js'
import { openCatalog } from './catalog.js'
import { openExplorer } from './explorer.js'
import { hostInUrl, readTarget } from './guard.js'
import { Refusal } from './refusal.js'
import { sendRefusal } from './send.js'

/** What is served, and where. */
export interface ServeRequest {
  /** The folder of the built explorer. */
  readonly explorer: string
  /** Folders with runs, sweeps, tickets and reports; at least one. */
  readonly folders: readonly string[]
  /** An address or name of this machine. Default: 127.0.0.1, which no other machine reaches. */
  readonly host?: string | undefined
  /** 0 to 65535; 0 takes a free one. Default: 7411, or the next free one. */
  readonly port?: number | undefined
  readonly version: string
  /** An answer that failed for a reason of the server's own. */
  onError?(error: unknown): void
}

/** A running server. */
export interface Serving {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Ends it, and every connection. */
  close(): Promise<void>
}

export const DEFAULT_PORT = 7411
/** Ports tried from the default one on. */
const PORTS = 20

/** Milliseconds: a request's head, the whole of it, a connection between requests, a connection on which nothing moves. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 5000, timeout: 60_000 }
/** Below the 1024 files that many systems allow a process: an answer may hold a file as well. */
const CONNECTIONS = 400
/** Bytes of a request's head, and headers in it. */
const HEAD = 16_384
const HEADERS = 64

/**
 * Starts the server.
 * @throws InputError when a folder is missing, the explorer is not built, or the host or port cannot be had
 */
export async function startServer(request: ServeRequest): Promise<Serving> {
  const { host = '127.0.0.1', version } = request
  const sendExplorer = await openExplorer(request.explorer)
  const catalog = await openCatalog(request.folders)
  const sendApi = createApi(catalog, version)
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    await takeTurn(incoming, response)
    if (incoming.socket.destroyed) return
    const exchange = { request: incoming, response }
    try {
      const target = readTarget(incoming, host)
      const [room, ...parts] = target.parts
      if (room === 'api') await sendApi(exchange, { ...target, parts })
      else await sendExplorer(exchange, target.parts)
    } catch (error) {
      if (!(error instanceof Refusal)) request.onError?.(error)
      if (response.headersSent) response.destroy()
      else sendRefusal(exchange, error instanceof Refusal ? error : new Refusal(500, 'the server failed to answer'))
    }
  }
  const limits = { maxHeaderSize: HEAD, connectionsCheckingInterval: 2000, ...TIMEOUTS }
  const server = createServer(limits, answer)
  server.timeout = TIMEOUTS.timeout
  server.maxConnections = CONNECTIONS
  server.maxHeadersCount = HEADERS
  server.on('clientError', refuseNonsense)
  server.on('checkExpectation', answer).on('checkContinue', answer)
  server.on('connect', (_, socket: Duplex) => socket.end('HTTP/1.1 405 Method Not Allowed\r\nallow: GET, HEAD\r\n\r\n'))
  const port = await listen(server, host, request.port)
  return {
    url: `http://${hostInUrl(isWildcard(host) ? '127.0.0.1' : host)}:${port}/`,
    host,
    port,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** When the last answer on a connection is over. */
const turns = new WeakMap<Socket, Promise<void>>()

/** One answer at a time on a connection: of requests sent ahead, none takes memory until its reader has read the one before. */
async function takeTurn({ socket }: IncomingMessage, response: ServerResponse): Promise<void> {
  const before = turns.get(socket)
  const over = new Promise<void>((done) => response.once('close', done))
  turns.set(socket, before ? before.then(() => over) : over)
  await before
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Bytes that are no HTTP, or come too slowly. */
function refuseNonsense(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = {
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  }
  const line = status[error.code as keyof typeof status] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/** Listens, where no port is given on the next free one, and gives the port. */
async function listen(server: Server, host: string, port: number | undefined): Promise<number> {
  const first = port ?? DEFAULT_PORT
  for (let next = first; ; next++) {
    try {
      await new Promise<void>((done, fail) => {
        server.once('error', fail)
        server.listen({ host, port: next }, () => {
          server.off('error', fail)
          done()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && port === undefined && next + 1 < first + PORTS) continue
      throw new InputError(`${host} port ${next}: ${reasons[code ?? ''] ?? (error as Error).message}`)
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; --port 0 takes a free one',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'there is no host of that name',
  EACCES: 'permission denied; ports below 1024 are often reserved',
}
