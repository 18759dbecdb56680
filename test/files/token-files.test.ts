import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { encodeSafetensors, uint16Bytes } from '../../src/safetensors/index.js'

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
const tokens = (await loadTokenizer('gpt2')).encode(play)
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
      `InputError: has llm.c's header for Llama 3, whose vocabulary is none of ours; ${AS}`,
    )
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
