import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stepsOf, writeText } from '../search/small-run.js'
import { shellCode, slt, startSlt } from './slt.js'

let folder: string
let text: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-search-'))
  text = writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const out = (name: string) => join(folder, `${name}.safetensors`)
const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const shape = ['--model', 'micro', '--layers', '2', '--width', '32', '--heads', '2', '--context', '16', '--batch', '4']
const small = [...shape, '--device', 'cpu', '--threads', '1', '--seed', '3']
const quiet = ['--validate-every', '0', '--sample-every', '0']

test('slt search: progress, validation and a text on stderr, the report on stdout', () => {
  const args = ['search', '--data', text, ...small, '--steps', '20', '--out', out('a')]
  const { code, stdout, stderr } = slt(...args, '--validate-every', '10', '--sample-every', '10')
  expect(stderr).toMatch(
    /^read: 1 file, [\d,]+ bytes, [\d,]+ tokens; the first [\d,]+ train, the last [\d,]+ validate\n/,
  )
  expect(stderr).toMatch(/2 layers, width 32, 2 heads, context 16: [\d,]+ weights; [\d,]+ tokens train/)
  expect(stderr).toMatch(
    /annealed, keep 0\.3 per-layer, signed-constant weights of seed 3, QK scale 1\.00; attention logits start/,
  )
  expect(stderr).toMatch(
    /step 10 of 20 \| loss \d\.\d+ \| validation \d\.\d+, \d\.\d+ bits a byte \| [\d,]+ tokens\/s \|/,
  )
  expect(stderr).toMatch(/text after step 10:\n {2}\| /)
  expect(stdout).toMatch(/^validation \d\.\d+, \d\.\d+ bits a byte, perplexity \d+\.\d+\n/)
  expect(stdout).toMatch(/tokens a second: graph \d+\.\d %, ticket \d+\.\d %, rest \d+\.\d %/)
  expect(stdout).toMatch(/30\.0 % of [\d,]+ weights in .*a\.safetensors, [\d.]+ kB\n$/)
  expect(code).toBe(0)
})

test('slt search --family bert: hidden tokens, which slt eval hides again', () => {
  const own = ['--family', 'bert', '--layers', '1', '--width', '32', '--heads', '2', '--context', '16', '--batch', '4']
  const args = ['search', '--data', text, ...own, '--device', 'cpu', '--threads', '1', '--steps', '10', ...quiet]
  const { code, stdout, stderr } = slt(...args, '--out', out('bert'))
  expect(stderr).toMatch(/\nBERT, 1 layers, width 32, 2 heads, context 16: [\d,]+ weights;/)
  expect(code).toBe(0)
  const loss = /^validation (\d\.\d+)/.exec(stdout)![1]
  const evaluated = slt('eval', out('bert'), '--data', text, '--device', 'cpu')
  expect(evaluated.stdout).toMatch(new RegExp(`loss ${loss}\\d nats a hidden token, .*its search recorded ${loss}`))
  const other = slt('search', '--resume', `${out('bert')}.run`, '--family', 'llama', '--json')
  expect(other.stderr).toMatch(/--family is bert there, llama here/)
  expect(other.code).toBe(1)
  expect(slt(...args, '--key-heads', '1', '--out', out('no')).stderr).toBe(
    'slt: "key-heads" expected nothing for a BERT, which has no such choice, got 1\n',
  )
})

test('slt search --unused-rows share: a ticket of one row for them, which older layouts do not hold', () => {
  const own = ['--algorithm', 'annealed', '--unused-rows', 'share', '--steps', '4']
  const { code, stdout, stderr } = slt('search', '--data', text, ...small, ...own, ...quiet, '--out', out('shared'))
  expect(stderr).toMatch(/annealed, keep 0\.3 per-layer, unused rows shared, signed-constant weights/)
  expect(code).toBe(0)
  const loss = /^validation (\d\.\d+)/.exec(stdout)![1]
  const evaluated = slt('eval', out('shared'), '--data', text, '--device', 'cpu')
  expect(evaluated.stdout).toMatch(new RegExp(`loss ${loss}\\d nats a token, .*its search recorded ${loss}`))
  const old = slt('recode', out('shared'), '--layout', 'separate', '--out', out('old'))
  expect(old.stderr).toMatch(/^slt: "layout" expected packed for coats, .*, a shared row or .*, got separate\n$/)
  expect(existsSync(out('old'))).toBe(false)
  expect(slt('search', '--data', text, ...small, '--unused-rows', 'x', '--out', out('no')).stderr).toBe(
    'slt: "unused-rows" expected keep, drop, share, got x\n',
  )
})

