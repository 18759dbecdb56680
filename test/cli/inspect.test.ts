import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyTicket } from '../ticket/searched-example.js'
import { writeSearched } from './searched-fixture.js'
import { slt, sorter } from './slt.js'

let folder: string
let ticket: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket, text } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

test('what a searched ticket is, a row a matrix, and its size against dense ones', () => {
  const { code, stdout, stderr } = slt('inspect', ticket)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^kind +searched, GPT-2, format version \d+, masks as \w+$/m)
  expect(stdout).toMatch(/^seed +18364758544493064720, philox4x32-10 version 1$/m)
  expect(stdout).toMatch(/^search +iterand, keep 0\.5 per-layer, fan-in weights, QK scale 1\.5$/m)
  expect(stdout).toMatch(/^ wte +256 x 16 +4,096 +\d\d\.\d\d % +[\d,]+ +\d\.\d{3} +[01]\.\d{3} /m)
  expect(stdout).toMatch(/^ h\.1 +3,072 /m)
  expect(stdout).toMatch(/^ dense 4-bit +[\d,]+ +\d+\.\d{3} +\d+\.\d\d$/m)
  expect(stdout).toMatch(/B, \d+\.\d\d bits a parameter: .* than dense float32, .* than dense 4-bit\n$/)
})

test('a ticket may ask for no more memory than --memory-limit allows', async () => {
  const path = join(folder, 'large.slt.safetensors')
  await writeFile(path, emptyTicket({ positions: 2 ** 18, width: 16 })) // 2^22 weights in 8 kB
  const refused = slt('generate', path, '--prompt', 'a', '--tokenizer', 'bytes', '--memory-limit', '30', '--json')
  const line = `${path}: needs 34.62 MB of memory to run, the limit is 30.00 MB (--memory-limit raises it)`
  expect(refused).toEqual({ code: 1, stdout: `${JSON.stringify({ error: line })}\n`, stderr: `slt: ${line}\n` })
  expect(slt('inspect', path, '--memory-limit', '30').code).toBe(0)
  const none = slt('inspect', path, '--memory-limit', '0')
  expect([none.code, none.stderr]).toEqual([1, 'slt: "memory-limit" expected an integer >= 1, got 0\n'])
})

test('--json has everything, --plot writes an SVG and nothing else', async () => {
  const before = await readdir(folder)
  const plot = join(folder, 'masks.svg')
  const { code, stdout, stderr } = slt('inspect', ticket, '--json', '--plot', plot)
  expect([code, stderr]).toEqual([0, `written: ${plot}\n`])
  const found = JSON.parse(stdout)
  expect(found).toMatchObject({
    ticket,
    kind: 'searched',
    plot,
    seed: '18364758544493064720',
    search: { keep: 0.5 },
  })
  expect(found.matrices).toHaveLength(14)
  expect(found.compared.map(({ name }: { name: string }) => name)).toEqual(['float32', 'float16', '8-bit', '4-bit'])
  expect(found.size.bytes).toBe((await readFile(ticket)).length)
  const svg = await readFile(plot, 'utf8')
  expect(svg).toMatch(/^<svg [^>]*>\n<title>What random\.slt\.safetensors keeps<\/title>/)
  expect(svg.match(/<g class="cells"/g)).toHaveLength(14)
  expect((await readdir(folder)).sort()).toEqual([...before, 'masks.svg'].sort())
})

test('a pruned ticket', () => {
  const path = join(folder, 'sorter.slt.safetensors')
  expect(slt('prune', sorter, '--items', '8', '--seed', '7', '--out', path).code).toBe(0)
  const { code, stdout } = slt('inspect', path)
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^construction +8 products a weight, balanced, scale auto, attention merged, nothing kept dense$/m,
  )
  expect(stdout).toMatch(/^ h\.0\.attn\.qk, 3 parts +7,203 /m)
  expect(stdout).not.toMatch(/^ kept dense /m)
  expect(stdout).toMatch(/^ +units x out .* units, kept % .* columns, kept %/m)
  expect(stdout).toContain('; units: hidden units of the pair; bits and entropy') // the words of the header
  expect(stdout).not.toContain('rows:')
  const found = JSON.parse(slt('inspect', path, '--json').stdout)
  expect(found.total.weights).toBe(99_612)
  expect(found.norms).toBeNull()
})

test('bad input is one line and exit code 1, and leaves no picture', async () => {
  const plot = join(folder, 'none.svg')
  expect(slt('inspect', text, '--plot', plot)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^slt: .*\n$/),
  })
  expect(await readdir(folder)).not.toContain('none.svg')
  const missing = join(folder, 'missing')
  expect(slt('inspect', missing)).toEqual({ code: 1, stdout: '', stderr: `slt: ${missing}: no such file or folder\n` })
  const nowhere = join(folder, 'missing', 'x.svg')
  expect(slt('inspect', ticket, '--plot', nowhere)).toMatchObject({
    code: 1,
    stderr: `slt: ${missing}: no such file or folder\n`,
  })
  expect(slt('inspect', ticket, '--plot', ticket, '--force')).toMatchObject({
    code: 1,
    stderr: `slt: ${ticket}: is what is read, and cannot be written as well\n`,
  })
  expect(slt('inspect', '--help').stdout).toContain('Examples:')
})

test('two tickets: what they share on stdout, a figure; a pruned one is refused', async () => {
  const other = await mkdtemp(join(tmpdir(), 'slt-'))
  try {
    const { ticket: second } = await writeSearched(other)
    const plot = join(folder, 'shared.svg')
    const { code, stdout, stderr } = slt('inspect', ticket, second, '--plot', plot)
    expect([code, stderr]).toEqual([0, `written: ${plot}\n`])
    expect(stdout).toMatch(/^Both are masks on the same random network: seed 18364758544493064720, 14 matrices of /)
    expect(stdout).toMatch(
      /^a {2}.*random\.slt\.safetensors: iterand, keep 0\.5, learnt words\.txt, 1\.2500 nats a token$/m,
    )
    expect(stdout).toMatch(/^ all query +512 .* 100\.0 % +100\.0 % +1\.000 +0\.\d{3} +1\.000$/m)
    expect(await readFile(plot, 'utf8')).toContain('keep</title>')
    const { code: again, stderr: there } = slt('inspect', ticket, second, '--plot', plot)
    expect([again, there]).toEqual([1, `slt: ${plot}: is there already (--force replaces it)\n`])
    const found = JSON.parse(slt('inspect', ticket, second, '--json').stdout)
    expect(found).toMatchObject({
      tickets: [ticket, second],
      network: 'weights',
      plot: null,
      total: { shared: { overlap: 1 } },
    })
    const pruned = fileURLToPath(new URL('../../examples/pruned-sorter/sorter.slt.safetensors', import.meta.url))
    const refused = slt('inspect', ticket, pruned)
    expect([refused.code, refused.stderr]).toEqual([
      1,
      `slt: ${pruned}: is a pruned ticket (kind pruned), but this needs a searched one\n`,
    ])
  } finally {
    await rm(other, { recursive: true })
  }
})
