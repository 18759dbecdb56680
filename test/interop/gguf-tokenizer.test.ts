import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { type GgufFile, type Metadata, openGguf, planGguf } from '../../src/gguf/index.js'
import { ggufSpecialTokens, ggufTokenizerFiles } from '../../src/interop/gguf-tokenizer-files.js'
import { ggufTokenizer, letterGgufTokenizer, readFolderTokenizer, recogniseTokenizer } from '../../src/interop/index.js'
import { tokenizerJson } from '../../src/interop/tokenizer-json.js'
import { memorySource } from '../../src/safetensors/index.js'

const root = new URL('../../', import.meta.url)
const fileOf = async (path: string) => {
  const place = fileURLToPath(new URL(path, root))
  return { text: await readFile(place, 'utf8'), source: place.split('/').at(-1)! }
}

/** A file that holds a tokenizer alone. */
const stored = (metadata: Metadata): Promise<GgufFile> =>
  openGguf(memorySource(planGguf(metadata, []).header, 'x.gguf'))

const texts = [
  'Once upon a time',
  'ROMEO:\n\nWhat, 12 or  13?\t"No"',
  'Grüße, 世界! \u{1f600}',
  '   ',
  ' a',
  "it's we'll\r\n\r\nNOW 2024",
  '',
]

interface Case {
  readonly path: string
  readonly vocabulary: number
  readonly before: number[]
}
/** Folders whose tokenizers llama.cpp has. */
const folders: Case[] = [{ path: 'data/stories260k', vocabulary: 512, before: [1] }]

describe.each(folders)('$path', ({ path, vocabulary, before }) => {
  test('is read back from its metadata: the same tokens of texts, the same texts of tokens', async () => {
    const [json, config] = [await fileOf(`${path}/tokenizer.json`), await fileOf(`${path}/tokenizer_config.json`)]
    const own = await readFolderTokenizer(json, config, vocabulary)
    const special = { bos: 1, eos: 2, stops: [2, 1] }
    const options = { vocabulary, special, config, before: own.before, after: own.after }
    const file = await stored(ggufTokenizer(json, options).metadata)
    const { files, warnings } = ggufTokenizerFiles(file, vocabulary)
    expect(warnings).toEqual([])
    const found = await readFolderTokenizer(files!.json, files!.config, vocabulary)
    expect([found.before, found.after]).toEqual([before, []])
    for (const text of texts) {
      const tokens = own.encode(text, { addSpecialTokens: true })
      expect(found.encode(text, { addSpecialTokens: true }), text).toEqual(tokens)
      expect(found.decode(tokens)).toEqual(own.decode(tokens))
    }
    expect(ggufSpecialTokens(file, vocabulary)).toEqual({ bos: 1, eos: 2, stops: [2, 1], pad: null })
  })
})