test('slt search --task sort: held-out lists instead of a text', () => {
  const sizes = ['--letters', '2', '--length', '4', '--layers', '1', '--width', '16', '--heads', '2', '--batch', '8']
  const args = ['search', '--task', 'sort', ...sizes, '--device', 'cpu', '--threads', '1', '--steps', '20']
  const { code, stdout, stderr } = slt(...args, '--out', out('s'), '--validate-every', '10', '--sample-every', '10')
  expect(stderr).toMatch(
    /context 7: [\d,]+ weights; sort 4 of 2 letters, drawn without end; \d+ held-out lists validate\n/,
  )
  expect(stderr).toMatch(/step 10 of 20 \| loss \d\.\d+ \| validation \d\.\d{4}, \d+\.\d\d % right \|/)
  expect(stderr).toMatch(/text after step 10:\n {2}\| [AB]{4} [AB]{4}\n/)
  expect(stdout).toMatch(/^validation \d\.\d{4}, \d+\.\d\d % right, perplexity/)
  expect(code).toBe(0)
  const letters = slt('run', out('s'), '--tokens', 'BABA')
  expect(letters.stdout).toMatch(/^[AB]{4}\n$/)
})

test('bytes that are no text are refused, and searched with --raw; the word needs --tokenizer bytes', () => {
  const data = join(folder, 'picture.txt')
  writeFileSync(data, Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(4000, 7)]))
  const args = ['search', '--data', data, ...small, ...quiet, '--steps', '1', '--out', out('raw')]
  expect(slt(...args)).toMatchObject({
    code: 1,
    stderr: `slt: ${data}: is a PNG picture, which is not read as a text (--tokenizer bytes --raw reads any bytes as they are)\n`,
  })
  expect(existsSync(`${out('raw')}.run`)).toBe(false)
  const { code, stderr } = slt(...args, '--raw')
  expect(stderr).toMatch(/^read: 1 file, 4,008 bytes, 4,008 tokens \(raw\); the first/)
  expect(code).toBe(0)
  expect(slt(...args, '--raw', '--tokenizer', 'gpt2').stderr).toBe(
    'slt: "raw" expected --tokenizer bytes beside it, got gpt2\n',
  )
  expect(slt('eval', out('raw'), '--data', data).code).toBe(1)
  expect(slt('eval', out('raw'), '--data', data, '--raw').stdout).toContain(`valid part of ${data}`)
})

test('a file that is there stays without --force, and the text always', () => {
  const args = ['search', '--data', text, ...small, ...quiet, '--steps', '2', '--run', out('kept.run')]
  writeFileSync(out('kept'), 'keep')
  expect(slt(...args, '--out', out('kept'))).toMatchObject({
    code: 1,
    stderr: `slt: ${out('kept')}: is there already (--force replaces it)\n`,
  })
  expect(readFileSync(out('kept'), 'utf8')).toBe('keep')
  const before = readFileSync(text)
  expect(slt(...args, '--out', text, '--force').stderr).toBe(
    `slt: ${text}: is what is read, and cannot be written as well\n`,
  )
  expect(readFileSync(text).equals(before)).toBe(true)
  expect(slt(...args, '--out', out('kept'), '--force').code).toBe(0)
})

test('a global selection that leaves a matrix empty says so once, by name; per layer none is', () => {
  const args = ['search', '--data', text, ...small, ...quiet, '--steps', '1', '--json']
  const { code, stdout, stderr } = slt(...args, '--selection', 'global', '--out', out('g'))
  const { matrices } = JSON.parse(stdout) as { matrices: { name: string; kept: number }[] }
  const empty = matrices.filter(({ kept }) => kept === 0).map(({ name }) => name)
  expect(empty).toEqual(['h.0.mlp.c_proj', 'h.1.mlp.c_proj']) // their scores start with half the range
  expect(stderr.match(/^warning: .*$/gm)).toEqual([
    'warning: h.0.mlp.c_proj, h.1.mlp.c_proj keep nothing: they do no work in this network (--selection per-layer keeps some of each)',
  ])
  expect(code).toBe(0)
  expect(slt(...args, '--out', out('l')).stderr).not.toContain('warning')
  expect(slt('search', '--help').stdout).toContain('--selection global ranks the scores of all matrices together')
})

