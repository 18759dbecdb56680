import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { circlesIn, importsIn } from './imports-in.js'

/** Which folders of src/ each one may import. docs/architecture.md draws it. */
const arrows: Record<string, readonly string[]> = {
  random: [],
  mask: [],
  coding: [],
  'subset-sum': [],
  theory: [],
  graph: [],
  safetensors: [],
  svg: [],
  gguf: ['safetensors'],
  data: ['random', 'safetensors'],
  kernels: ['random', 'mask', 'coding', 'subset-sum'],
  families: ['graph'],
  paper: ['random', 'mask', 'subset-sum', 'graph'],
  ticket: ['random', 'mask', 'coding', 'safetensors', 'families'],
  inspect: ['mask', 'families', 'ticket', 'svg'],
  prune: ['random', 'mask', 'subset-sum', 'graph', 'safetensors', 'kernels', 'families', 'ticket'],
  search: ['random', 'mask', 'safetensors', 'graph', 'data', 'kernels', 'families', 'ticket'],
  interop: ['graph', 'safetensors', 'data', 'gguf', 'families'],
  files: ['random', 'safetensors', 'graph', 'data', 'families', 'ticket', 'interop', 'search'],
  engine: [
    'random',
    'mask',
    'coding',
    'subset-sum',
    'graph',
    'safetensors',
    'data',
    'kernels',
    'families',
    'ticket',
    'prune',
    'search',
  ],
  jobs: [
    'mask',
    'subset-sum',
    'graph',
    'safetensors',
    'data',
    'gguf',
    'families',
    'ticket',
    'interop',
    'inspect',
    'prune',
    'search',
    'files',
    'engine',
  ],
  queue: ['safetensors', 'data', 'families', 'ticket', 'interop', 'prune', 'search', 'files', 'engine', 'jobs'],
  serve: ['safetensors', 'families', 'ticket', 'search', 'files', 'queue', 'experiments'],
  experiments: [
    'random',
    'mask',
    'subset-sum',
    'theory',
    'graph',
    'svg',
    'data',
    'kernels',
    'families',
    'paper',
    'ticket',
    'prune',
  ],
}

/** Folders (and files beside them) that may use everything; nothing uses them. */
const tops = ['cli', 'index.ts', 'browser.ts', 'entries']

/** The parts of families/ that a ticket knows. */
const asked = [
  'families/config.ts',
  'families/family.ts',
  'families/gpt2/first-names.ts',
  'families/parameter.ts',
  'families/pair-plan.ts',
  'families/tape.ts',
]

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

const src = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .sort()
const imports = files.flatMap(importsOf)

/** Static, re-exporting and dynamic imports; relative ones become paths within src/. */
function importsOf(file: string): Import[] {
  return importsIn(readFileSync(join(src, file), 'utf8'))
    .filter(({ kind }) => kind !== 'address')
    .map(({ target, kind }) => ({ file, target: resolve(file, target), typeOnly: kind === 'type' }))
}

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative(src, join(src, dirname(file), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts')
}

/** A specifier names what the compiler writes: `.js` is a `.ts` or a `.tsx`. */
const isSource = /\.tsx?$/
const root = fileURLToPath(new URL('..', import.meta.url))
/** Every source, of the page too. */
const modules = ['src', 'web/src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => isSource.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
)

const folderOf = (path: string) => path.split('/')[0]
const isLocal = ({ target }: Import) => files.includes(target)
const shown = ({ file, target }: Import) => `${file} -> ${target}`

test('every import was understood: it is a file of src/ or a package', () => {
  const lost = imports.filter((entry) => !isLocal(entry) && /\.ts$|^\./.test(entry.target))
  expect(lost.map(shown)).toEqual([])
  expect(imports.length).toBeGreaterThan(files.length)
})

test('every folder has its place', () => {
  const unknown = files.map(folderOf).filter((folder) => !(folder in arrows) && !tops.includes(folder))
  expect([...new Set(unknown)]).toEqual([])
})

test('arrows between folders run downwards only', () => {
  for (const [folder, below] of Object.entries(arrows)) {
    // Acyclic: whoever is below does not reach back up.
    const reached = new Set(below)
    for (const next of reached) for (const further of arrows[next] ?? []) reached.add(further)
    expect(reached.has(folder), `${folder} is below itself`).toBe(false)
  }
  const wrong = imports.filter((entry) => {
    const [from, to] = [folderOf(entry.file), folderOf(entry.target)]
    return isLocal(entry) && from !== to && !tops.includes(from) && !arrows[from]?.includes(to)
  })
  expect(wrong.map(shown)).toEqual([])
})

test('a ticket asks families, and what reads one loads no graph builder', () => {
  const wrong = imports.filter(
    ({ file, target }) => folderOf(file) === 'ticket' && folderOf(target) === 'families' && !asked.includes(target),
  )
  expect(wrong.map(shown)).toEqual([])
  const reached = new Set(['ticket/index.ts'])
  for (const file of reached) {
    for (const entry of imports) if (entry.file === file && !entry.typeOnly && isLocal(entry)) reached.add(entry.target)
  }
  expect(reached).toContain('families/family.ts')
  expect([...reached].filter((file) => folderOf(file) === 'graph')).toEqual([])
})

test('docs/architecture.md draws the same arrows', () => {
  const page = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| ([\w, -]+) \| (.+) \|$/gm)].map(([, from, to]) => [from.split(', '), to] as const)
  const drawn = rows.flatMap(([names, to]) =>
    names.filter((name) => name in arrows).map((name) => [name, to === 'nothing: the leaves' ? [] : to.split(', ')]),
  )
  const sorted = (entries: (readonly [string, readonly string[]])[]) =>
    Object.fromEntries(entries.map(([name, below]) => [name, [...below].sort()]))
  expect(sorted(drawn as [string, string[]][])).toEqual(sorted(Object.entries(arrows)))
})

