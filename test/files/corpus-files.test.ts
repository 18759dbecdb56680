import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadTokenizer, type Tokens } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { readTextIfThere } from '../../src/files/files.js'
import { takeLock } from '../../src/files/lock-file.js'
import { importTicket } from '../../src/jobs/ticket-text.js'
import { type Dtype, encodeSafetensors, uint16Bytes } from '../../src/safetensors/index.js'

const folder = mkdtempSync(join(tmpdir(), 'corpus-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const bin = (name: string, tokens: number[]) => file(name, uint16Bytes(Uint16Array.from(tokens)))
const gpt2 = await loadTokenizer('gpt2')
const bytesOf = (text: string) => [...new TextEncoder().encode(text)]

describe('a text', () => {
  it('trains with its first nine tenths and validates with the rest', async () => {
    const text = 'na\u00efve'.repeat(6) // 36 bytes
    const data = file('a/text', text)
    const { train, valid, ...rest } = await openCorpus({ data, tokenizer: 'bytes', context: 2 })
    expect([...train, ...valid]).toEqual(bytesOf(text))
    expect([train.length, valid.length]).toEqual([33, 3])
    expect(rest).toMatchObject({ name: data, sha256: sha256(text), warnings: [] })
  })

  it('as GPT-2 tokens, longer than a piece, is the same as encoded at once', async () => {
    const text = "I'll  say \u4f60\u597d \u{1f600}\n\n".repeat(100_000) // 2.3 MB
    const seen: number[] = []
    const corpus = await openCorpus({
      data: file('long.txt', text),
      tokenizer: gpt2,
      onProgress: (done, total) => seen.push(done / total),
    })
    const whole = gpt2.encode(text)
    expect(corpus.train.length).toBe(whole.length - Math.floor(whole.length / 10))
    expect(Buffer.compare(Buffer.from(whole.buffer), Buffer.concat([corpus.train, corpus.valid].map(rawBytes)))).toBe(0)
    expect(seen.length).toBe(3)
    expect(seen.at(-1)).toBe(1)
    expect(corpus.warnings).toEqual([])
  })

  it('of a small vocabulary takes two bytes a token, and its digests stay as they were', async () => {
    const data = fileURLToPath(new URL('../../data/tinyshakespeare/input.txt', import.meta.url))
    const { train, valid, sha256: digest } = await openCorpus({ data, tokenizer: gpt2 })
    expect(digest).toBe('86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed')
    // of the tokens as little-endian uint16: test/vectors/gpt2-bpe
    expect(sha256(Buffer.concat([train, valid].map(rawBytes)))).toBe(
      '25c01b32b32f41897a6359dd222ec114992dc30c357bcafbfe6c56672f76cd31',
    )
  })

  it('of one long word is given up where the signal aborts while it is merged', async () => {
    const controller = new AbortController()
    const opened = openCorpus({
      data: file('genome.txt', Buffer.from('ACGT'.repeat(2 ** 18))),
      tokenizer: gpt2,
      signal: controller.signal,
      onProgress: (done, total) => done === total && setImmediate(() => controller.abort(new Error('stopped'))),
    })
    await expect(opened).rejects.toThrow('stopped')
  })

  it('with bytes that are no UTF-8 is taken, with a warning where they are lost', async () => {
    const data = file('bad.txt', Uint8Array.from([0x61, 0xff, 0xfe, 0x62, ...bytesOf('\ufffd')]))
    expect([...(await openCorpus({ data, tokenizer: 'bytes' })).train]).toEqual([
      0x61, 0xff, 0xfe, 0x62, 0xef, 0xbf, 0xbd,
    ])
    const { train, warnings } = await openCorpus({ data, tokenizer: 'gpt2' })
    expect(new TextDecoder().decode(gpt2.decode(train))).toBe('a\ufffd\ufffdb\ufffd')
    expect(warnings).toEqual([
      `${data}: 2 sequences that are no UTF-8 were read as U+FFFD (--tokenizer bytes takes any bytes)`,
    ])
  })
})

describe('a folder', () => {
  const [b, a, deep] = ['second', 'first', 'third one'].map((text, i) => {
    return { path: file(`folder/${['b.txt', 'a.txt', 'c/d.TXT'][i]}`, text), text }
  })
  file('folder/empty.txt', '')
  file('folder/notes.md', 'not a document')
  mkdirSync(join(folder, 'folder', 'named.txt'))
  const data = join(folder, 'folder')

  it('is its .txt files by path, with the end of a document between two', async () => {
    const { train, valid, sha256: digest } = await openCorpus({ data, tokenizer: 'bytes' })
    expect([...train, ...valid]).toEqual(bytesOf([a, b, deep].map(({ text }) => text).join('\0')))
    expect(digest).toBe(sha256([a, b, deep].map(({ text }) => `${sha256(text)}\n`).join('')))

    const corpus = await openCorpus({ data, tokenizer: 'gpt2' })
    const [first, second, third] = [a, b, deep].map(({ text }) => [...gpt2.encode(text)])
    expect([...corpus.train, ...corpus.valid]).toEqual([...first, 50256, ...second, 50256, ...third])
  })

  it('validates another path where one is given, and hashes both', async () => {
    const corpus = await openCorpus({ data, valid: a.path, tokenizer: 'bytes' })
    expect([...corpus.valid]).toEqual(bytesOf('first'))
    expect(corpus.train.length).toBe(22)
    expect(corpus.sha256).toBe(
      sha256(`${[a, b, deep].map(({ text }) => `${sha256(text)}\n`).join('')}\n${sha256('first')}\n`),
    )
    expect(corpus.name).toBe(`${data} and ${a.path}`)
  })
})

describe('a file of tokens', () => {
  const tokens = Array.from({ length: 20 }, (_, i) => (i * 2513) % 50257)

  it('.bin holds 16-bit numbers', async () => {
    const data = bin('t.bin', tokens)
    const { train, valid, sha256: digest } = await openCorpus({ data, tokenizer: 'gpt2' })
    expect([...train, ...valid]).toEqual(tokens)
    expect(digest).toBe(sha256(uint16Bytes(Uint16Array.from(tokens))))
  })

  it.each(['U16', 'I32'] as const)('.safetensors holds "tokens", %s', async (dtype) => {
    const bytes =
      dtype === 'U16' ? uint16Bytes(Uint16Array.from(tokens)) : new Uint8Array(Int32Array.from(tokens).buffer)
    const other = { name: 'other', dtype: 'U8' as const, shape: [3], bytes: Uint8Array.of(1, 2, 3) }
    const content = encodeSafetensors([{ name: 'tokens', dtype, shape: [20], bytes }, other])
    const corpus = await openCorpus({ data: file(`${dtype}.safetensors`, content), tokenizer: 'gpt2' })
    expect([...corpus.train, ...corpus.valid]).toEqual(tokens)
    expect(corpus.sha256).toBe(sha256(content))
  })

  it('is refused when it is not one', async () => {
    const odd = file('odd.bin', 'abc')
    await refused(openCorpus({ data: odd, tokenizer: 'gpt2' }), `${odd}: 3 bytes are no whole number of 16-bit tokens`)
    const large = bin('large.bin', [1, 2, 50257])
    await refused(
      openCorpus({ data: large, tokenizer: 'gpt2' }),
      `${large}: token 2 is 50257, expected 0 to 50256 for the tokenizer gpt2`,
    )
    await refused(
      openCorpus({ data: bin('words.bin', [7, 256]), tokenizer: 'bytes' }),
      'token 1 is 256, expected 0 to 255 for the tokenizer bytes',
    )
    const late = new Uint16Array(600_000).fill(97)
    late[599_998] = 300 // beyond the first piece
    await refused(openCorpus({ data: file('late.bin', uint16Bytes(late)), tokenizer: 'bytes' }), 'token 599998 is 300')
    const negative = file('negative.safetensors', tensorFile('tokens', 'I32', [1], new Uint8Array(4).fill(255)))
    await refused(openCorpus({ data: negative, tokenizer: 'gpt2' }), 'token 0 is -1, expected')
    const floats = file('floats.safetensors', tensorFile('tokens', 'F32', [1], new Uint8Array(4)))
    await refused(
      openCorpus({ data: floats, tokenizer: 'gpt2' }),
      `${floats}: "tokens" expected one dimension of U16, U32, I32, got F32 [1]`,
    )
    const unnamed = file('unnamed.safetensors', tensorFile('ids', 'U16', [1], new Uint8Array(2)))
    await refused(openCorpus({ data: unnamed, tokenizer: 'gpt2' }), `${unnamed}: there is no tensor "tokens"`)
    const none = file('none.safetensors', tensorFile('tokens', 'U16', [0], new Uint8Array(0)))
    await refused(openCorpus({ data: none, tokenizer: 'gpt2' }), `${none}: no tokens in it`)
    await refused(
      openCorpus({ data: file('torn.safetensors', 'text'), tokenizer: 'gpt2' }),
      'not a safetensors file: it looks like a text',
    )
  })
})

describe('refuses in one line', () => {
  it('a corpus shorter than a window', async () => {
    const data = file('short.txt', 'x'.repeat(64))
    await refused(
      openCorpus({ data, tokenizer: 'bytes', context: 128 }),
      `${data}: 58 tokens train, 6 validate; a context of 128 needs at least 129 of each`,
    )
    await openCorpus({ data, tokenizer: 'bytes', context: 5 })
    await refused(openCorpus({ data, tokenizer: 'bytes', context: 6 }), 'needs at least 7 of each')
    await refused(
      openCorpus({ data: file('5.txt', '12345'), valid: data, tokenizer: 'bytes', context: 5 }),
      '5 tokens train',
    )
  })

  it('what is missing, empty or no text', async () => {
    const missing = join(folder, 'missing.txt')
    await refused(openCorpus({ data: missing, tokenizer: 'bytes' }), `${missing}: no such file or folder`)
    const empty = file('empty.txt', '')
    await refused(openCorpus({ data: empty, tokenizer: 'bytes' }), `${empty}: empty`)
    await refused(openCorpus({ data: bin('empty.bin', []), tokenizer: 'bytes' }), 'empty.bin: empty')
    const bare = dirname(file('bare/readme.md', 'text'))
    await refused(openCorpus({ data: bare, tokenizer: 'bytes' }), `${bare}: no .txt file in this folder`)
    const hollow = dirname(file('hollow/a.txt', ''))
    await refused(
      openCorpus({ data: hollow, tokenizer: 'bytes' }),
      `${hollow}: every .txt file in this folder is empty`,
    )
    symlinkSync('nowhere', join(folder, 'bare', 'broken.txt'))
    await refused(
      openCorpus({ data: bare, tokenizer: 'bytes' }),
      `${bare}: no .txt file in this folder; left out links that lead nowhere: broken.txt`,
    )
    file('bare/whole.txt', 'a text')
    const { parts, warnings } = await openCorpus({ data: bare, tokenizer: 'bytes' })
    expect(parts[0].files.map(({ name }) => name)).toEqual(['whole.txt'])
    expect(warnings).toEqual([`${bare}: left out links that lead nowhere: broken.txt`])
    await refused(openCorpus({ data: '/dev/null', tokenizer: 'bytes' }), '/dev/null: not a file')
  })

  it.skipIf(process.platform === 'win32')('a pipe that nobody writes to is refused, and holds nothing up', async () => {
    const pipe = join(folder, 'pipe.txt')
    execFileSync('mkfifo', [pipe])
    for (const tokenizer of ['bytes', 'gpt2']) {
      await refused(openCorpus({ data: pipe, tokenizer }), `${pipe}: not a file`)
    }
    // In the place of a lock and of a run's record too.
    const lock = join(folder, 'pipe.slt-lock')
    execFileSync('mkfifo', [lock])
    await expect(takeLock(lock)).rejects.toThrow('not a file')
    await expect(readTextIfThere(pipe)).rejects.toThrow(`${pipe}: not a file`)
    await expect(importTicket(pipe, join(folder, 'never.slt.safetensors'))).rejects.toThrow(`${pipe}: not a file`)
  })

  it.skipIf(process.getuid?.() === 0)('what may not be read', async () => {
    const data = file('secret.txt', 'text')
    chmodSync(data, 0)
    await refused(openCorpus({ data, tokenizer: 'bytes' }), `${data}: permission denied`)
  })

  it('an unknown tokenizer', async () => {
    await expect(openCorpus({ data: file('b.txt', 'x'), tokenizer: 'words' })).rejects.toThrow(RangeError)
  })
})

it('stops when the signal aborts', async () => {
  const controller = new AbortController()
  const data = file('stopped.txt', 'x'.repeat(3 << 20))
  const onProgress = () => controller.abort(new Error('enough'))
  await expect(openCorpus({ data, tokenizer: 'bytes', onProgress, signal: controller.signal })).rejects.toThrow(
    'enough',
  )
})

async function refused(opening: Promise<unknown>, message: string): Promise<void> {
  const error: Error = await opening.then(
    () => new Error('was opened'),
    (reason) => reason,
  )
  expect(error.message).toContain(message)
  expect(error.message).not.toContain('\n')
  expect(error.name).toBe('InputError')
}

const rawBytes = (tokens: Tokens) => Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength)

function tensorFile(name: string, dtype: Dtype, shape: number[], bytes: Uint8Array): Uint8Array {
  return encodeSafetensors([{ name, dtype, shape, bytes }])
}
