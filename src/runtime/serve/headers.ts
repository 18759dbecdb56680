/** Headers that every answer carries, and the types of what is served. */
import { extname } from 'node:path'

const shared: Readonly<Record<string, string>> = {
  // Isolated from other origins: browsers then give threads to WebAssembly.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** The explorer's own pages: WebAssembly, workers, nothing of another origin, no inline script. */
const EXPLORER_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ')

/** What lies in somebody's folder: shown, never run, and in an origin of its own. */
const FOREIGN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

export const explorerHeaders = { ...shared, 'content-security-policy': EXPLORER_POLICY }
export const foreignHeaders = { ...shared, 'content-security-policy': FOREIGN_POLICY }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

export const typeOf = (name: string): string => types[extname(name).toLowerCase()] ?? 'application/octet-stream'