describe('no file imports itself by way of others', () => {
  const importsOfModule = (module: string) =>
    importsIn(readFileSync(join(root, module), 'utf8'))
      .filter(({ target }) => target.startsWith('.'))
      .map(({ target }) => join(dirname(module), target).replaceAll('\\', '/').replace(/\.js$/, '.ts'))
      .map((file) => (modules.includes(file) ? file : `${file}x`))

  test('in src/ and web/src/, types included', () => {
    expect(modules).toContain('web/src/app.tsx')
    const lost = importsOfModule('web/src/app.tsx').filter((file) => isSource.test(file) && !modules.includes(file))
    expect(lost).toEqual([])
    const circles = circlesIn(modules, importsOfModule)
    expect(circles).toEqual([])
  })

  test('a made-up circle is found', () => {
    const made: Record<string, string[]> = {
      'top.ts': ['a.ts', 'leaf.ts'],
      'a.ts': ['b.ts'],
      'b.ts': ['c.ts', 'leaf.ts', 'elsewhere.ts'],
      'c.ts': ['a.ts', 'self.ts'],
      'self.ts': ['self.ts'],
      'leaf.ts': [],
    }
    const found = circlesIn(Object.keys(made), (module) => made[module])
    expect(found.sort()).toEqual([['a.ts', 'b.ts', 'c.ts'], ['self.ts']])
    expect(circlesIn(['top.ts', 'a.ts', 'b.ts', 'leaf.ts'], (module) => made[module])).toEqual([])
  })
})

test('only families/ names the tensors of a family', () => {
  const names =
    /\b(?:wte|wpe|c_fc|c_proj|c_attn|ln_[12f]|lm_head|embed_tokens)\b|transformer\.h\b|[qkvo]_proj|(?:gate|up|down)_proj|attn\.[qkv]\b/
  const allowed: Record<string, RegExp> = {
    'src/families/': /./,
    'src/data/gpt2-merges.ts': /./, // letters that stand for numbers
    'src/interop/model-tensors.ts': /lm_head/, // what a folder may hold beside a tied head, whatever its family
  }
  const found = modules.flatMap((file) => {
    const own = Object.entries(allowed).find(([prefix]) => file.startsWith(prefix))?.[1]
    return readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line))
      .flatMap((line) => names.exec(line)?.[0] ?? [])
      .filter((name) => !own?.test(name))
      .map((name) => `${file}: ${name}`)
  })
  expect(found).toEqual([])
})

describe('the platform', () => {
  const platform = ['files', 'engine', 'jobs', 'queue', 'serve']
  const isNode = ({ target }: Import) => target.startsWith('node:')

  test('node:* is imported by files/, engine/, jobs/, queue/ and serve/ alone; the command line may ask for the process, paths and its own version', () => {
    const allowed = ['node:process', 'node:path', 'node:fs', 'node:os', 'node:url']
    const wrong = imports.filter((entry) => {
      const folder = folderOf(entry.file)
      return isNode(entry) && !platform.includes(folder) && !(folder === 'cli' && allowed.includes(entry.target))
    })
    expect(wrong.map(shown)).toEqual([])
    const reading = imports.filter((entry) => entry.target === 'node:fs' && folderOf(entry.file) === 'cli')
    expect(reading.map(({ file }) => file)).toEqual(['cli/main.ts'])
  })

  test('ONNX Runtime is imported by engine/ alone', () => {
    const wrong = imports.filter(({ file, target }) => target.startsWith('onnxruntime') && folderOf(file) !== 'engine')
    expect(wrong.map(shown)).toEqual([])
  })

  test('only the command line prints and exits', () => {
    const wrong = files.filter((file) => {
      if (folderOf(file) === 'cli' || file === 'queue/job-child.ts') return false // a process of its own
      return /\bconsole\.|process\.(stdout|stderr|exit)\b/.test(readFileSync(join(src, file), 'utf8'))
    })
    expect(wrong).toEqual([])
  })
})

test('no file is longer than 300 lines, but for generated ones', () => {
  const long = files.filter((file) => {
    const isGenerated = file.startsWith('graph/proto/') || file === 'data/gpt2-merges.ts'
    return !isGenerated && readFileSync(join(src, file), 'utf8').split('\n').length > 301
  })
  expect(long).toEqual([])
})
