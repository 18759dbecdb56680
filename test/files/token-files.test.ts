import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTokenizer, type Tokenizer } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { type Dtype, encodeSafetensors, uint16Bytes } from '../../src/safetensors/index.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const open = (data: string, tokenizer = 'gpt2') => openCorpus({ data, tokenizer })
const refusal = (data: string, tokenizer?: string) =>
  open(data, tokenizer).then(
    () => 'was read',
    (error) => `${error.name}: ${error.message.replace(`${data}: `, '')}`,
  )
const AS = 'a .bin file expected uint16 tokens, as nanoGPT or llm.c write them'

const play = readFileSync(new URL('../../data/tinyshakespeare/input.txt', import.meta.url)).subarray(0, 400_000)
const tokens = Uint16Array.from((await loadTokenizer('gpt2')).encode(play))
const bytes = await loadTokenizer('bytes')
/** nanoGPT's data/shakespeare_char: the characters in order of their codes are the vocabulary. */
const characters = [...new Set(play)].sort((a, b) => a - b)
const ofCharacters = Uint16Array.from(play, (byte) => characters.indexOf(byte))

describe("llm.c's header", () => {
  const withHeader = (magic: number, version: number, count: number, body: Uint16Array) => {
    const head = Buffer.alloc(1024)
    for (const [i, value] of [magic, version, count].entries()) head.writeInt32LE(value, 4 * i)
    return Buffer.concat([head, uint16Bytes(body)])
  }

  test('is read, and what comes after it are the tokens', async () => {
    const { train, valid, parts } = await open(file('a.bin', withHeader(20240520, 1, tokens.length, tokens)))
    expect(Buffer.from([...train.subarray(0, 100)])).toEqual(Buffer.from([...tokens.subarray(0, 100)]))
    expect(train.length + valid.length).toBe(tokens.length)
    expect(parts[0].files[0]).toMatchObject({ form: 'llm.c', tokens: tokens.length })
  })

  test('that promises other counts, is of another version or for another vocabulary is refused', async () => {
    const cut = withHeader(20240520, 1, 20_000, tokens.subarray(0, 2488))
    expect(await refusal(file('cut.bin', cut))).toBe(
      'InputError: its llm.c header promises 20000 tokens, the file holds 2488: it was cut or added to',
    )
    expect(await refusal(file('head.bin', cut.subarray(0, 500)))).toContain('the file ends within it')
    expect(await refusal(file('v2.bin', withHeader(20240520, 2, 4, tokens.subarray(0, 4))))).toBe(
      `InputError: has llm.c's header of version 2, expected 1; ${AS}`,
    )
    expect(await refusal(file('llama.bin', withHeader(20240801, 7, 4, tokens.subarray(0, 4))))).toBe(
      `InputError: has llm.c's header for the tokens of Llama 3; ${AS}`,
    )
  })
})

describe('tokens of a vocabulary of more than 65,536', () => {
  const vocabulary = 70_000
  const tokenizer: Tokenizer = { ...bytes, name: 'folder', vocabulary, byteLengths: new Uint8Array(vocabulary).fill(1) }
  const ids = Uint32Array.from({ length: 3000 }, (_, i) => (i * 40_503) % vocabulary)
  const read = (data: string) => openCorpus({ data, tokenizer })
  const refused = (data: string) =>
    read(data).then(
      () => 'was read',
      (error) => `${error.name}: ${error.message.replace(`${data}: `, '')}`,
    )
  const uint32 = (values: Uint32Array): Buffer => {
    const all = Buffer.alloc(4 * values.length)
    for (const [i, value] of values.entries()) all.writeUInt32LE(value, 4 * i)
    return all
  }
  const llmc = (count: number): Buffer => {
    const head = Buffer.alloc(1024)
    for (const [i, value] of [20240801, 7, count].entries()) head.writeInt32LE(value, 4 * i)
    return Buffer.concat([head, uint32(ids)])
  }
  const WIDE = 'a .bin file expected uint32 tokens, for the vocabulary has more than 65,536'

  const tensor = (dtype: Dtype) => () =>
    encodeSafetensors([{ name: 'tokens', dtype, shape: [ids.length], bytes: uint32(ids) }])
  test.each<[what: string, form: string, name: string, make: () => Uint8Array]>([
    ['a bare file', 'uint32', 'a.bin', () => uint32(ids)],
    ["a file with llm.c's header for Llama 3", 'llm.c', 'b.bin', () => llmc(ids.length)],
    ['a tensor of U32', 'safetensors', 'u.safetensors', tensor('U32')],
    ['a tensor of I32', 'safetensors', 'i.safetensors', tensor('I32')],
  ])('are read from %s', async (_, form, name, make) => {
    const { train, valid, parts, sha256 } = await read(file(name, make()))
    expect([...train, ...valid]).toEqual([...ids])
    expect(Math.max(...train)).toBeGreaterThan(65_535)
    expect(parts[0].files[0]).toMatchObject({ form, tokens: ids.length })
    expect(sha256).toBe(createHash('sha256').update(make()).digest('hex'))
  })

  test('are refused where they are stored otherwise', async () => {
    expect(await refused(file('c.bin', uint16Bytes(tokens)))).toBe(`InputError: holds numbers of 16 bits; ${WIDE}`)
    const long = new Uint8Array(BigInt64Array.from(ids, BigInt).buffer)
    expect(await refused(file('d.bin', long))).toBe(`InputError: holds numbers of 64 bits; ${WIDE}`)
    expect(await refused(file('e.bin', uint32(ids).subarray(1)))).toBe(
      'InputError: 11999 bytes are no whole number of 32-bit tokens',
    )
    expect(await refused(file('f.bin', llmc(ids.length + 1)))).toBe(
      'InputError: its llm.c header promises 3001 tokens, the file holds 3000: it was cut or added to',
    )
    const gpt2 = llmc(ids.length)
    gpt2.writeInt32LE(20240520, 0)
    expect(await refused(file('g.bin', gpt2))).toBe(`InputError: has llm.c's header for the tokens of GPT-2; ${WIDE}`)
    expect(await refused(file('h.bin', uint32(ids.with(2777, vocabulary))))).toBe(
      'InputError: token 2777 is 70000, expected 0 to 69999 for the tokenizer folder',
    )
  })

  test("lie beside an index of Megatron's that says int32", async () => {
    const data = file('w.bin', uint32(ids))
    const index = (code: number) => Buffer.concat([Buffer.from('MMIDIDX\0\0'), Buffer.alloc(8, 1), Buffer.of(code)])
    file('w.idx', index(4))
    expect(await refused(data)).toBe('was read')
    file('w.idx', index(5))
    expect(await refused(data)).toBe(`InputError: lies beside an index of Megatron's that says int64; ${WIDE}`)
  })
})