describe('byte-level BPE of a folder', () => {
  const path = 'test/vectors/tokenizers/byte-level'
  const threeDigits = (regex: string) => regex.replace('|\\p{N}|', '|\\p{N}{1,3}|')
  test.each([
    ['qwen2', false, (regex: string) => regex],
    ['llama-bpe', true, threeDigits],
  ] as const)('words cut as %s cuts them: the same tokens when it is read back', async (pre, ignoreMerges, cut) => {
    const json = JSON.parse((await fileOf(`${path}/tokenizer.json`)).text)
    json.normalizer = null
    json.model.ignore_merges = ignoreMerges
    const [{ pattern }] = json.pre_tokenizer.pretokenizers
    pattern.Regex = cut(pattern.Regex)
    const file = { text: JSON.stringify(json), source: 'tokenizer.json' }
    const config = await fileOf(`${path}/tokenizer_config.json`)
    const own = await readFolderTokenizer(file, config, 484)
    const special = { bos: 480, eos: 481, stops: 481 }
    const options = { vocabulary: 484, special, config, before: own.before, after: own.after }
    const { metadata, notes } = ggufTokenizer(file, options)
    expect(notes).toEqual([])
    expect(metadata.get('tokenizer.ggml.pre')!.value).toBe(pre)
    const { files } = ggufTokenizerFiles(await stored(metadata), 484)
    const found = await readFolderTokenizer(files!.json, files!.config, 484)
    for (const text of [...texts, '<think>ing 12345<|end|>']) {
      const tokens = own.encode(text, { addSpecialTokens: true })
      expect(found.encode(text, { addSpecialTokens: true }), text).toEqual(tokens)
    }
  })

  test('what llama.cpp does before the tokens, and does not do, is said or refused', async () => {
    const json = JSON.parse((await fileOf(`${path}/tokenizer.json`)).text)
    const special = { bos: 480, eos: 481, stops: 481 }
    const written = () =>
      ggufTokenizer({ text: JSON.stringify(json), source: 'x' }, { vocabulary: 484, special, before: [480] })
    expect(written).toThrow('x: no tokenizer of llama.cpp: words are cut neither as GPT-2, Llama 3 nor Qwen2 cut them')
    json.model.ignore_merges = false
    expect(written().notes).toEqual([
      'x: llama.cpp does not compose characters (NFC) before it cuts a text into tokens',
    ])
    json.normalizer = { type: 'Lowercase' }
    expect(written).toThrow('its normalizer is Lowercase')
  })
})

describe.each(['bytes', 'gpt2'] as const)('%s', (name) => {
  test('is recognised when it is read back, with a token of padding', async () => {
    const { vocabulary } = await loadTokenizer(name)
    const end = name === 'gpt2' ? 50256 : null
    const special = { bos: end, eos: end, stops: end }
    const { metadata, notes } = ggufTokenizer(
      { text: await tokenizerJson(name), source: name },
      {
        vocabulary: vocabulary + 1,
        special,
      },
    )
    expect(notes).toEqual([])
    const file = await stored(metadata)
    expect(metadata.get('tokenizer.ggml.tokens')!.value).toHaveLength(vocabulary + 1)
    const { files } = ggufTokenizerFiles(file, vocabulary + 1)
    expect(await recogniseTokenizer(files!.json.text, 'x')).toEqual({
      name,
      added: [],
    })
    // To llama.cpp bytes end with byte 0, which no text holds.
    expect(ggufSpecialTokens(file, vocabulary + 1).stops).toBe(end ?? 0)
  })
})

test('letters stand for the tokens of a model of a task, and are no tokenizer when they are read', async () => {
  const { metadata, notes } = letterGgufTokenizer(3, 'x')
  expect(metadata.get('tokenizer.ggml.tokens')!.value).toEqual(['A', 'B', 'C'])
  expect(notes).toEqual([])
  expect(ggufTokenizerFiles(await stored(metadata), 3)).toEqual({ files: null, warnings: [] })
  expect(letterGgufTokenizer(12, 'x').notes).toEqual([
    'x: names no token that ends a text, and llama.cpp takes token 11 (L) for it',
  ])
})

