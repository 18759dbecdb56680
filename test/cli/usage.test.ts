import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { familyFolder } from '../vectors/families/open.js'
import { main, slt, sorter } from './slt.js'

const commands = [
  'search',
  'train',
  'eval',
  'generate',
  'prune',
  'verify',
  'export',
  'import',
  'run',
  'bound',
  'reproduce',
  'serve',
  'demo',
]

test('help lists every command, each has its own with examples and exit codes', () => {
  const { code, stdout } = slt('--help')
  expect(code).toBe(0)
  for (const command of commands) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    const help = slt(command, '--help')
    expect(help.code).toBe(0)
    expect(help.stdout).toContain(`Usage: slt ${command}`)
    expect(help.stdout).toContain('Examples:')
    expect(help.stdout).toContain('130  interrupted')
    expect(help.stdout).toContain('--json')
    expect(help.stderr).toBe('')
  }
})

test('the version is that of the package', () => {
  expect(slt('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

describe('bad usage ends with 2 and one line', () => {
  test.each([
    [['nope'], "unknown command 'nope'"],
    [['bound', '--d', '1', '--eps', '0.1', '--nope'], "unknown option '--nope'"],
    [['bound', '--eps', '0.1'], "required option '--d <n>' not specified"],
    [['run', 'x'], "required option '--tokens <list>' not specified"],
    [['verify'], "missing required argument 'ticket'"],
    [['prune'], 'give a folder or --random <shape>, one of them'],
    [['prune', sorter, '--random', 'gpt2-mini'], 'give a folder or --random <shape>, one of them'],
    [['prune', sorter, '--layers', '1'], '--layers goes with --random'],
    [['prune', sorter, '--items-per', 'matrix'], '--items-per matrix goes with --target-kl'],
    [
      ['prune', sorter, '--items-per', 'matrix', '--target-kl', '1', '--embedding-items', '8'],
      '--items-per matrix chooses what --embedding-items sets: give one of them',
    ],
    [
      ['prune', sorter, '--dense', 'embeddings', '--embedding-items', '16'],
      '--embedding-items goes with --dense none: embeddings that stay dense are not pruned',
    ],
  ])('slt %j', (args, message) => {
    const { code, stdout, stderr } = slt(...args)
    expect(stderr).toBe(`slt: ${message}\n`)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test.each([
    [['bound', '--eps', '0.1', '--json'], "required option '--d <n>' not specified"],
    [['verify', '--json'], "missing required argument 'ticket'"],
    [['--json', 'nope'], "unknown option '--json'"],
    [['nope', '--json'], "unknown command 'nope'"],
    [['prune', '--json'], 'give a folder or --random <shape>, one of them'],
  ])('slt %j says it as one object on stdout too', (args, message) => {
    const { code, stdout, stderr } = slt(...args)
    expect(JSON.parse(stdout)).toEqual({ error: message })
    expect([code, stderr]).toEqual([2, `slt: ${message}\n`])
  })
})

describe('bad input ends with 1 and one line', () => {
  test.each([
    [['prune', sorter, '--items', '0'], '"items" expected an integer >= 1, got 0'],
    [['prune', sorter, '--attention', 'rotary'], '--attention expected merged or factored for a GPT-2, got rotary'],
    [['prune', sorter, '--items', '257'], '"items" expected an integer <= 256, got 257'],
    [['prune', sorter, '--items', '1.5'], '"items" expected an integer >= 1, got 1.5'],
    [['prune', sorter, '--items', '0x10'], '"items" expected an integer >= 1, got 0x10'],
    [['prune', sorter, '--items', ''], '"items" expected an integer >= 1, got nothing'],
    [['prune', sorter, '--seed', '-1'], '"seed" expected an integer from 0 to 2^64-1, got -1'],
    [
      ['prune', sorter, '--seed', '18446744073709551616'],
      '"seed" expected an integer from 0 to 2^64-1, got 18446744073709551616',
    ],
    [['prune', sorter, '--scale', '0'], '"scale" expected auto or a number > 0, got 0'],
    [['prune', sorter, '--method', 'best'], '"method" expected balanced, plain, got best'],
    [
      ['prune', '--random', 'gpt2-huge'],
      '"random" expected gpt2-nano-sort, gpt2-mini, gpt2-small, gpt2-medium, got "gpt2-huge"',
    ],
    [['prune', ''], '"folder" expected a path, got an empty text'],
    [['prune', main], `${main}: is a file; prune takes a Hugging Face folder or a GGUF file`],
    [['verify', 'x', '--target', ''], '"target" expected a path, got an empty text'],
    [['verify', 'x', '--target', main], `${main}: is a file; --target takes a Hugging Face folder or a GGUF file`],
    [['inspect', ''], 'an empty name: no such file or folder'],
    [['prune', 'no-such-folder'], 'no-such-folder: no such file or folder'],
    [['verify', 'no-such-ticket'], 'no-such-ticket: no such file or folder'],
    [['run', 'no-such-ticket', '--tokens', '1'], 'no-such-ticket: no such file or folder'],
    [
      ['run', 'x', '--tokens', '1,,2'],
      '"tokens" expected integers >= 0 with commas between, or letters alone, got 1,,2',
    ],
    [['bound', '--d', '4', '--eps', '1'], '"eps" expected a number > 0 and < 1, got 1'],
    [
      ['bound', '--d', '4', '--eps', '0.1', '--alpha', '1'],
      '"alpha" expected at least max(sqrt d1, sqrt d2) = 2, got 1',
    ],
    [
      ['reproduce', 'figure-9'],
      '"figures" expected figure-4, figure-5, figure-6, rotary, figure-7, figure-8, got figure-9',
    ],
  ])('slt %j', (args, message) => {
    const { code, stdout, stderr } = slt(...args)
    expect(stderr).toBe(`slt: ${message}\n`)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  test('with --json, one object says it on stdout too', () => {
    const { code, stdout, stderr } = slt('run', 'no-such-ticket', '--tokens', '1', '--json')
    expect(JSON.parse(stdout)).toEqual({ error: 'no-such-ticket: no such file or folder' })
    expect(stderr).toBe('slt: no-such-ticket: no such file or folder\n')
    expect(code).toBe(1)
  })
})

test('nothing is coloured when it is not a terminal', () => {
  const { stdout } = slt('bound', '--d', '4', '--eps', '0.1')
  expect(stdout).not.toContain('\u001b')
  expect(stdout).toMatch(/Lemma 7 +n +d1 C log\(d1 d2 \/ eps\) +21 +6$/m)
})

test('what of a folder is not pruned is told in a line, and stands in the warnings of --json', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slt-'))
  try {
    const model = familyFolder('bert-masked-lm')
    const out = join(folder, 'x.slt.safetensors')
    const { stdout, stderr } = slt('prune', model, '--items', '1', '--out', out, '--threads', '1', '--json')
    const line = expect.stringMatching(/bert-masked-lm\/?: not pruned: "cls\.predictions\.bias", .* and 2 more\n?$/)
    expect(stderr).toEqual(line)
    expect(JSON.parse(stdout).warnings).toEqual([line])
  } finally {
    await rm(folder, { recursive: true })
  }
})
