import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, mergeConfig } from 'vite'
import { pageHeaders } from '../../src/serve/page-headers.js'
import config from '../../web/vite.config.js'

/** The built explorer. */
export const siteFolder = fileURLToPath(new URL('../../dist/web', import.meta.url))

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

/** A site that is being served. */
export interface Served {
  /** With a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the built explorer on the loopback address.
 * @param folders looked into first, one after the other
 * @param headers default: those of `slt serve`; `{}` is a file host that knows nothing of isolation
 * @param under a path that the site lies below, such as `/some/where`
 */
export async function serveSite({
  folders = [],
  headers = pageHeaders,
  under = '',
}: {
  readonly folders?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly under?: string
} = {}): Promise<Served> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    const name = path.startsWith(`${under}/`) ? path.slice(under.length) : undefined
    for (const folder of name === undefined ? [] : [...folders, siteFolder]) {
      const file = join(folder, name === '/' ? 'index.html' : name!)
      const found = await stat(file).catch(() => undefined)
      if (!found?.isFile()) continue
      response.writeHead(200, {
        ...headers,
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-length': found.size,
      })
      createReadStream(file).pipe(response)
      return
    }
    response.writeHead(404, headers).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${under}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** Builds `test/web/pages/<name>.html` as the explorer is built, and serves it beside the explorer's files. */
export async function servePage(name: string): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'slt-page-'))
  const root = fileURLToPath(new URL('./pages', import.meta.url))
  const { plugins: _, ...shared } = config
  await build(
    mergeConfig(shared, {
      configFile: false,
      root,
      logLevel: 'error',
      build: { outDir: folder, rollupOptions: { input: join(root, `${name}.html`) } },
    }),
  )
  const served = await serveSite({ folders: [folder] })
  return {
    url: `${served.url}${name}.html`,
    async close() {
      await served.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
