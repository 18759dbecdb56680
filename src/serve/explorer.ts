/** The built explorer: files of one folder, small ones kept in memory. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { InputError } from '../safetensors/index.js'
import { explorerHeaders, typeOf } from './headers.js'
import { openInside, readPart } from './open-inside.js'
import { notFound } from './refusal.js'
import { type Exchange, sendBytes, sendFile, sendUnchanged } from './send.js'

/** Answers with a file of the explorer, `parts` as in `Target`. */
export type SendExplorer = (exchange: Exchange, parts: readonly string[]) => Promise<void>

/** Files up to so many bytes are kept in memory, together up to the second number. */
const KEPT = 2 ** 20
const KEPT_ALL = 2 ** 25

interface KeptFile {
  readonly tag: string
  readonly bytes: Buffer
  /** Undefined until it has been compressed, or where that does not pay. */
  gzipped: Buffer | undefined
}

/**
 * Opens the folder of the built explorer.
 * @throws InputError when it is not built
 */
export async function openExplorer(folder: string): Promise<SendExplorer> {
  const root = await realpath(folder).catch(() => undefined)
  const index = root && (await openInside(root, join(root, 'index.html')))
  if (!root || !index)
    throw new InputError(`${folder}: the explorer is not built (no index.html); npm run build makes it`)
  await index.handle.close()
  const kept = new Map<string, KeptFile>()
  return async (exchange, parts) => {
    const name = parts.length === 0 ? 'index.html' : parts.join('/')
    const file = await openInside(root, join(root, ...name.split('/')))
    if (file === undefined) throw notFound(`/${name}`)
    const headers = {
      ...explorerHeaders,
      'content-type': typeOf(name),
      // Vite puts the hash of the content into the names of these.
      'cache-control': parts[0] === 'assets' ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
    }
    if (file.size > KEPT) return sendFile(exchange, file, headers)
    try {
      const tag = `"${file.tag}"`
      const own = { ...headers, etag: `W/${tag}` } // weak: compressed or not, it is the same
      if (sendUnchanged(exchange, tag, own)) return
      const found = await keep(kept, name, file)
      const isGzip = found.gzipped !== undefined && acceptsGzip(exchange.request.headers['accept-encoding'])
      const encoding = isGzip ? { 'content-encoding': 'gzip' } : {}
      sendBytes(exchange, isGzip ? found.gzipped! : found.bytes, { ...own, ...encoding })
    } finally {
      await file.handle.close()
    }
  }
}

/** The file's content, from memory where it has not changed. Compressing goes on beside: the first reader does not wait. */
async function keep(
  kept: Map<string, KeptFile>,
  name: string,
  file: NonNullable<Awaited<ReturnType<typeof openInside>>>,
): Promise<KeptFile> {
  const known = kept.get(name)
  if (known?.tag === file.tag) return known
  const content = await readPart(file, 0, file.size)
  const bytes = name === 'index.html' ? markServed(content) : content
  const fresh: KeptFile = { tag: file.tag, bytes, gzipped: undefined }
  kept.delete(name)
  let held = [...kept.values()].reduce((sum, one) => sum + one.bytes.length, bytes.length)
  for (const [oldest, one] of kept) {
    if (held <= KEPT_ALL) break
    kept.delete(oldest)
    held -= one.bytes.length
  }
  kept.set(name, fresh)
  promisify(gzip)(bytes, { level: 6 }).then(
    (smaller) => {
      if (smaller.length < 0.9 * bytes.length) fresh.gzipped = smaller
    },
    () => undefined, // it stays as it is
  )
  return fresh
}

/** Tells the page that there is an API beside it; elsewhere it would have to ask, and fail. */
const markServed = (page: Buffer): Buffer =>
  Buffer.from(page.toString('utf8').replace('</head>', '<meta name="slt-serve" content="1"></head>'))

const acceptsGzip = (accepted: string | string[] | undefined): boolean =>
  /(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[\d.]+\s*)?(,|$)/.test(String(accepted ?? ''))