describe('what is no uint16 is refused by name', () => {
  test.each([
    ['holds numbers of 32 bits', () => new Uint8Array(Uint32Array.from(tokens).buffer)],
    ['holds numbers of 32 bits', () => new Uint8Array(Uint32Array.from(tokens, (id) => id + 70_000).buffer)],
    ['holds numbers of 32 bits', () => Buffer.from(Uint32Array.from(tokens).buffer).swap32()],
    ['holds numbers of 64 bits', () => new Uint8Array(BigInt64Array.from(tokens, BigInt).buffer)],
    ['is a text, which is read under another name, such as .txt', () => play],
    ['is a gzip file', () => gzipSync(play)],
    ['is a NumPy array (.npy)', () => Buffer.from('\x93NUMPY\x01\0v\0', 'latin1')],
    ['is a pickle of Python', () => Buffer.from('80049503000000', 'hex')],
    [
      'is a safetensors file',
      () => encodeSafetensors([{ name: 'a', dtype: 'U8', shape: [1], bytes: Uint8Array.of(1) }]),
    ],
    ['is a GGUF file', () => Buffer.from('GGUF\x03\0\0\0', 'latin1')],
  ])('%s', async (said, make) => {
    expect(await refusal(file('x.bin', make()))).toBe(`InputError: ${said}; ${AS}`)
  })

  test("beside an index of Megatron's with other numbers; with uint16 it is read", async () => {
    const data = file('m.bin', uint16Bytes(tokens))
    const index = (code: number) => Buffer.concat([Buffer.from('MMIDIDX\0\0'), Buffer.alloc(8, 1), Buffer.of(code)])
    file('m.idx', index(4))
    expect(await refusal(data)).toBe(`InputError: lies beside an index of Megatron's that says int32; ${AS}`)
    file('m.idx', index(8))
    expect(await refusal(data)).toBe('was read')
  })

  test('small numbers at every second place are no such sign where all are small, or few', async () => {
    const letters = Uint16Array.from({ length: 4000 }, (_, i) => (i * i + (i >> 3)) % 4)
    const wide = { name: 'tokens', dtype: 'U16' as const, shape: [4000], bytes: uint16Bytes(letters) }
    expect(await refusal(file('small.safetensors', encodeSafetensors([wide])))).toBe('was read')
    expect(await refusal(file('few.bin', uint16Bytes(letters.subarray(0, 900))))).toBe('was read')
    expect(await refusal(file('pair.bin', uint16Bytes(Uint16Array.of(40, 0, 50, 1))))).toBe('was read')
  })
})

describe('tokens of another vocabulary', () => {
  const advice = 'give the text itself, or the same tokens as a tensor "tokens" in a .safetensors file'

  test("nanoGPT's characters are neither GPT-2's tokens nor bytes", async () => {
    const data = file('characters.bin', uint16Bytes(ofCharacters))
    expect(characters.length).toBeGreaterThan(60)
    expect(await refusal(data)).toBe(
      `InputError: the largest of its 400,000 tokens is ${characters.length - 1}, far below GPT-2's 50257: they are of another vocabulary; ${advice}`,
    )
    expect(await refusal(data, 'bytes')).toMatch(
      /^InputError: its tokens are no bytes of a text \(token \d is the control character \d+\): they are of another vocabulary;/,
    )
    const tensor = { name: 'tokens', dtype: 'U16' as const, shape: [400_000], bytes: uint16Bytes(ofCharacters) }
    expect(await refusal(file('characters.safetensors', encodeSafetensors([tensor])))).toBe('was read')
  })

  test('GPT-2 tokens of a text are far from the bounds: any 1,024 in a row and any 65,536', async () => {
    const leastLargest = (count: number) => {
      let least = Number.POSITIVE_INFINITY
      for (let at = 0; at + count <= tokens.length; at += count / 4) {
        least = Math.min(
          least,
          tokens.subarray(at, at + count).reduce((a, b) => Math.max(a, b)),
        )
      }
      return least
    }
    expect(leastLargest(1024)).toBeGreaterThan(8 * 5026)
    expect(leastLargest(65_536)).toBeGreaterThan(1.5 * 32_768)
    expect((await open(file('real.bin', uint16Bytes(tokens)))).warnings).toEqual([])
    expect((await open(file('bytes.bin', uint16Bytes(Uint16Array.from(play))), 'bytes')).warnings).toEqual([])
  })

  test('many tokens of a smaller vocabulary are told', async () => {
    const data = file('llama.bin', uint16Bytes(tokens.map((token) => token % 32_000)))
    expect((await open(data)).warnings).toEqual([
      `${data}: the largest of its 119,458 tokens is 31992 of GPT-2's 50257: are they of another vocabulary?`,
    ])
  })
})
