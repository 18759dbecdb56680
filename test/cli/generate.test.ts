import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSchedule } from '../interop/schedule-folder.js'
import { writeSearched } from './searched-fixture.js'
import { slt, startSlt } from './slt.js'

let folder: string
let ticket: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

const generate = (...args: string[]) => slt('generate', ticket, ...args)
const json = (...args: string[]) => JSON.parse(generate('--json', ...args).stdout)

test('the text is the prompt and what the tokens say, longer than the context', () => {
  const found = json('--prompt', 'line ', '--count', '40')
  expect(found).toMatchObject({ ticket, prompt: 'line ', temperature: 0.8, topK: null, seed: '0' })
  expect(found.tokens.length).toBe(40)
  expect(found.text).toBe(new TextDecoder().decode(Uint8Array.from(found.tokens)))
  expect(found.text).toContain('\ufffd') // bytes of no character, some of them cut apart
  const { code, stdout, stderr } = generate('--prompt', 'line ', '--count', '40')
  const beyond = 'lie beyond the context of 16; there the model goes on from the last half of the text that it has read'
  expect([code, stderr]).toEqual([0, `note: 28 of the 40 tokens ${beyond}\n`])
  expect(stdout).toBe(`line ${found.text}\n`)
  expect(found).toMatchObject({ stopped: false, beyondContext: 28 })
})

test('of a prompt longer than the context what fits is read, which is told; of the default count nothing is said', () => {
  const prompt = 'a line that is too long'
  const { code, stdout, stderr } = generate('--prompt', prompt, '--temperature', '0')
  const note = 'note: the prompt has 23 tokens; the model reads the last 16 of them, its context\n'
  expect([code, stderr]).toEqual([0, note])
  const tail = generate('--prompt', prompt.slice(-16), '--temperature', '0')
  expect(stdout.slice(prompt.length)).toBe(tail.stdout.slice(16))
  expect(tail.stderr).toBe('')
})

test('a text ends at the end token, and with --no-stop goes on', async () => {
  const path = join(folder, 'ends')
  const end = 50256
  const tokens = [11, 262, 995, end, 13, 198, 11, 262]
  await writeSchedule(path, { tokens, vocabulary: 50257, special: { bos: end, eos: end }, tokenizer: 'gpt2' })
  const asked = ['--prompt', 'Hello world', '--count', '5', '--temperature', '0']
  expect(slt('generate', path, ...asked)).toMatchObject({ code: 0, stdout: 'Hello world the world\n', stderr: '' })
  const going = JSON.parse(slt('generate', path, ...asked, '--no-stop', '--json').stdout)
  expect(going).toMatchObject({ text: ' the world.\n', tokens: [262, 995, end, 13, 198], stopped: false })
  for (const [flags, continuation] of [
    [[], [262, 995, end]],
    [['--no-stop'], [262, 995, end, 13, 198]],
  ] as const) {
    const found = slt('run', path, '--tokens', '15496,995', '--count', '5', '--json', ...flags)
    expect(JSON.parse(found.stdout)).toMatchObject({ continuation, stopped: flags.length === 0 })
  }
})

test('temperature 0 is greedy, as slt run is, beyond the context too', () => {
  const { continuation } = JSON.parse(slt('run', ticket, '--tokens', '97,98', '--count', '60', '--json').stdout)
  expect(json('--prompt', 'ab', '--count', '60', '--temperature', '0').tokens).toEqual(continuation)
})

test('text comes as it is made, and Ctrl-C ends it with a line break and exit code 130', async () => {
  const child = startSlt('generate', ticket, '--prompt', 'long: ', '--count', '100000000')
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  child.stdout.on('data', (data) => {
    stdout += data
    if (stdout.length > 50 && !child.killed) child.kill('SIGINT')
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([code, stderr]).toEqual([130, 'slt: interrupted\n'])
  expect(stdout.startsWith('long: ')).toBe(true)
  expect(stdout.endsWith('\n')).toBe(true)
})

test('bad input is one line and exit code 1', () => {
  const cases: [string[], string][] = [
    [[ticket, '--temperature', '-1'], '"temperature" expected a number >= 0, got "-1"'],
    [[ticket, '--tokenizer', 'gpt2'], `"tokenizer" expected one with the model's 256 tokens, got gpt2 with 50257`],
    [['no-such-ticket'], 'no-such-ticket: no such file or folder'],
  ]
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = slt('generate', ...args)
    expect([code, stdout, stderr]).toEqual([1, '', `slt: ${message}\n`])
  }
})

test('help has examples and exit codes', () => {
  const { stdout } = slt('generate', '--help')
  expect(stdout).toContain('Usage: slt generate')
  expect(stdout).toContain('Examples:')
  expect(stdout).toContain('130  interrupted')
})