test('slt train --json: one object on stdout', () => {
  const { code, stdout } = slt('train', '--data', text, ...small, ...quiet, '--steps', '5', '--out', out('t'), '--json')
  expect(code).toBe(0)
  const report = JSON.parse(stdout)
  const { size: bytes } = statSync(text)
  expect(report.read).toEqual([{ path: text, files: 1, bytes, tokens: bytes, forms: { text: 1 } }])
  expect(report).toMatchObject({ out: out('t'), from: 0, keptFraction: 1, settings: { kind: 'train', steps: 5 } })
  expect(report.validLoss).toBeGreaterThan(0)
})

test('bad input is one line and exit code 1; an unknown option exit code 2', () => {
  writeFileSync(join(folder, 'tiny.txt'), 'no')
  const cases: [string[], RegExp][] = [
    [['--data', join(folder, 'tiny.txt')], /^slt: .*tiny\.txt: .*needs at least 17 of each\n$/],
    [['--data', text, '--keep', 'some'], /^slt: "keep" expected a number, got some\n$/],
    [['--data', text, '--init', 'ones'], /^slt: "init" expected gpt2, fan-in, .*, got ones\n$/],
    [
      ['--data', text, '--steps', '10', '--warm-up', '10'],
      /^slt: "warm-up" expected fewer than the 10 steps, got 10\n$/,
    ],
    [['--data', text, '--letters', '3'], /^slt: "letters" expected --task sort beside it, got 3\n$/],
    [['--task', 'sort', '--data', text], /^slt: "data" expected nothing beside the task sort, got .*\n$/],
    [['--task', 'sort', '--context', '8'], /^slt: "context" expected 11 for the task, got 8\n$/],
    [['--task', 'count'], /^slt: "task" expected text, sort, got count\n$/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr, stdout } = slt('search', ...small, ...args, '--out', out('never'))
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  }
  expect(existsSync(out('never'))).toBe(false)
  expect(slt('train', '--data', text, '--keep', '0.5').code).toBe(2)
})

/** Validates so long after each step that a run of 120 takes far longer than the first few, on any machine. */
const slow = ['--validate-every', '1', '--valid-windows', '4096']

test('Ctrl-C saves and says how to go on; going on ends with the same ticket', async () => {
  const args = ['search', '--data', text, ...small, ...quiet, '--steps', '120', '--checkpoint-every', '2']
  const child = startSlt(...args, ...slow, '--out', out('stopped'))
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const run = `${out('stopped')}.run`
  await until(() => stepsOf(run).length > 5)
  child.kill('SIGINT')
  const code = await shellCode(child)
  expect(stderr).toContain(`slt: interrupted; slt search --resume ${run} goes on\n`)
  expect(code).toBe(130)
  const reached = stepsOf(run).length
  expect(reached).toBeLessThan(120)
  const resumed = slt('search', '--resume', run, ...quiet, '--json')
  // The step reached, if it could be saved within the second that a signal leaves: a validation like these may take longer.
  const { from } = JSON.parse(resumed.stdout)
  expect(from).toBeGreaterThanOrEqual(4)
  expect(from).toBeLessThanOrEqual(reached)
  expect(stepsOf(run)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
  expect(slt(...args, '--out', out('whole')).code).toBe(0)
  expect(hashOf(out('stopped'))).toBe(hashOf(out('whole')))
})

test('killed at random moments and resumed, the ticket is the same byte for byte', async () => {
  const args = ['search', '--data', text, ...small, ...quiet, '--steps', '120', '--checkpoint-every', '2']
  const run = `${out('killed')}.run`
  let kills = 0
  let isEnded = false
  for (let command = [...args, '--out', out('killed')]; !isEnded; command = ['search', '--resume', run]) {
    const child = startSlt(...command, ...(kills < 4 ? slow : quiet))
    const closed = new Promise((resolve) => child.on('close', resolve))
    child.stdout.resume()
    child.stderr.resume()
    if (kills < 4) {
      const before = stepsOf(run).length
      // Some steps further on, at a moment that the clock decides.
      await until(() => stepsOf(run).length > before + 7 || child.exitCode !== null)
      child.kill('SIGKILL')
      kills++
    }
    isEnded = (await closed) === 0
  }
  if (!existsSync(out('whole'))) slt(...args, '--out', out('whole'))
  expect(hashOf(out('killed'))).toBe(hashOf(out('whole')))
  expect(stepsOf(run)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
  expect(kills).toBe(4)
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 3))
}
