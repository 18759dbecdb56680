import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { pageHeaders } from '../src/serve/page-headers.js'
import { thirdPartyNotices } from './third-party.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'))

/** Files that keep their names beside the bundle and are fetched only when they are wanted: path in the site -> file. */
export function carriedFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const build of ['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify']) {
    for (const ending of ['mjs', 'wasm']) files.set(`ort/${build}.${ending}`, join(ort, `${build}.${ending}`))
  }
  for (const folder of ['data/gpt-nano-sort', 'data/stories260k', 'data/tinyshakespeare']) {
    for (const file of readdirSync(join(root, folder))) files.set(`${folder}/${file}`, join(root, folder, file))
  }
  for (const file of readdirSync(join(root, 'web/example')))
    files.set(`data/example/${file}`, join(root, 'web/example', file))
  for (const file of readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.slt.safetensors')) files.set(`data/tickets/${file}`, join(root, 'examples', file))
  }
  return files
}

const types: Record<string, string> = {
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

// In development Vite puts styles and its own client into the page, which the policy would refuse.
const { 'Content-Security-Policy': _, ...developmentHeaders } = pageHeaders

/** Copies the carried files into a build, unhashed, and serves them in development. */
function carry(): Plugin {
  return {
    name: 'carry',
    generateBundle() {
      for (const [fileName, from] of carriedFiles()) {
        this.emitFile({ type: 'asset', fileName, source: readFileSync(from) })
      }
    },
    configureServer(server) {
      const files = carriedFiles()
      server.middlewares.use((request, response, next) => {
        const from = files.get(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1))
        if (from === undefined) return next()
        // A worker of an isolated page, which ONNX Runtime's threads are, needs the headers too.
        for (const [name, value] of Object.entries(developmentHeaders)) response.setHeader(name, value)
        response.setHeader('content-type', types[extname(from)] ?? 'application/octet-stream')
        response.setHeader('content-length', statSync(from).size)
        createReadStream(from).pipe(response)
      })
    },
  }
}

const notices = thirdPartyNotices()

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './', // any host, any sub-path
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [carry(), notices.collect(), notices.emit()],
  worker: {
    format: 'es',
    plugins: () => [notices.collect()],
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  build: {
    outDir: join(root, 'dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows files only
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } }, // copying data takes most of a build, as it should
  },
  server: { headers: developmentHeaders, fs: { allow: [root] } },
  preview: { headers: pageHeaders },
})
