import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modulesOfSvg, rasterise, readQr } from '../ticket/qr-reader.js'
import { encode, randomContent, runnableConfig, smallConfig } from '../ticket/searched-example.js'
import { main, slt } from './slt.js'

let folder: string
const path = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-text-'))
  writeFileSync(path('small.slt.safetensors'), encode(randomContent(smallConfig)))
  writeFileSync(path('large.slt.safetensors'), encode(randomContent(runnableConfig)))
  writeFileSync(path('long.slt.safetensors'), encode(randomContent({ ...runnableConfig, inner: 2048 })))
})
afterAll(() => rmSync(folder, { recursive: true }))

const page = 'https://example.org/slt/'
const isSame = (a: string, b: string) => readFileSync(path(a)).equals(readFileSync(path(b)))

test('a link is the only line on stdout, and slt import gives the file back byte for byte', () => {
  const { code, stdout, stderr } = slt('export', path('small.slt.safetensors'), '--to', 'url', '--page', page)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^https:\/\/example\.org\/slt\/#ticket=AQ?[\w-]+\n$/)
  expect(stderr).toMatch(/^\d+ weights in \d+ B \(\d+ B of masks\); \d+ characters\n$/)
  const back = slt('import', stdout.trim(), '--out', path('back'))
  expect(back).toMatchObject({ code: 0, stderr: '' })
  expect(back.stdout).toMatch(/back: [\d.,]+ k?B, sha256 [0-9a-f]{64}\n$/)
  expect(isSame('back', 'small.slt.safetensors')).toBe(true)
})

test('a file that holds the text, and standard input', () => {
  const { stdout } = slt('export', path('large.slt.safetensors'), '--to', 'url')
  writeFileSync(path('link.txt'), stdout.replace(/(.{70})/g, '$1\n'))
  expect(slt('import', path('link.txt'), '--out', path('from-file')).code).toBe(0)
  expect(isSame('from-file', 'large.slt.safetensors')).toBe(true)
  const piped = spawnSync(process.execPath, [main, 'import', '-', '--out', path('from-pipe'), '--json'], {
    input: stdout,
  })
  const { bytes, out } = JSON.parse(piped.stdout.toString())
  expect({ bytes, out }).toEqual({ bytes: readFileSync(path('from-pipe')).length, out: path('from-pipe') })
  expect(isSame('from-pipe', 'large.slt.safetensors')).toBe(true)
})

test('a QR code, read by another reader, gives the file back', async () => {
  const args = ['export', path('small.slt.safetensors'), path('small.svg'), '--to', 'qr', '--page', page, '--json']
  const report = JSON.parse(slt(...args).stdout)
  const { modules, isBlack } = modulesOfSvg(readFileSync(path('small.svg'), 'utf8'))
  expect(report).toMatchObject({ out: path('small.svg'), modules, lean: false })
  const text = await readQr(rasterise(modules, isBlack))
  expect(text).toBe(report.text)
  expect(slt('import', text ?? '', '--out', path('from-qr')).code).toBe(0)
  expect(isSame('from-qr', 'small.slt.safetensors')).toBe(true)
})

test('what is there stays without --force, and the ticket itself always', () => {
  const ticket = path('small.slt.safetensors')
  writeFileSync(path('there.svg'), 'keep')
  const link = slt('export', ticket, '--to', 'url').stdout.trim()
  const there = (file: string) => ({ code: 1, stderr: `slt: ${file}: is there already (--force replaces it)\n` })
  for (const args of [
    ['export', ticket, path('there.svg'), '--to', 'qr'],
    ['import', link, '--out', path('there.svg')],
    ['recode', ticket, '--out', path('there.svg')],
  ]) {
    expect(slt(...args)).toMatchObject(there(path('there.svg')))
    expect(readFileSync(path('there.svg'), 'utf8')).toBe('keep')
    expect(slt(...args, '--force').code).toBe(0)
    writeFileSync(path('there.svg'), 'keep')
  }
  const before = readFileSync(ticket)
  expect(slt('export', ticket, ticket, '--to', 'qr', '--force')).toMatchObject({
    code: 1,
    stderr: `slt: ${ticket}: is what is read, and cannot be written as well\n`,
  })
  expect(readFileSync(ticket).equals(before)).toBe(true)
})

test('--lean gives a smaller ticket of the same masks', () => {
  const [full, lean] = [[], ['--lean']].map((more) => {
    return JSON.parse(slt('export', path('small.slt.safetensors'), '--to', 'url', '--json', ...more).stdout)
  })
  expect(lean.bytes).toBeLessThan(full.bytes)
  expect(lean.maskBytes).toBe(full.maskBytes)
  expect(slt('import', lean.link, '--out', path('lean')).code).toBe(0)
  const content = randomContent(smallConfig)
  expect(readFileSync(path('lean')).equals(encode({ ...content, probe: null, search: null }))).toBe(true)
})

test('options and arguments of other forms end with 2', () => {
  const cases: [string[], string][] = [
    [['--to', 'url', '--dtype', 'fp16'], '--dtype goes with --to huggingface'],
    [['--to', 'url', '--force'], '--force goes with --to huggingface or onnx or onnx-training or gguf or qr'],
    [['out', '--to', 'onnx', '--lean'], '--lean goes with --to url or qr'],
    [['out', '--to', 'huggingface', '--page', page], '--page goes with --to url or qr'],
    [['out', '--to', 'url'], '--to url prints the link, and takes no file'],
    [['--to', 'onnx'], "missing required argument 'out'"],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = slt('export', path('small.slt.safetensors'), ...args)
    expect({ code, stderr }).toEqual({ code: 2, stderr: `slt: ${message}\n` })
  }
})

