import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { atOnce, createTextStream, type Tokens } from '../../src/data/index.js'
import { encodeTruncated, type FolderTokenizer, openFolderTokenizer } from '../../src/interop/folder-tokenizer.js'
import { tokenBytes } from '../../src/interop/token-bytes.js'
import { InputError, memorySource } from '../../src/safetensors/index.js'

const vectors = new URL('../vectors/', import.meta.url)
const stories = new URL('../../data/stories260k/', import.meta.url)

/** Opens files of a folder, some of them replaced; null: not there. */
const opening =
  (folder: URL, replaced: Record<string, string | null> = {}) =>
  async (name: string) => {
    const own = replaced[name]
    if (own === null) throw new InputError(`${name}: no such file`, { cause: { code: 'ENOENT' } })
    return memorySource(own === undefined ? readFileSync(new URL(name, folder)) : new TextEncoder().encode(own), name)
  }
const openVectors = (name: string, vocabulary: number) =>
  openFolderTokenizer(opening(new URL(`tokenizers/${name}/`, vectors)), vocabulary)

interface Vectors {
  readonly vocabulary: number
  readonly texts: readonly [text: string, tokens: number[], special: number[], decoded: string][]
  readonly split: readonly [text: string, tokens: number[]][]
  readonly decoded: readonly [tokens: number[], text: string][]
}
const vectorsOf = (name: string): Vectors =>
  JSON.parse(readFileSync(new URL(`tokenizers/${name}/tokens.json`, vectors), 'utf8'))

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const textOf = (tokenizer: FolderTokenizer, tokens: readonly number[]) => utf8.decode(tokenizer.decode(tokens))

/** A text in pieces of some bytes. */
function streamed(tokenizer: FolderTokenizer, text: string, size: number, addSpecialTokens = false): number[] {
  const bytes = new TextEncoder().encode(text)
  const encoder = tokenizer.createEncoder({ addSpecialTokens })
  const tokens: number[] = []
  const take = (some: Tokens) => tokens.push(...some)
  for (let at = 0; at < bytes.length; at += size) atOnce(encoder.push(bytes.subarray(at, at + size), take))
  atOnce(encoder.end(take))
  return tokens
}

const kinds = ['bpe-byte-fallback', 'wordpiece', 'wordpiece-raw', 'byte-level', 'byte-level-words', 'unigram', 'parts']

describe.each(kinds)("%s: as Hugging Face's tokenizers", (name) => {
  const { vocabulary, texts, split, decoded } = vectorsOf(name)
  const opened = openVectors(name, vocabulary)

  test('texts become tokens, whole and in pieces, with the tokens around them', async () => {
    const tokenizer = await opened
    expect(texts.length).toBeGreaterThan(190)
    for (const [text, tokens, special] of texts) {
      expect([text, [...tokenizer.encode(text)]]).toEqual([text, tokens])
      expect([...tokenizer.encode(text, { addSpecialTokens: true })]).toEqual(special)
      expect(streamed(tokenizer, text, 3, true)).toEqual(special)
    }
  })

  test('special tokens in a text are read as letters where that is asked for', async () => {
    const tokenizer = await opened
    expect(split.length).toBeGreaterThan(20)
    for (const [text, tokens] of split) {
      expect([text, [...tokenizer.encode(text, { splitSpecialTokens: true })]]).toEqual([text, tokens])
    }
  })

  test('tokens become text, at once and one by one, from the start and behind others', async () => {
    const tokenizer = await opened
    const all = [...texts.map(([, tokens, , text]) => [tokens, text] as const), ...decoded]
    for (const [tokens, text] of all) {
      expect([tokens, textOf(tokenizer, tokens)]).toEqual([tokens, text])
      const stream = createTextStream(tokenizer)
      expect(tokens.map((token) => stream.push(token)).join('') + stream.end()).toBe(text)
      for (const at of [1, tokens.length >> 1]) {
        const start = tokens.slice(0, at)
        const rest = createTextStream(tokenizer, start)
        const bytes = new TextEncoder().encode(
          tokens
            .slice(at)
            .map((token) => rest.push(token))
            .join('') + rest.end(),
        )
        const whole = utf8.decode(Uint8Array.from([...tokenizer.decode(start), ...bytes]))
        if (!text.includes('\ufffd') && !textOf(tokenizer, start).includes('\ufffd')) expect(whole).toBe(text)
      }
    }
  })
})

