import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const web = readdirSync(join(root, 'web/src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `web/src/${file}`.replaceAll('\\', '/'))
  .filter((file) => /\.tsx?$/.test(file))

/** What a file imports when it runs: types are gone by then. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*\*.*$/gm, '') // examples in comments are no imports
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g),
    ...text.matchAll(/new URL\(\s*'(\.[^']+\.ts)'/g),
  ].map((match) => match[1].replace(/\?url$/, ''))
  return found.map((target) => {
    if (!target.startsWith('.')) return target
    const path = relative(root, join(root, dirname(file), target))
    const source = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), path].find((each) =>
      existsSync(join(root, each)),
    )
    if (!source && !path.startsWith('dist/')) throw new Error(`${file} imports ${target}, which is not there`)
    return source ?? path
  })
}

/** Everything that is reached from the files given, with the file that imports it. */
function reachedFrom(files: readonly string[]): Map<string, string> {
  const reached = new Map(files.map((file) => [file, 'itself']))
  for (const file of reached.keys()) {
    if (!/\.tsx?$/.test(file)) continue
    for (const target of importsOf(file)) if (!reached.has(target)) reached.set(target, file)
  }
  return reached
}

test('the explorer reaches nothing of Node, and not the library as a whole', () => {
  const reached = reachedFrom(web)
  expect(reached.has('src/kernels/kernels.ts')).toBe(true)
  const wrong = [...reached].filter(([target]) => {
    return /^(node:|onnxruntime-node|piscina|@observablehq)/.test(target) || /^src\/(index\.ts|cli\/)/.test(target)
  })
  expect(wrong.map(([target, file]) => `${file} -> ${target}`)).toEqual([])
})

test("the library's entry for browsers reaches nothing of Node, and no package beside these", () => {
  const reached = reachedFrom(['src/browser.ts'])
  expect(reached.has('src/kernels/kernels.ts')).toBe(true)
  const packages = [...reached.keys()].filter((target) => !target.startsWith('src/')).sort()
  expect(packages).toEqual([
    '@bufbuild/protobuf',
    '@bufbuild/protobuf/codegenv2',
    '@noble/hashes/sha2.js',
    '@noble/hashes/utils.js',
    'gpt-tokenizer/bpeRanks/r50k_base',
    'lean-qr',
    'lean-qr/extras/svg',
  ])
})

test('the first view waits for neither ONNX Runtime nor another view', () => {
  const eager = new Set(['web/src/main.tsx'])
  for (const file of eager) {
    if (!/\.tsx?$/.test(file)) continue
    const text = readFileSync(join(root, file), 'utf8')
    const dynamic = new Set([...text.matchAll(/import\(\s*'([^']+)'/g)].map((match) => match[1]))
    for (const target of importsOf(file)) {
      const isDynamic = [...dynamic].some((each) => target.includes(each.replace(/^[./]+|\.js$/g, '')))
      if (!isDynamic) eager.add(target)
    }
  }
  expect(eager.has('web/src/app.tsx')).toBe(true)
  expect([...eager].filter((file) => /onnxruntime|\/views\/|^src\//.test(file))).toEqual([])
})

test('views do not import each other, and controls no view', () => {
  const viewOf = (file: string) => /web\/src\/views\/([^/]+)\//.exec(file)?.[1]
  const wrong = web.flatMap((file) => {
    const others = importsOf(file).filter((target) => viewOf(target) !== undefined && viewOf(target) !== viewOf(file))
    return file === 'web/src/views.ts' ? [] : others.map((target) => `${file} -> ${target}`)
  })
  expect(wrong).toEqual([])
})

test('no file of the explorer is longer than 300 lines', () => {
  expect(web.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301)).toEqual([])
})
