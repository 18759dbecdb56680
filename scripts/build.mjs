// Builds dist/: the WebAssembly kernels (AssemblyScript, SIMD), the TypeScript sources, and the explorer in dist/web/.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { makeRunnable, replaceFolder } from './finished-build.mjs'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name, bin) => join(dirname(require.resolve(`${name}/package.json`)), bin)
const run = (script, args) => execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })

// Built beside dist/, which is replaced when everything is there: a command that runs meanwhile finds its files, a build
// that fails leaves the last one, and what has lost its source is not packed.
const work = mkdtempSync(join(root, '.dist-'))
const removeWork = () => rmSync(work, { recursive: true, force: true })
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    removeWork()
    process.exit(130)
  })
}
try {
  const built = join(work, 'dist')
  const kernels = join(built, 'kernels.wasm')
  run(tool('assemblyscript', 'bin/asc.js'), ['assembly/index.ts', '--target', 'release', '--outFile', kernels])
  run(tool('typescript', 'bin/tsc'), ['-p', 'tsconfig.json', '--outDir', built])
  run(tool('typescript', 'bin/tsc'), ['-p', 'web'])
  await build({
    root: join(root, 'web'),
    logLevel: 'warn',
    resolve: { alias: [{ find: /^.*\/dist\/kernels\.wasm(?=\?url$)/, replacement: kernels }] },
    build: { outDir: join(built, 'web') },
  })
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  makeRunnable(Object.values(bin).map((path) => join(work, path)))
  replaceFolder(join(root, 'dist'), built, join(work, 'replaced'))
} finally {
  removeWork()
}
