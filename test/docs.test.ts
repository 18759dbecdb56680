import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Every block of the README, of docs/, of the examples and of CONTRIBUTING, in order: scripts/run-docs.mjs runs them, and each is a test here.
 * A page marks what is shortened or left out (scripts/docs/blocks.mjs).
 */
const script = fileURLToPath(new URL('../scripts/run-docs.mjs', import.meta.url))

interface Result {
  readonly id: string
  readonly status: 'ok' | 'failed' | 'differs' | 'left out' | 'text'
  readonly detail: string
}
interface Block {
  readonly id: string
  readonly kind: 'shell' | 'js' | 'output' | 'text' | 'left out'
  readonly reason?: string
}

const lines = execFileSync(process.execPath, [script, '--list'], { encoding: 'utf8' }).trim().split('\n')
const blocks = lines.map((line) => JSON.parse(line) as Block)
const run = blocks.filter(({ kind }) => kind !== 'text' && kind !== 'left out')

/** Blocks by page: a page that fails does not hold up another, and a process that hangs is ended with its page. */
const pages = [...new Set(run.map(({ id }) => id.replace(/:\d+$/, '')))]

/** Longer than the script's own. */
const LIMIT = 1_100_000 // ms

const results = new Map<string, (result: Result) => void>()
const told = new Map(run.map(({ id }) => [id, new Promise<Result>((resolve) => results.set(id, resolve))]))
let child: ChildProcess
let said = ''
beforeAll(() => {
  child = spawn(process.execPath, [script, '--json', ...pages], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const result = JSON.parse(line) as Result
    results.get(result.id)?.(result)
  })
  child.on('close', () => {
    for (const [id, resolve] of results) resolve({ id, status: 'failed', detail: `was not run: ${said}` })
  })
})
afterAll(() => {
  child.kill()
})

describe.sequential('what the pages say is what happens', () => {
  test.each(run.map(({ id }) => id))(
    '%s',
    async (id) => {
      const { status, detail } = (await told.get(id))!
      expect(status, detail).toBe('ok')
    },
    LIMIT,
  )
})

test('what is left out says why', () => {
  const left = blocks.filter(({ kind }) => kind === 'left out')
  for (const { id, reason } of left) {
    expect(reason).toMatch(/\w+ \w+/)
    console.log(`left out: ${id}: ${reason}`)
  }
  expect(left.length).toBeLessThan(run.length)
})

describe('how pages are read and compared', () => {
  const load = (name: string) => import(new URL(`../scripts/docs/${name}.mjs`, import.meta.url).href)

  test('fences and marks', async () => {
    const { blocksOf, programOf } = await load('blocks')
    const page = [
      'Words',
      '<!-- docs: --steps 300 => --steps 20\n<n> => 7 -->',
      '```\nslt --steps 300 <n>\n```\n',
      '<!-- docs: output, any 1.5 -->\n```\nloss 1.5\n```',
      '```js\nimport x\n```',
      '```text\nnothing\n```',
      '<!-- docs: left out: for\n a reason -->\n```rust\nfn x\n```',
    ].join('\n')
    const found = blocksOf('p.md', page)
    expect(found.map(({ id, kind }: Block) => `${id} ${kind}`)).toEqual([
      'p.md:4 shell',
      'p.md:9 output',
      'p.md:12 js',
      'p.md:15 text',
      'p.md:20 left out',
    ])
    expect(programOf(found[0])).toBe('slt --steps 20 7')
    expect([found[1].any, found[4].reason]).toEqual([['1.5'], 'for a reason'])
  })

  test.each([
    ['<!-- docs: a => b -->\n```\nc\n```', 'p.md:2: the mark replaces "a", which is not in the block'],
    ['<!-- docs: skipped -->\n```\nc\n```', 'p.md:2: the mark "skipped" expected'],
    ['<!-- docs: output, any 3 -->\n```\nc\n```', 'p.md:2: the mark names "3", which is not in the block'],
    ['<!-- docs: a => b -->\nWords\n```\na\n```', 'p.md:1: the mark has no block after it'],
    ['<!-- docs: a => b -->', 'p.md:1: the mark has no block after it'],
    ['```rust\nfn\n```', 'p.md:1: nothing runs rust'],
    ['```\nnever closed', 'p.md:1: the block has no end'],
  ])('%j is refused', async (page, message) => {
    const { blocksOf } = await load('blocks')
    expect(() => blocksOf('p.md', page)).toThrow(message)
  })

  test.each([
    ['b\nc', undefined],
    ['a\n...\nd', undefined],
    ['a\n\nb', ''], // the empty line was not printed
    ['b\nd', 'd'],
    ['d\n...\na', 'a'],
    ['e 1.234,5', 'e 1.234,5'],
    ['e 9.25e-4 of 1,000', undefined],
  ])('%j of what was printed', async (shown, missing) => {
    const { missingLine } = await load('compare-output')
    expect(missingLine(shown, 'a\nb  \nc\nd\ne 0.5 of 1,000\n', ['9.25e-4'])).toBe(missing)
  })
})