test('long links come with a warning', () => {
  const { stderr } = slt('export', path('long.slt.safetensors'), '--to', 'url')
  expect(stderr).toContain('many programs cut links longer than 8,000 characters')
})

describe('what does not work ends with 1 and one line, and writes nothing:', () => {
  test('a QR code that is too small says by how much and what would do', () => {
    const { code, stderr } = slt('export', path('long.slt.safetensors'), path('no.svg'), '--to', 'qr')
    expect(stderr).toMatch(
      /^slt: .*long\.slt\.safetensors: [\d,]+ bytes, [\d,]+ more than the 2,944 that a QR code holds here: --lean and about [\d,]+ of its 137,472 weights fewer would do, or a lower --keep; as it is it travels as a file or a link\n$/,
    )
    expect(code).toBe(1)
    expect(existsSync(path('no.svg'))).toBe(false)
  })
  test.each([
    [
      ['import', 'hello!'],
      /^slt: text: no link, fragment or digits of a ticket: character 5 expected base64url, got "!"\n$/,
    ],
    [['import', 'nowhere/missing'], /^slt: nowhere\/missing: no such file or folder\n$/],
    [['import', 'missing.slt.safetensors'], /^slt: missing\.slt\.safetensors: no such file or folder\n$/],
    [['import', 'missing'], /^slt: missing \(no such file\): no link, fragment or digits of a ticket: [^\n]+\n$/],
    [['import', main.replace(/main.js$/, '')], /^slt: .*cli\/: is a folder\n$/],
    [['import', '#ticket=AQAA'], /^slt: text: the text is not whole or was changed: "\w+" goes past the end\n$/],
    [['import', '#ticket10=5'], /^slt: text: compact form 5 is unknown\n$/],
    [['import', '#ticket10=0'], /^slt: text: the text is not whole or was changed: expected decimal digits/],
  ])('%j', (args, message) => {
    const { code, stdout, stderr } = slt(...args, '--out', path('none'))
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(code).toBe(1)
    expect(existsSync(path('none'))).toBe(false)
  })
  test('a link of which the end is lost', () => {
    const { stdout } = slt('export', path('small.slt.safetensors'), '--to', 'url')
    for (const lost of [1, 2, 3, 5]) {
      const { code, stderr } = slt('import', stdout.trim().slice(0, -lost), '--out', path('none'))
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^slt: text: the text is not whole or was changed: [^\n]+\n$/),
      ])
      expect(existsSync(path('none'))).toBe(false)
    }
  })
  test('a ticket that is a file already, by its name, on standard input and as its content', () => {
    const already = 'is a safetensors file already; what is imported is the text of a link or a QR code\n'
    const ticket = path('small.slt.safetensors')
    const content = readFileSync(ticket)
    writeFileSync(path('padded'), Buffer.concat([content, Buffer.alloc(3_000_000)])) // more than any text may have
    for (const name of [ticket, path('padded')]) {
      expect(slt('import', name, '--out', path('none'))).toMatchObject({ code: 1, stderr: `slt: ${name}: ${already}` })
    }
    const piped = spawnSync(process.execPath, [main, 'import', '-', '--out', path('none')], { input: content })
    expect(piped.stderr.toString()).toBe(`slt: standard input: ${already}`)
    const shown = content.toString('latin1').replaceAll('\0', '') // what sh makes of $(cat ticket)
    expect(slt('import', shown, '--out', path('none')).stderr).toBe(`slt: text: ${already}`)
    expect(existsSync(path('none'))).toBe(false)
  })
  test("what a QR code has no room for because of GPT-2's vocabulary: other advice", () => {
    const gpt2 = { ...smallConfig, width: 4, heads: 1, vocabulary: 50257 }
    writeFileSync(path('gpt2.slt.safetensors'), encode({ ...randomContent(gpt2), tokenizer: 'gpt2' }))
    const { code, stderr } = slt('export', path('gpt2.slt.safetensors'), path('no.svg'), '--to', 'qr')
    expect(stderr).toMatch(
      /^slt: .*gpt2\.slt\.safetensors: [\d,]+ bytes, [\d,]+ more than the 2,944 that a QR code holds here: --lean and a byte tokenizer would do: its 50,257 tokens take 201,028 of its [\d,]+ weights; as it is it travels as a file or a link\n$/,
    )
    expect(code).toBe(1)
  })
  test.each([
    [['--to', 'url', '--page', 'example.org'], /^slt: "page" expected an address such as https:\/\/host\/path/],
    [['--to', 'pdf'], /^slt: "to" expected huggingface, onnx, onnx-training, gguf, url, qr, got pdf\n$/],
  ])('slt export %j', (args, message) => {
    const { code, stderr } = slt('export', path('small.slt.safetensors'), ...args)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
  })
  test('a pruned ticket, and a file that is none', () => {
    writeFileSync(path('none.safetensors'), 'nothing')
    expect(slt('export', path('none.safetensors'), '--to', 'url').stderr).toMatch(/^slt: .*none\.safetensors: .*\n$/)
    expect(slt('export', path('missing'), '--to', 'url')).toMatchObject({ code: 1 })
  })
})
