import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeParts } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forms-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const open = (data: string, more = {}) => openCorpus({ data, tokenizer: 'bytes', ...more })
const bytesOf = async (data: string, more = {}) => {
  const { train, valid } = await open(data, more)
  return Buffer.from([...train, ...valid])
}
const formOf = async (data: string) => (await open(data)).parts[0].files[0].form
const refusal = (data: string, more = {}) =>
  open(data, more).then(
    () => 'was read',
    (error) => `${error.name}: ${error.message.replace(`${data}: `, '')}`,
  )

const play = readFileSync(new URL('../../data/tinyshakespeare/input.txt', import.meta.url)).subarray(0, 400_000)
const text = 'The na\u00efve reader \u{1f600}.\n'.repeat(500)
const utf8 = Buffer.from(text)
const sha256 = createHash('sha256').update(utf8).digest('hex')
const wide = (bigEndian: boolean) => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}

describe('a text is read as UTF-8, with the digest of its UTF-8, from', () => {
  test.each([
    ['gzip', () => gzipSync(utf8)],
    ['gzip', () => Buffer.concat([gzipSync(utf8.subarray(0, 3000)), gzipSync(utf8.subarray(3000))])],
    ['UTF-16LE', () => wide(false)],
    ['UTF-16BE', () => wide(true)],
    ['gzip, UTF-16LE', () => gzipSync(wide(false))],
    ['text', () => utf8],
  ])('%s', async (form, make) => {
    const data = file('one', make())
    expect((await bytesOf(data)).equals(utf8)).toBe(true)
    expect(await formOf(data)).toBe(form)
    expect((await open(data)).sha256).toBe(sha256)
    expect((await open(data, { tokenizer: 'gpt2' })).sha256).toBe(sha256)
  })

  test('gzip longer than a piece', async () => {
    const long = Buffer.concat([play, play, play, play])
    expect((await bytesOf(file('long.txt.gz', gzipSync(long)))).equals(long)).toBe(true)
  })

  test('UTF-8 with a byte order mark, which stays a character of the text', async () => {
    const data = file('marked.txt', `\ufeff${text}`)
    expect([...(await bytesOf(data)).subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x54])
    expect(await formOf(data)).toBe('UTF-8 with a byte order mark')
  })
})

describe('refused in a line, but read as they are with raw', () => {
  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), deflateRawSync(play)])
  test.each([
    ['is a PNG picture', png],
    ['is a JPEG picture', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['is a PDF document', Buffer.from('%PDF-1.7\n1 0 obj\n')],
    ['is a ZIP archive (PyTorch, .npz and .docx files are ZIP archives)', Buffer.from('PK\x03\x04\x14\0', 'latin1')],
    ['is a Zstandard file', Buffer.from('28b52ffd', 'hex')],
    ['is a Parquet file', Buffer.from('PAR1\x15\0', 'latin1')],
    ['is a text in UTF-32', Buffer.from('fffe000041000000', 'hex')],
    ['is a tar archive', Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')])],
    ['holds a PNG picture', gzipSync(png)],
    ['holds a gzip file', gzipSync(gzipSync(utf8))],
  ])('what %s', async (said, content) => {
    const data = file('other.txt', content)
    const advice = '(--tokenizer bytes --raw reads any bytes as they are)'
    const expected = `InputError: ${said}, which is not read as a text ${advice}`
    expect(await refusal(data)).toBe(expected)
    expect(await refusal(data, { tokenizer: 'gpt2' })).toBe(expected)
    expect((await bytesOf(data, { raw: true })).equals(content)).toBe(true)
  })

  test('bytes without a signature, by their control characters', async () => {
    const random = deflateRawSync(play)
    const first = random.findIndex((byte) => byte < 8 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32))
    expect(await refusal(file('random', random))).toMatch(
      new RegExp(
        `^InputError: is no text: [\\d,]+ of the first 65,536 bytes are control characters, the first is byte ${first} \\(`,
      ),
    )
    const halves = Buffer.from(text, 'utf16le')
    expect(await refusal(file('unmarked', halves))).toContain('every second byte is 0: is it UTF-16 without its byte')
    const late = Buffer.concat([Buffer.alloc(1_100_000, 'text '), Buffer.alloc(20_000)])
    expect(await refusal(file('late', late))).toContain('the first is byte 1,100,000 (')
    const behind = Buffer.concat([Buffer.alloc(70_000, 'text '), random])
    expect(await refusal(file('behind', behind))).toMatch(/is no text: [\d,]+ of [\d,]+ bytes are control characters/)
    const few = Buffer.from('A stray \0 or \x01 in \x02 a short text')
    expect((await bytesOf(file('few', few))).equals(few)).toBe(true)
    const terminal = Buffer.from('\x1b[1mbold\x1b[0m o\bover\fpage\r\n'.repeat(40))
    expect((await bytesOf(file('terminal', terminal))).equals(terminal)).toBe(true)
  })

  test('unsound gzip and UTF-16', async () => {
    const packed = gzipSync(play)
    const broken = Buffer.from(packed)
    broken.fill(0x55, 5000, 6000)
    expect(await refusal(file('broken', broken))).toBe('InputError: not sound gzip')
    const early = 'InputError: not sound gzip: it ends early'
    expect(await refusal(file('cut', packed.subarray(0, 100_000)))).toBe(early)
    expect(await refusal(file('head', packed.subarray(0, 12)))).toBe(early)
    expect(await refusal(file('odd', wide(false).subarray(0, 101)))).toBe(
      'InputError: not sound UTF-16LE: half a character stands alone',
    )
    expect(await refusal(file('nothing', gzipSync('')))).toBe('InputError: no text in it')
    expect(await refusal(file('mark', Buffer.from('fffe', 'hex')))).toBe('InputError: no text in it')
  })

  test('gzip that unpacks to far more than a text does, before it is unpacked', async () => {
    const member = gzipSync(Buffer.alloc(2 ** 22, 'all alike '))
    const bomb = Buffer.concat(Array.from({ length: 17 }, () => member)) // 71 MB
    expect(await refusal(file('bomb.txt.gz', bomb))).toBe(
      `InputError: its ${bomb.length.toLocaleString('en-US')} bytes of gzip unpack to more than 250 times as many: no text does`,
    )
  })

  test('raw with tokens of words', async () => {
    const expected = 'RangeError: "raw" expected --tokenizer bytes beside it, got gpt2'
    expect(await refusal(file('a.txt', text), { raw: true, tokenizer: 'gpt2' })).toBe(expected)
    const bin = file('raw.bin', Buffer.from([1, 2, 3]))
    expect([...(await bytesOf(bin, { raw: true }))]).toEqual([1, 2, 3])
  })
})

