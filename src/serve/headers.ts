/** Headers that every answer carries, and the types of what is served. */
import { extname } from 'node:path'
import { pageHeaders } from './page-headers.js'

/** What lies in somebody's folder: shown, never run, and in an origin of its own. */
const FOREIGN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

export const explorerHeaders = pageHeaders
export const foreignHeaders = { ...pageHeaders, 'Content-Security-Policy': FOREIGN_POLICY }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

export const typeOf = (name: string): string => types[extname(name).toLowerCase()] ?? 'application/octet-stream'
