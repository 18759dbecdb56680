import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A Chromium of this machine: SLT_CHROMIUM, or where packages put it. */
export const chromiumPath = process.env.SLT_CHROMIUM || candidates.find((path) => existsSync(path))

/** Tests in a browser are left out where there is none, but not in CI; say-no-browser.ts tells. */
export const noBrowser = chromiumPath === undefined && process.env.CI !== 'true'

/** Milliseconds that a page may take for what a test waits for, on a machine that has much else to do. */
const PATIENCE = 90_000

/** WebGPU in software. */
export const SWIFTSHADER = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
] as const

/** No WebGPU adapter, whatever the machine has. */
const NO_GPU = ['--disable-gpu', '--disable-software-rasterizer']

/** Headless Chromium; no sandbox, which containers lack. Its pages have {@link PATIENCE}. */
export async function launchBrowser(args: readonly string[] = NO_GPU): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error('no Chromium was found: apt-get install chromium, or set SLT_CHROMIUM')
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', ...args] })
  browser.on('context', (context) => context.setDefaultTimeout(PATIENCE))
  return browser
}

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.html': 'text/html',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** Serves the files of the project, and an empty page at `/`, on the loopback address. */
export async function serveProject(): Promise<{ url: string; server: Server }> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>test</title>')
      return
    }
    const bytes = await readFile(`${root}${path}`).catch(() => undefined)
    if (!bytes) response.writeHead(404).end()
    else response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(bytes)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