describe('tokenizers that llama.cpp has not are refused in one line', () => {
  const vectors = 'test/vectors/tokenizers'
  const special = { bos: null, eos: null, stops: null }
  const whole = (json: { text: string; source: string }) => ggufTokenizer(json, { vocabulary: 2 ** 16, special })

  test.each([
    ['wordpiece', /^tokenizer\.json: no tokenizer of llama\.cpp: its model is WordPiece; what is written is BPE$/],
    ['unigram', /^tokenizer\.json: no tokenizer of llama\.cpp: its model is Unigram; what is written is BPE$/],
    ['bpe-byte-fallback', /: no merge joins "▁th" and "e" to "▁the", as scores would$/],
    ['parts', /^tokenizer\.json: no tokenizer of llama\.cpp: [^\n]+$/],
  ])('%s', async (name, message) => {
    const json = await fileOf(`${vectors}/${name}/tokenizer.json`)
    expect(() => whole(json)).toThrow(message)
  })

  interface TokenizerJson {
    readonly model: { readonly vocab: Record<string, number>; readonly merges: string[] }
    normalizer: unknown
  }
  const changed = async (change: (json: TokenizerJson) => void) => {
    const { text } = await fileOf('data/stories260k/tokenizer.json')
    const json = JSON.parse(text)
    change(json)
    return { text: JSON.stringify(json), source: 'x' }
  }
  test.each<[string, (json: TokenizerJson) => void, RegExp]>([
    [
      'a byte without a token',
      ({ model }) => {
        delete model.vocab['<0x41>']
      },
      /it has no token <0x41>, which stands for a byte/,
    ],
    ['a merge that scores would make', ({ model }) => void model.merges.pop(), /no merge joins "[^\n]+as scores would/],
    [
      'merges of one token apart',
      ({ model }) => void model.merges.push(model.merges[0]),
      /the merges that make "[^\n]+" do not follow each other, as scores have it/,
    ],
    [
      'another normalizer',
      (json) => {
        json.normalizer = { type: 'NFC' }
      },
      /its normalizer [^\n]+ are not SentencePiece's/,
    ],
  ])('%s', async (_, change, message) => {
    const json = await changed(change)
    expect(() => whole(json)).toThrow(message)
  })

  test('what it cannot put around a text', async () => {
    const json = await fileOf('data/stories260k/tokenizer.json')
    const options = { vocabulary: 512, special: { bos: 1, eos: 2, stops: 2 }, before: [1, 1] }
    expect(() => ggufTokenizer(json, options)).toThrow('it puts the tokens 1, 1, ... around a text')
  })
})

describe('metadata of tokenizers', () => {
  const changed = async (key: string, value: unknown) => {
    const json = await fileOf('data/stories260k/tokenizer.json')
    const { metadata } = ggufTokenizer(json, { vocabulary: 512, special: { bos: 1, eos: 2, stops: 2 } })
    const entries = new Map(metadata)
    const old = entries.get(`tokenizer.ggml.${key}`)!
    entries.set(`tokenizer.ggml.${key}`, { ...old, value } as typeof old)
    return stored(entries)
  }
  test.each<[string, string, unknown, RegExp]>([
    ['too few tokens', 'tokens', ['a'], /^x\.gguf: tokenizer\.ggml\.tokens expected 512 items, got 1$/],
    [
      'two tokens of one text',
      'tokens',
      Array.from({ length: 512 }, () => 'a'),
      /^x\.gguf: tokens 0 and 1 are both "a"$/,
    ],
    ['too few scores', 'scores', [0], /^x\.gguf: tokenizer\.ggml\.scores expected 512 items, got 1$/],
  ])('%s are refused', async (_, key, value, message) => {
    const file = await changed(key, value)
    expect(() => ggufTokenizerFiles(file, 512)).toThrow(message)
  })

  test('a model or a pre-tokenizer that is not read is named in a warning', async () => {
    const bert = await changed('model', 'bert')
    expect(ggufTokenizerFiles(bert, 512)).toEqual({
      files: null,
      warnings: ['x.gguf: its tokenizer, of the model "bert", is not supported; --tokenizer may name another'],
    })
    const special = { bos: 50256, eos: 50256, stops: 50256 }
    const { metadata } = ggufTokenizer(
      { text: await tokenizerJson('gpt2'), source: 'x' },
      { vocabulary: 50257, special },
    )
    const entries = new Map(metadata).set('tokenizer.ggml.pre', { type: 'string', value: 'tekken' })
    expect(ggufTokenizerFiles(await stored(entries), 50257).warnings).toEqual([
      'x.gguf: its tokenizer, with the pre-tokenizer "tekken", is not supported; --tokenizer may name another',
    ])
  })
})
