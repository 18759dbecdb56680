import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { importsIn, reachedBy } from './imports-in.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const exported: Record<string, string | { types: string; default: string }> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
).exports

const protobuf = ['@bufbuild/protobuf', '@bufbuild/protobuf/codegenv2']
const noble = ['@noble/hashes/sha2.js', '@noble/hashes/utils.js']

/** What each entry that runs anywhere may load, at once or when it is asked to. */
const packages: Record<string, string[]> = {
  './families': [],
  './graph': protobuf,
  './random': [],
  './safetensors': [],
  './subset-sum': [],
  './ticket': noble,
  './web': ['@huggingface/tokenizers', ...protobuf, ...noble, 'lean-qr', 'lean-qr/extras/svg'],
}

/** Packages that only figures, fits, networks and threads need. */
const heavy = /^(@observablehq\/plot|linkedom|ml-levenberg-marquardt|onnxruntime-node|piscina|@huggingface\/tokenizers)/

/** The built modules and the packages that a built module reaches. */
function reachedFrom(module: string, kinds: readonly string[]): string[] {
  const importsOf = (path: string) => {
    if (!path.startsWith('dist/') || !path.endsWith('.js')) return []
    const found = importsIn(readFileSync(join(root, path), 'utf8')).filter(({ kind }) => kinds.includes(kind))
    return found.map(({ target }) => (target.startsWith('.') ? join(path, '..', target).replaceAll('\\', '/') : target))
  }
  const reached = [...reachedBy([module], importsOf).keys()]
  const lost = reached.filter((path) => path.startsWith('dist/') && !existsSync(join(root, path)))
  expect(lost).toEqual([])
  return reached
}
const ofEntry = (name: string) => (exported[name] as { default: string }).default.replace('./', '')
const isPackage = (path: string) => !path.startsWith('dist/')
const everything = ['static', 'dynamic', 'address']

describe('entries of the package', () => {
  test('each has types, and its place in this list', () => {
    const modules = Object.entries(exported).flatMap(([name, files]) => (typeof files === 'string' ? [] : [name]))
    expect(modules.sort()).toEqual(['.', ...Object.keys(packages)].sort())
    for (const files of Object.values(exported)) {
      for (const file of typeof files === 'string' ? [files] : [files.types, files.default]) {
        expect(existsSync(join(root, file)), file).toBe(true)
      }
    }
  })

  test.each(Object.entries(packages))('%s reaches nothing of Node, and of packages %j alone', (name, allowed) => {
    const reached = reachedFrom(ofEntry(name), everything)
    expect(reached.length).toBeGreaterThan(4)
    expect(reached.filter(isPackage).sort()).toEqual([...allowed].sort())
  })

  test('the whole library loads what figures, networks and threads need when it is asked to', () => {
    expect(reachedFrom(ofEntry('.'), ['static']).filter((path) => heavy.test(path))).toEqual([])
    const later = reachedFrom(ofEntry('.'), everything).filter((path) => heavy.test(path))
    expect(later).toContain('@observablehq/plot')
    expect(later).toContain('onnxruntime-node')
  })

  test('so does the command, and of its commands only those that draw reach what draws', () => {
    expect(reachedFrom('dist/cli/main.js', ['static']).filter((path) => heavy.test(path))).toEqual([])
    const draws = (command: string) =>
      reachedFrom(`dist/cli/${command}.js`, everything).some((path) => /^(@observablehq\/plot|linkedom)/.test(path))
    expect(draws('reproduce')).toBe(true)
    expect(reachedFrom('dist/theory/index.js', everything).filter(isPackage)).toEqual([]) // what `slt bound` asks
    for (const command of ['search', 'eval', 'generate', 'inspect', 'compare', 'export', 'prune', 'verify', 'serve']) {
      expect(draws(command), command).toBe(false)
    }
  })
})

describe('what the small entries export does its work', () => {
  const load = (name: string) => import(pathToFileURL(join(root, ofEntry(name))).href)

  test('a ticket is opened from bytes, and its weights made again', async () => {
    const { expectSearched, generateWeights, materialiseSearched, memorySource, openTicket, webSha256 } =
      await load('./ticket')
    const bytes = await readFile(join(root, 'examples/sorter-qr/sorter.slt.safetensors'))
    const ticket = expectSearched(await openTicket(memorySource(bytes, 'sorter'), webSha256))
    const weights: Map<string, Float32Array> = await materialiseSearched(ticket, generateWeights)
    expect([...weights.keys()]).toEqual([...ticket.matrices.keys()])
    expect([...weights.values()].reduce((sum, { length }) => sum + length, 0)).toBe(1320)
  })

  test('a subset sum is solved alike in TypeScript and WebAssembly', async () => {
    const { createWasmSolver, instantiateKernels, solveSubsetSum } = await load('./subset-sum')
    const { generateWeights } = await load('./random')
    const items = Float64Array.from(
      generateWeights({ seed: 7, stream: 0, init: { kind: 'uniform', range: 1 }, count: 20 }),
    )
    const solver = createWasmSolver(await instantiateKernels(await readFile(join(root, 'dist/kernels.wasm'))))
    const { errors } = solver.solve({ itemCount: 20, items, targets: Float64Array.of(0.3) })
    expect(errors[0]).toBe(solveSubsetSum(items, 0.3).error)
    expect(errors[0]).toBeLessThan(1e-4)
  })

  test('a safetensors file comes back as it was written', async () => {
    const { encodeSafetensors, float32Bytes, memorySource, openSafetensors, toFloat32 } = await load('./safetensors')
    const values = Float32Array.of(1, -2, 0.5)
    const tensor = { name: 'w', dtype: 'F32', shape: [3], bytes: float32Bytes(values) }
    const file = await openSafetensors(memorySource(encodeSafetensors([tensor])))
    expect(toFloat32('F32', await file.readTensor('w'))).toEqual(values)
  })
})