describe('what was read', () => {
  test('files, bytes, tokens and forms of each part, in a line', async () => {
    file('train/a.txt', 'first')
    file('train/b/c.txt.gz', gzipSync('second'))
    file('train/d.txt', Buffer.from('\ufeff', 'utf16le')) // a mark and no text: no document
    const valid = file('valid.txt', 'third')
    const data = join(folder, 'train')
    const both = await open(data, { valid })
    const packed = gzipSync('second').length
    expect(both.parts).toMatchObject([
      { path: data, bytes: 7 + packed, tokens: 12 },
      { path: valid, bytes: 5, tokens: 5, files: [{ name: 'valid.txt', form: 'text' }] },
    ])
    expect(both.parts[0].files.map(({ name, tokens, form }) => [name, tokens, form])).toEqual([
      ['a.txt', 5, 'text'],
      ['b/c.txt.gz', 6, 'gzip'],
      ['d.txt', 0, 'UTF-16LE'],
    ])
    expect(describeParts(both)).toBe(
      `train: 3 files, ${7 + packed} bytes, 12 tokens (1 gzip; 1 UTF-16LE); valid: 1 file, 5 bytes, 5 tokens`,
    )
    expect(describeParts(await open(file('whole.txt', text)))).toBe(
      'read: 1 file, 12,000 bytes, 12,000 tokens; the first 10,800 train, the last 1,200 validate',
    )
  })

  test('equal files in both parts, or twice in one, are warned of, however they are packed', async () => {
    const one = file('equal/one.txt', text)
    file('equal/two.txt.gz', gzipSync(text))
    file('equal/three.txt', 'another')
    const data = dirname(one)
    expect((await open(data)).warnings).toEqual([
      `warning: ${data}: equal files are read more than once: one.txt = two.txt.gz`,
    ])
    expect((await open(join(data, 'three.txt'), { valid: one })).warnings).toEqual([])
    expect((await open(one, { valid: join(data, 'two.txt.gz') })).warnings).toEqual([
      `warning: equal files train and validate: ${one} = ${join(data, 'two.txt.gz')}`,
    ])
  })

  test('as before files were looked at: bytes as they are, with any tokenizer', async () => {
    const packed = gzipSync('text')
    expect((await bytesOf(file('old.txt', packed), { asBefore: true })).equals(packed)).toBe(true)
    const old = await open(file('old.txt', packed), { asBefore: true, tokenizer: 'gpt2' })
    expect(old.sha256).toBe(createHash('sha256').update(packed).digest('hex'))
  })
})

test('stops within gzip when the signal aborts', async () => {
  const controller = new AbortController()
  const data = file('stopped.txt.gz', gzipSync(Buffer.alloc(2 ** 24, play), { level: 1 }))
  const onProgress = () => controller.abort(new Error('enough'))
  expect(await refusal(data, { onProgress, signal: controller.signal })).toBe('Error: enough')
})