test("stories260k has llama2.c's tokens, one of which begins a text", async () => {
  const tokenizer = await openFolderTokenizer(opening(stories), 512)
  const rows: [string, number[], string][] = JSON.parse(
    readFileSync(new URL('stories260k/tokens.json', vectors), 'utf8'),
  )
  expect(rows.length).toBeGreaterThan(300)
  for (const [text, tokens, decoded] of rows) {
    expect([text, [...tokenizer.encode(text)]]).toEqual([text, tokens])
    expect(textOf(tokenizer, tokens)).toBe(decoded)
  }
  const { before, after, endToken, documentEnd, maskToken, maxLength, byteLengths } = tokenizer
  expect({ before, after, endToken, documentEnd, maskToken, maxLength }).toEqual({
    before: [1],
    after: [],
    endToken: 2,
    documentEnd: 2,
    maskToken: null,
    maxLength: 512,
  })
  expect([1, 3, 265].map((token) => byteLengths[token])).toEqual([0, 1, 4]) // <s>, <0x00>, " the"
})

test('a text is cut at the side that the folder says, and another side is refused', async () => {
  const folder = new URL('tokenizers/wordpiece/', vectors)
  const settings = JSON.parse(readFileSync(new URL('tokenizer_config.json', folder), 'utf8'))
  const openSide = (side: unknown) => {
    const changed = { 'tokenizer_config.json': JSON.stringify({ ...settings, truncation_side: side }) }
    return openFolderTokenizer(opening(folder, changed), 701)
  }
  const text = 'Speak, speak. First, you know'
  const whole = [...(await openVectors('wordpiece', 701)).encode(text, { addSpecialTokens: true })]
  const left = await openSide('left')
  expect(encodeTruncated(left, text, 6)).toEqual([whole[0], ...whole.slice(-5)])
  expect(encodeTruncated(left, text, 512)).toEqual(whole)
  expect(encodeTruncated(await openSide('right'), text, 6)).toEqual([...whole.slice(0, 5), whole.at(-1)])
  await expect(openSide('middle')).rejects.toThrow(
    'tokenizer_config.json: "truncation_side" expected right or left, got "middle"',
  )
})

test('a text cut to a length keeps the tokens around it', async () => {
  const tokenizer = await openVectors('wordpiece', 701)
  const whole = [...tokenizer.encode('Speak, speak. First, you know', { addSpecialTokens: true })]
  expect(whole.length).toBeGreaterThan(7)
  const cut = encodeTruncated(tokenizer, 'Speak, speak. First, you know', 6)
  expect(cut).toEqual([...whole.slice(0, 5), whole.at(-1)])
  expect(encodeTruncated(tokenizer, 'Speak, speak. First, you know', 512)).toEqual(whole)
  expect(encodeTruncated(tokenizer, 'Speak', 2)).toEqual([2, 3])
  expect(() => encodeTruncated(tokenizer, 'Speak', 1)).toThrow(
    new RangeError('"maxLength" expected at least 2 tokens, got 1'),
  )
  expect(tokenizer).toMatchObject({ maskToken: 4, padToken: 0, documentEnd: 3, endToken: null, maxLength: null })
})

test('what is no UTF-8 becomes U+FFFD, and is counted', async () => {
  const tokenizer = await openVectors('byte-level', 484)
  const bytes = Uint8Array.from([0x61, 0xff, 0xef, 0xbf, 0xbd, 0x62, 0xc3]) // U+FFFD itself between two that are ill-formed
  const encoder = tokenizer.createEncoder()
  const tokens: number[] = []
  atOnce(encoder.push(bytes.subarray(0, 3), (some) => tokens.push(...some)))
  atOnce(encoder.push(bytes.subarray(3), (some) => tokens.push(...some)))
  expect(atOnce(encoder.end((some) => tokens.push(...some)))).toBe(2)
  expect(textOf(tokenizer, tokens)).toBe('a\ufffd\ufffdb\ufffd')
  expect([...tokenizer.encode('a\ud800b')]).toEqual([...tokenizer.encode('a\ufffdb')])
})

test.each([
  ['never', ' a b', '  a', ' a'],
  ['first', 'a b', 'a', 'a'],
  ['always', 'a b', 'a', 'a'],
])('Metaspace that prepends %s decodes as tokenizers 0.23.3', (prepend_scheme, ...expected) => {
  const names = ['\u2581a', '\u2581b', '\u2581\u2581a', '\u2581', 'a']
  const { bytesOf } = tokenBytes(
    names.map((text) => ({ text, isSpecial: false, isAdded: false })),
    { type: 'Metaspace', prepend_scheme },
  )
  const decode = (...tokens: number[]) => tokens.map((token, i) => utf8.decode(bytesOf(token, i === 0))).join('')
  expect([decode(0, 1), decode(2), decode(3, 4)]).toEqual(expected)
})

