import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { AutoTokenizer, env } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { recogniseTokenizer, tokenizerFiles } from '../../src/interop/index.js'
import { InputError } from '../../src/safetensors/index.js'
import { bytesOf, writeFiles } from './output.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  env.allowRemoteModels = false
  env.localModelPath = dirname(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const vectors: { texts: [text: string, tokens: number[]][] } = JSON.parse(
  readFileSync(new URL('../vectors/gpt2-bpe/gpt2-bpe.json', import.meta.url), 'utf8'),
)
/** Where they differ from us on purpose: white space that is none to JavaScript or to Unicode. */
const differs = /[\u0085\ufeff]/
/** It refuses to decode nothing; GPT-2's texts were encoded by Hugging Face's tokenizers. */
const texts = vectors.texts.filter(([text]) => text !== '' && text.length < 2000 && !differs.test(text))

describe.each(['bytes', 'gpt2'] as const)('%s', (name) => {
  test('transformers.js reads it: the same tokens, and the text again', async () => {
    const place = join(folder, name)
    await writeFiles(place, await tokenizerFiles(name, 128))
    const theirs = await AutoTokenizer.from_pretrained(`${folder.split('/').at(-1)}/${name}`)
    const ours = await loadTokenizer(name)
    expect(texts.length).toBeGreaterThan(30)
    for (const [text, gpt2] of texts) {
      const tokens = theirs.encode(text)
      expect(tokens, text).toEqual(name === 'gpt2' ? gpt2 : [...ours.encode(text)])
      expect(theirs.decode(tokens)).toBe(text)
    }
    expect(theirs.model_max_length).toBe(128)
  })

  test('it is recognised, merges written either way', async () => {
    const text = new TextDecoder().decode(bytesOf((await tokenizerFiles(name, 128))[0]))
    expect(await recogniseTokenizer(text, 'tokenizer.json')).toEqual({ name, added: [] })
    const json = JSON.parse(text)
    json.model.merges = json.model.merges.map((merge: string) => merge.split(' '))
    expect(await recogniseTokenizer(JSON.stringify(json), 'tokenizer.json')).toEqual({ name, added: [] })
    const size = Object.keys(json.model.vocab).length
    const pad = { id: size, content: '<pad>', special: true }
    const padded = JSON.stringify({ ...json, added_tokens: [...json.added_tokens, pad] })
    const added = [{ text: '<pad>', token: size, isSpecial: true }]
    expect(await recogniseTokenizer(padded, 'tokenizer.json')).toEqual({ name, added })
    const changes: ((json: never) => void)[] = [
      ({ model }: { model: { vocab: Record<string, number> } }) => {
        model.vocab['!'] = 34
      },
      ({ model }: { model: { merges: unknown[] } }) => model.merges.push(['a', 'b']),
      (own: { normalizer: unknown }) => {
        own.normalizer = { type: 'NFC' }
      },
      ({ pre_tokenizer }: { pre_tokenizer: { add_prefix_space: boolean } }) => {
        pre_tokenizer.add_prefix_space = true
      },
      ({ model }: { model: { end_of_word_suffix: string } }) => {
        model.end_of_word_suffix = '</w>'
      },
      (own: { added_tokens: unknown[] }) => own.added_tokens.push({ id: 60000, content: '<pad>' }),
      (own: { added_tokens: unknown[] }) => own.added_tokens.push({ id: size, content: '<mask>', lstrip: true }),
      ({ model }: { model: { vocab: Record<string, number> } }) => {
        model.vocab['<pad>'] = size
      },
    ]
    for (const change of changes) {
      const other = structuredClone(json)
      change(other as never)
      expect(await recogniseTokenizer(JSON.stringify(other), 'tokenizer.json'), String(change)).toBeNull()
    }
  })
})

test('GPT-2 that does not split words, or does not follow its merges, is another tokenizer', async () => {
  const json = JSON.parse(new TextDecoder().decode(bytesOf((await tokenizerFiles('gpt2', 1024))[0])))
  const { pre_tokenizer, model } = json
  for (const other of [
    { ...json, pre_tokenizer: { ...pre_tokenizer, use_regex: false } },
    { ...json, model: { ...model, ignore_merges: true } },
  ]) {
    expect(await recogniseTokenizer(JSON.stringify(other), 'tokenizer.json')).toBeNull()
  }
  delete pre_tokenizer.use_regex
  expect(await recogniseTokenizer(JSON.stringify(json), 'tokenizer.json')).toEqual({ name: 'gpt2', added: [] })
})

test('GPT-2 words are where its own vocabulary file has them', async () => {
  const text = new TextDecoder().decode(bytesOf((await tokenizerFiles('gpt2', 1024))[0]))
  const { vocab, merges } = JSON.parse(text).model
  // From OpenAI's encoder.json and vocab.bpe
  expect([vocab['!'], vocab['\u0120the'], vocab['<|endoftext|>']]).toEqual([0, 262, 50256])
  expect(merges.slice(0, 5)).toEqual(['\u0120 t', '\u0120 a', 'h e', 'i n', 'r e'])
  expect([merges.length, Object.keys(vocab).length]).toEqual([50000, 50257])
})

test('other tokenizers are not recognised, and what is not JSON is refused', async () => {
  for (const text of ['{}', '[]', 'null', '{"model": {"type": "WordPiece", "vocab": {}}}']) {
    expect(await recogniseTokenizer(text, 'tokenizer.json')).toBeNull()
  }
  await expect(recogniseTokenizer('{', 'tokenizer.json')).rejects.toThrow(new InputError('tokenizer.json: not JSON'))
})
