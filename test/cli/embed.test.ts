import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ExpectedSentences, encoderFolder, expectedSentences } from '../vectors/sentences/open.js'
import { slt, sorter } from './slt.js'

let folder: string
let expected: ExpectedSentences
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  expected = await expectedSentences()
})
afterAll(() => rm(folder, { recursive: true }))

const embed = (...args: string[]) => slt('embed', encoderFolder, ...args)
const padded = `${encoderFolder}: its tokenizer has 117 of the model's 120 tokens; the others stand for no text\n`

test('two texts: the first numbers of each, and how similar they are', () => {
  const { code, stdout, stderr } = embed('--text', 'Speak, speak.', '--text', expected.texts[3])
  expect([code, stderr]).toEqual([0, padded])
  const row = (text: string, i: number) => {
    const numbers = Array.from(expected.mean.subarray(16 * i, 16 * i + 4), (value) => value.toFixed(4))
    return ` ${text.padEnd(13)}   ${numbers.join(' ')}`
  }
  const [a, b] = [expected.mean.subarray(0, 16), expected.mean.subarray(48, 64)]
  const similarity = a.reduce((sum, value, i) => sum + value * b[i], 0)
  expect(stdout.split('\n').slice(2)).toEqual([
    row('Speak, speak.', 0),
    row('a', 3),
    expect.stringMatching(/^2 texts, \d+ tokens; mean pooling, length 1, at most 16 tokens a text$/),
    `similarity ${similarity.toFixed(4)}`,
    '',
  ])
})

test('the lines of a file, into .npy and .json: the same numbers, and none of them replaced', async () => {
  const data = join(folder, 'lines.txt')
  await writeFile(data, expected.texts.filter((text) => !text.includes('\n')).join('\n'))
  const [npy, json] = [join(folder, 'vectors.npy'), join(folder, 'vectors.json')]
  const first = embed('--data', data, '--out', npy, '--json')
  expect(first.code).toBe(0)
  const report = JSON.parse(first.stdout)
  expect(report).toMatchObject({
    model: encoderFolder,
    texts: 9,
    width: 16,
    out: npy,
    similarity: null,
    truncated: [4, 5, 6],
  })
  expect(report.vectors).toBeUndefined()
  expect(first.stderr).toBe(`${padded}3 texts, the first is text 5, are longer than 16 tokens: the first 16 are read\n`)
  const found = new Float32Array(Uint8Array.from((await readFile(npy)).subarray(128)).buffer)
  expect(found.length).toBe(9 * 16)
  for (const [i, value] of found.entries()) expect(Math.abs(value - expected.mean[i])).toBeLessThan(2e-6)

  expect(embed('--data', data, '--out', json)).toMatchObject({ code: 0, stdout: expect.stringContaining('9 x 16') })
  expect(
    JSON.parse(await readFile(json, 'utf8'))
      .flat()
      .map(Math.fround),
  ).toEqual([...found])
  const again = embed('--data', data, '--out', json)
  expect([again.code, again.stderr]).toEqual([1, `slt: ${json}: is there already (--force replaces it)\n`])
  const own = embed('--data', data, '--out', join(folder, 'lines.txt'), '--force')
  expect([own.code, own.stderr]).toEqual([1, `slt: "out" expected a file named .npy or .json, got ${data}\n`])
  const lines = join(folder, 'lines.json')
  await copyFile(data, lines)
  expect(embed('--data', lines, '--out', lines, '--force').stderr).toBe(
    `slt: ${lines}: is what is read, and cannot be written as well\n`,
  )
})

test('what cannot be embedded is refused in one line', async () => {
  const data = join(folder, 'gap.txt')
  await writeFile(data, 'one\n\nthree\n')
  const cases: [string[], number, string][] = [
    [[], 2, 'slt embed takes texts, either by --text or by --data'],
    [['--text', 'a', '--data', data], 2, 'slt embed takes texts, either by --text or by --data'],
    [['--text', ''], 1, 'text 1 expected at least one letter, got an empty text'],
    [['--data', data], 1, `${data}: line 2 is empty; every line is one text`],
    [['--text', 'a', '--tokenizer', 'gpt2'], 1, expect.stringContaining('"tokenizer" expected one with') as never],
  ]
  for (const [args, code, line] of cases) {
    const found = embed(...args)
    expect([found.code, found.stdout]).toEqual([code, ''])
    expect(found.stderr.replace(/^slt: |\n$/g, '')).toEqual(line)
  }
  const causal = slt('embed', sorter, '--text', 'ABC', '--json')
  expect(causal.code).toBe(1)
  expect(JSON.parse(causal.stdout).error).toMatch(new RegExp(`^${sorter}: is a GPT-2, which is no encoder`))
})
