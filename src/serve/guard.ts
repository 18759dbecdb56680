/** What a request must be before anything is looked for: a GET from this very origin, of a plain path, without a body. */
import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.js'

/** What is asked for. */
export interface Target {
  /** The parts between slashes; none is empty, `.` or `..`, and all consist of `A-Z a-z 0-9 . _ ~ @ + -`. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
}

/** Names of the loopback address; a page of another origin cannot have any of these. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

const WILDCARDS = ['0.0.0.0', '::', '[::]']

/**
 * Checks a request and reads its target.
 * @param host what the server was told to listen on
 * @throws Refusal 405, 421, 413 or 400
 */
export function readTarget(request: IncomingMessage, host: string): Target {
  const { method = '', url = '', headers } = request
  if (method !== 'GET' && method !== 'HEAD') {
    throw new Refusal(405, `this server is read-only: GET and HEAD, not ${shown(method)}`, { allow: 'GET, HEAD' })
  }
  assertHost(request, host)
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    throw new Refusal(413, 'a request to this server has no body')
  }
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  return { parts: partsOf(path), query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) }
}

/**
 * Nothing that is served has a name that needs encoding, so no percent sign, backslash or NUL is ever decoded.
 * @throws Refusal 400
 */
function partsOf(path: string): string[] {
  if (!path.startsWith('/')) throw new Refusal(400, 'a path begins with a slash')
  if (path === '/') return []
  const parts = path.slice(1).split('/')
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || !/^[\w.~@+-]+$/.test(part)) {
      throw new Refusal(400, 'no file of this server has such a path')
    }
  }
  return parts
}

/**
 * A page elsewhere can give its own name this machine's address (DNS rebinding), but its requests carry that name.
 * @throws Refusal 421
 */
function assertHost({ rawHeaders, headers, socket }: IncomingMessage, host: string): void {
  const given = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  const name = headers.host?.toLowerCase() ?? ''
  const allowed = [...LOOPBACK, hostInUrl(host)]
  // Where it listens on every address, that on which the connection came is its own.
  if (WILDCARDS.includes(host) && socket.localAddress) {
    allowed.push(hostInUrl(socket.localAddress.replace(/^::ffff:(?=[\d.]+$)/, '')))
  }
  const port = socket.localPort
  const isKnown = allowed.some((one) => name === `${one}:${port}` || (port === 80 && name === one))
  if (given.length !== 1 || !isKnown) {
    throw new Refusal(421, `this server is ${allowed[0]}:${port}, not ${shown(name || 'a request without a host')}`)
  }
}

/** A host as it stands in a URL: IPv6 in brackets. */
export const hostInUrl = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host.toLowerCase()}]` : host.toLowerCase()

/** Text of a client, fit for an answer. */
const shown = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 60)