test('a token may go on behind a space', async () => {
  const folder = new URL('tokenizers/bpe-byte-fallback/', vectors)
  const json = JSON.parse(readFileSync(new URL('tokenizer.json', folder), 'utf8'))
  json.model.vocab['t\u2581t'] = 623
  json.model.vocab['t\u2581'] = 624
  json.model.merges.unshift(['t', '\u2581'], ['t\u2581', 't'])
  const tokenizer = await openFolderTokenizer(opening(folder, { 'tokenizer.json': JSON.stringify(json) }), 625)
  expect([...tokenizer.encode('t t')]).toContain(623)
  expect(textOf(tokenizer, [...tokenizer.encode('t t')])).toBe('t t')
})

test('a word of 200,000 tokens is one text', async () => {
  const tokenizer = await openVectors('unigram', 421)
  const word = 'a'.repeat(200_000)
  expect(textOf(tokenizer, [...tokenizer.encode(word)])).toBe(word)
})

describe("what transformers makes of a BertTokenizer's folder", () => {
  const folder = new URL('tokenizers/wordpiece/', vectors)
  const { vocabulary } = vectorsOf('wordpiece')
  const jsonOf = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  const open = (settings: object, json: object = {}) =>
    openFolderTokenizer(
      opening(folder, {
        'tokenizer_config.json': JSON.stringify({ ...jsonOf('tokenizer_config.json'), ...settings }),
        'tokenizer.json': JSON.stringify({ ...jsonOf('tokenizer.json'), ...json }),
      }),
      vocabulary,
    )
  const [CLS, SEP, MASK, UNK] = [2, 3, 4, 1]
  const keepsCase = { ...jsonOf('tokenizer.json').normalizer, lowercase: false }

  test('[CLS] and [SEP] stand around a text where the file puts nothing there', async () => {
    expect(await open({}, { post_processor: null })).toMatchObject({ before: [CLS], after: [SEP] })
    expect(await open({ tokenizer_class: 'PreTrainedTokenizerFast' }, { post_processor: null })).toMatchObject({
      before: [],
      after: [],
    })
  })

  test('do_lower_case of tokenizer_config.json decides, true by default', async () => {
    const small = [...(await open({})).encode('a')]
    expect([...(await open({ do_lower_case: undefined }, { normalizer: keepsCase })).encode('A')]).toEqual(small)
    expect([...(await open({ do_lower_case: false })).encode('A')]).toEqual([UNK])
    await expect(open({ do_lower_case: 'no' })).rejects.toThrow('do_lower_case "no" of tokenizer_config.json')
  })

  test('made small for sentence-transformers: special tokens in a text stay, and a sigma at the end of a word is as any other', async () => {
    const cased = await open({ do_lower_case: false })
    const text = 'A [MASK] \u03a3\u03a3'
    expect(cased.encode(text)[0]).toBe(UNK)
    const small = [...cased.lowerCased().encode(text)]
    expect(small).toEqual([...cased.encode('a [MASK] \u03c3\u03c3')])
    expect(small[1]).toBe(MASK)
    expect([...cased.lowerCased().lowerCased().encode(text)]).toEqual(small)
  })

  test('the side of padding: tokenizer_config.json before tokenizer.json', async () => {
    expect((await open({})).padding).toBe('right')
    expect((await open({ padding_side: 'left' })).padding).toBe('left')
    const padding = { ...jsonOf('tokenizer.json').padding, direction: 'Left' }
    expect((await open({}, { padding })).padding).toBe('left')
    expect((await open({ padding_side: 'right' }, { padding })).padding).toBe('right')
  })
})

