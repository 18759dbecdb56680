/** Answers: JSON, errors, and files with their tag, ranges and the reader's pace. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { explorerHeaders } from './headers.js'
import type { OpenedFile } from './open-inside.js'
import { Refusal } from './refusal.js'

/** A request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type Headers = Readonly<Record<string, string>>

/** One JSON object, never kept by a cache. */
export function sendJson(exchange: Exchange, value: unknown, status = 200, headers: Headers = {}): void {
  const type = 'application/json; charset=utf-8'
  const own = { ...explorerHeaders, 'content-type': type, 'cache-control': 'no-store', ...headers }
  sendBytes(exchange, Buffer.from(`${JSON.stringify(value)}\n`), own, status)
}

/** One sentence: under `/api/` as `{ "error": … }`, elsewhere as text. */
export function sendRefusal(exchange: Exchange, { status, message, headers }: Refusal): void {
  // What is left of a refused body is not read.
  const own = status === 405 || status === 413 ? { ...headers, connection: 'close' } : headers
  if (exchange.request.url?.startsWith('/api/')) {
    sendJson(exchange, { error: message }, status, own)
    return
  }
  const type = 'text/plain; charset=utf-8'
  const all = { ...explorerHeaders, 'content-type': type, 'cache-control': 'no-store', ...own }
  sendBytes(exchange, Buffer.from(`${message}\n`), all, status)
}

/** Bytes from memory. */
export function sendBytes({ request, response }: Exchange, bytes: Uint8Array, headers: Headers, status = 200): void {
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** Answers 304 where the reader has this very content; then all is done. */
export function sendUnchanged({ request, response }: Exchange, tag: string, headers: Headers): boolean {
  const known = request.headers['if-none-match']
  if (known === undefined) return false
  const tags = known.split(',').map((one) => one.trim().replace(/^W\//, ''))
  if (!tags.includes(tag) && known.trim() !== '*') return false
  response.writeHead(304, headers)
  response.end()
  return true
}

/**
 * A file or the range of it that is asked for, as fast as the reader takes it. The length is the one at the opening: what is
 * appended meanwhile is left out, and where the file has become shorter the connection breaks, so that nobody takes a part
 * for the whole. Closes the file.
 */
export async function sendFile(exchange: Exchange, file: OpenedFile, headers: Headers): Promise<void> {
  const { request, response } = exchange
  const tag = `"${file.tag}"`
  const own = { ...headers, etag: tag, 'accept-ranges': 'bytes' }
  try {
    if (sendUnchanged(exchange, tag, own)) return
    const range = rangeOf(request, tag, file.size)
    const [from, to] = range ?? [0, file.size]
    const part = range && { 'content-range': `bytes ${from}-${to - 1}/${file.size}` }
    response.writeHead(range ? 206 : 200, { ...own, ...part, 'content-length': to - from })
    if (request.method === 'HEAD' || to === from) {
      response.end()
      return
    }
    let sent = 0
    const stream = file.handle.createReadStream({ start: from, end: to - 1, autoClose: false })
    stream.on('data', (chunk) => {
      sent += chunk.length
    })
    await pipeline(stream, response, { end: false })
    if (sent === to - from) response.end()
    else response.destroy()
  } catch (error) {
    if (!response.headersSent) throw error
    response.destroy() // the reader has gone, or the file cannot be read on
  } finally {
    await file.handle.close()
  }
}

/**
 * The one range asked for, as [from, to); undefined for the whole, also where several are asked for or the file is another
 * one by now.
 * @throws Refusal 416 where it lies outside
 */
function rangeOf({ headers }: IncomingMessage, tag: string, size: number): [number, number] | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range?.trim() ?? '')
  const condition = headers['if-range']
  if (!match || (match[1] === '' && match[2] === '') || (condition !== undefined && condition !== tag)) return undefined
  const [first, last] = [match[1], match[2]].map((text) => (text === '' ? undefined : Number(text)))
  const from = first ?? Math.max(0, size - last!)
  const to = first === undefined || last === undefined ? size : Math.min(size, last + 1)
  if (last !== undefined && first !== undefined && last < first) return undefined
  if (from >= size || to <= from) {
    throw new Refusal(416, `the file has ${size} bytes`, { 'content-range': `bytes */${size}` })
  }
  return [from, to]
}
