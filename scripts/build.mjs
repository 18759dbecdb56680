// Builds dist/: the WebAssembly kernels (AssemblyScript, SIMD), the TypeScript sources, and the explorer in dist/web/.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name, bin) => join(dirname(require.resolve(`${name}/package.json`)), bin)
const run = (script, args) => execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })

// Compilers add and replace, but what has lost its source would stay, and be packed.
rmSync(join(root, 'dist'), { recursive: true, force: true })
mkdirSync(join(root, 'dist'))
run(tool('assemblyscript', 'bin/asc.js'), ['assembly/index.ts', '--target', 'release'])
run(tool('typescript', 'bin/tsc'), ['-p', 'tsconfig.json'])
run(tool('typescript', 'bin/tsc'), ['-p', 'web'])
run(tool('vite', 'bin/vite.js'), ['build', 'web', '--logLevel', 'warn'])