describe('a folder that is refused', () => {
  const folder = new URL('tokenizers/byte-level/', vectors)
  const own = () => JSON.parse(readFileSync(new URL('tokenizer.json', folder), 'utf8'))
  const refused = (change: (json: ReturnType<typeof own>) => void, vocabulary = 484) => {
    const json = own()
    change(json)
    return expect(openFolderTokenizer(opening(folder, { 'tokenizer.json': JSON.stringify(json) }), vocabulary)).rejects
  }

  test('without a tokenizer.json, or with one that is no JSON', async () => {
    await expect(openFolderTokenizer(opening(folder, { 'tokenizer.json': null }), 484)).rejects.toThrow(
      new InputError('tokenizer.json: no such file; transformers writes it when it saves a fast tokenizer'),
    )
    await expect(openFolderTokenizer(opening(folder, { 'tokenizer.json': '[]' }), 484)).rejects.toThrow(
      new InputError('tokenizer.json: not a JSON object'),
    )
    await expect(openFolderTokenizer(opening(folder, { 'tokenizer_config.json': '{' }), 484)).rejects.toThrow(
      /^tokenizer_config\.json: /,
    )
    await expect(openFolderTokenizer(opening(folder, { 'tokenizer_config.json': null }), 484)).resolves.toMatchObject({
      endToken: null,
      documentEnd: 0,
    })
  })

  test("with tokens beyond the model's vocabulary; with fewer it is read", async () => {
    await refused(() => {}, 481).toThrow(
      new InputError(`tokenizer.json: token 483 ("<think>ing") is beyond the model's vocabulary of 481`),
    )
    await refused(() => {}, 2 ** 24 + 1).toThrow(
      new InputError('tokenizer.json: a vocabulary of 16,777,217 tokens is not supported; at most 16,777,216 are'),
    )
    const padded = await openFolderTokenizer(opening(folder), 512)
    expect(padded.vocabulary).toBe(512)
    expect(padded.decode([511])).toEqual(new Uint8Array(0))
    expect(() => padded.decode([512])).toThrow(RangeError)
  })

  test.each<[string, (json: ReturnType<typeof own>) => void, string]>([
    [
      'a model',
      (json) => Object.assign(json.model, { type: 'WordLevel' }),
      'model "WordLevel": not supported; what is: BPE, WordPiece, Unigram',
    ],
    ['no model', (json) => Object.assign(json, { model: null }), 'model expected an object, got null'],
    ['dropout', (json) => Object.assign(json.model, { dropout: 0.1 }), 'model "BPE": dropout 0.1 is not supported'],
    [
      'a merge',
      (json) => json.model.merges.unshift(['a', 'zq']),
      'model "BPE": merge 0 expected two texts that make a token, got ["a","zq"]',
    ],
    [
      'a vocabulary',
      (json) => Object.assign(json.model.vocab, { a: -1 }),
      'model "BPE": vocab expected an object of texts and their numbers',
    ],
    ['a number twice', (json) => Object.assign(json.model.vocab, { a: 70 }), 'tokens "'],
    [
      'bytes of Unigram',
      (json) => Object.assign(json, { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 0, byte_fallback: true } }),
      'model "Unigram": byte_fallback is not supported',
    ],
    [
      'an unknown token',
      (json) => Object.assign(json, { model: { type: 'WordPiece', vocab: { a: 0 }, unk_token: '[UNK]' } }),
      'model "WordPiece": unk_token expected a token, got "[UNK]"',
    ],
    [
      'a normalizer',
      (json) => Object.assign(json, { normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled' }] } }),
      'normalizer "Precompiled": not supported',
    ],
    [
      'a pre_tokenizer',
      (json) => Object.assign(json, { pre_tokenizer: { type: 'Whitespace' } }),
      'pre_tokenizer "Whitespace": not supported',
    ],
    [
      'a split',
      (json) => Object.assign(json.pre_tokenizer.pretokenizers[0], { behavior: 'MergedWithNext' }),
      'pre_tokenizer "Split": behavior "MergedWithNext", invert false is not supported',
    ],
    ['a pattern', (json) => Object.assign(json.pre_tokenizer.pretokenizers[0], { pattern: { Regex: '(' } }), ''],
    ['a decoder', (json) => Object.assign(json, { decoder: { type: 'CTC' } }), 'decoder "CTC": not supported'],
    [
      'decoders in another order',
      (json) =>
        Object.assign(json, {
          decoder: {
            type: 'Sequence',
            decoders: [{ type: 'Strip', content: ' ', start: 1, stop: 0 }, { type: 'Fuse' }],
          },
        }),
      'decoder Strip, Fuse: expected Fuse before Strip, and nothing else behind it',
    ],
    [
      'a template',
      (json) => Object.assign(json, { post_processor: { type: 'TemplateProcessing', single: [] } }),
      'post_processor "TemplateProcessing": single [] is not supported',
    ],
    [
      'a token around that is none',
      (json) =>
        Object.assign(json, { post_processor: { type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[SEP]', 2] } }),
      '"[CLS]" is no token',
    ],
    [
      'an added token',
      (json) => Object.assign(json.added_tokens[0], { single_word: true }),
      'added token "<|begin|>": single_word is not supported',
    ],
    [
      'a part without a type',
      (json) => Object.assign(json, { normalizer: {} }),
      'normalizer expected an object with a type, got {}',
    ],
  ])('for %s', async (_, change, message) => {
    await refused(change).toThrow(InputError)
    await refused(change).toThrow(`tokenizer.json: ${message}`)
  })

  test('but not for tokens that tokenizer_config.json adds', async () => {
    const config = JSON.stringify({
      added_tokens_decoder: { 484: { content: '<|tool|>', special: true } },
      eos_token: '<|tool|>',
    })
    const tokenizer = await openFolderTokenizer(opening(folder, { 'tokenizer_config.json': config }), 485)
    expect(tokenizer.endToken).toBe(484)
    expect([...tokenizer.encode('<|tool|>')]).toEqual([484])
  })
})
