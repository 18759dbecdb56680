import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reachedFrom, root, web } from './reached.js'
import { siteFolder } from './site.js'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const packageJson = (name: string) => JSON.parse(read(`node_modules/${name}/package.json`))

/** The parts of third-party.txt by their first lines. */
const parts = new Map(
  readFileSync(join(siteFolder, 'third-party.txt'), 'utf8')
    .split(/\n\n-{80}\n\n/)
    .map((part) => [part.slice(0, part.indexOf('\n')), part]),
)

/** What is reached by imports, and what those packages need in turn; onnxruntime-web's files hold what they need. */
function bundledPackages(): string[] {
  const packages = new Set<string>()
  for (const target of reachedFrom(web).keys()) {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(target)![0]
    if (existsSync(join(root, 'node_modules', name))) packages.add(name)
  }
  for (const name of packages) {
    if (name === 'onnxruntime-web') continue
    for (const needed of Object.keys(packageJson(name).dependencies ?? {})) packages.add(needed)
  }
  return [...packages].sort()
}

test('every package that the site contains is named with its licence', () => {
  const packages = bundledPackages()
  expect(packages).toContain('onnxruntime-web')
  expect(packages).toContain('@preact/signals-core')
  const named = [...parts.keys()].filter((line) => /^\S+ \d+\.\d+\.\d+ \(/.test(line)).map((line) => line.split(' ')[0])
  expect(named).toEqual(packages)
  for (const name of packages) {
    const { version, license } = packageJson(name)
    const part = parts.get(`${name} ${version} (${license.replace(/^\(|\)$/g, '')})`)
    expect(part, name).toMatch(/Permission is hereby granted|Apache License\s+Version 2\.0/)
    expect(part, name).toMatch(/Copyright (\(c\) )?[\dA-Z]/)
  }
})

test('work that is no package is named too', () => {
  const rest = [...parts.values()].join('\n')
  for (const file of [
    'LICENSE',
    'data/gpt-nano-sort/LICENSE',
    'src/data/LICENSE-gpt2',
    'src/graph/proto/LICENSE-onnx',
  ]) {
    expect(rest).toContain(read(file).trim())
  }
})

test('the kernels hold no code of AssemblyScript: each function of theirs is one of assembly/', async () => {
  const { default: asc } = await import('assemblyscript/asc')
  const { runtime, noAssert, enable } = JSON.parse(read('asconfig.json')).targets.release
  expect({ runtime, noAssert, enable }).toEqual({ runtime: 'stub', noAssert: true, enable: ['simd'] })
  // As they are built, but not optimised: an optimiser may hide a function in another.
  const how = ['--runtime', 'stub', '--noAssert', '--enable', 'simd', '--debug', '--config', 'none']
  const written = new Map<string, string>()
  const { error } = await asc.main(['assembly/index.ts', ...how, '--outFile', 'out.wasm', '--textFile', 'out.wat'], {
    readFile: (name) => (existsSync(join(root, name)) ? read(name) : null),
    writeFile(name, content) {
      if (typeof content === 'string') written.set(name, content)
    },
  })
  expect(error).toBe(null)
  const functions = [...written.get('out.wat')!.matchAll(/^ \(func \$([^ )]+)/gm)].map((match) => match[1])
  expect(functions.length).toBeGreaterThan(50)
  expect(functions.filter((name) => !name.startsWith('assembly/'))).toEqual([])
})
