// Where a text ends: slt generate, slt run and transformers.js on the export, of models whose every answer is known.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { readSpecialTokens } from '../../src/interop/index.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { openModel } from '../../src/jobs/open-model.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { continueText, loadModelTokenizer } from '../../src/jobs/searched-text.js'
import { InputError } from '../../src/safetensors/index.js'
import { type Schedule, writeSchedule } from './schedule-folder.js'

const END = 50256
const NONE = { bos: null, eos: null }
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-end-'))
  env.allowRemoteModels = false
  env.localModelPath = dirname(folder)
})
afterAll(() => rm(folder, { recursive: true }))

/** What we write after a prompt: the tokens, and the text. */
async function ours(path: string, prompt: string, count: number) {
  const opened = await openModel(path)
  try {
    const tokenizer = await loadModelTokenizer(opened)
    const tokens: number[] = []
    let text = ''
    const request = { prompt, count, temperature: 0, seed: 0 }
    for await (const piece of continueText(opened, tokenizer, request)) {
      if (piece.token !== null) tokens.push(piece.token)
      text += piece.text
    }
    return { tokens, text }
  } finally {
    await opened.close()
  }
}

/** What transformers.js writes by the export of the same model. */
async function theirs(path: string, prompt: string, count: number) {
  const out = `${path}-js`
  await exportModel({ source: path, to: 'onnx', out })
  const id = `${basename(folder)}/${basename(out)}`
  const tokenizer = await AutoTokenizer.from_pretrained(id)
  const model = await AutoModelForCausalLM.from_pretrained(id, { dtype: 'fp32', device: 'cpu' })
  const inputs = tokenizer(prompt)
  const output = (await model.generate({ ...inputs, max_new_tokens: count })) as { tolist(): bigint[][] }
  const read = inputs.input_ids.dims[1]
  const tokens = output.tolist()[0].slice(read).map(Number)
  await model.dispose()
  return { tokens, text: tokenizer.decode(tokens, { skip_special_tokens: true }) }
}

const gpt2: Schedule = {
  tokens: [11, 262, 995, END, 13, 198, 11, 262],
  vocabulary: 50257,
  special: { bos: END, eos: END },
  tokenizer: 'gpt2',
}
const cases: Record<string, Schedule & { readonly written: number[] }> = {
  "GPT-2's end token": { ...gpt2, written: [262, 995, END] },
  'another end token in generation_config.json': {
    ...gpt2,
    generation: { eos_token_id: [995, 13] },
    written: [262, 995],
  },
  'no end token': { ...gpt2, special: NONE, written: [262, 995, END, 13, 198] },
  'a vocabulary that is padded to 50,304': {
    ...gpt2,
    vocabulary: 50304,
    tokens: [11, 262, 50300, 995, 50303, END],
    written: [262, 50300, 995, 50303, END],
  },
  'a token that is added behind, and ends a text': {
    ...gpt2,
    vocabulary: 50258,
    added: [{ text: '[PAD]', token: 50257, isSpecial: true }],
    generation: { eos_token_id: 50257 },
    tokens: [11, 262, END, 50257],
    written: [262, END, 50257],
  },
  'bytes and an end': {
    tokens: [98, 99, 100, 256, 101],
    vocabulary: 257,
    special: { bos: null, eos: 256 },
    tokenizer: 'bytes',
    added: [{ text: '<|end|>', token: 256, isSpecial: true }],
    written: [99, 100, 256],
  },
}

test.each(Object.entries(cases))('%s: the same text as by transformers.js, to the end', async (name, schedule) => {
  const { written, ...rest } = schedule
  const path = join(folder, `model-${Object.keys(cases).indexOf(name)}`)
  await writeSchedule(path, rest)
  const prompt = schedule.tokenizer === 'bytes' ? 'ab' : 'Hello world'
  const found = await ours(path, prompt, 5)
  expect(found.tokens).toEqual(written)
  expect(await theirs(path, prompt, 5)).toEqual(found)
})

describe('a vocabulary larger than the tokenizer', () => {
  let path: string
  beforeAll(async () => {
    path = join(folder, 'padded')
    await writeSchedule(path, {
      ...gpt2,
      vocabulary: 50304,
      added: [
        { text: '[PAD]', token: 50257, isSpecial: true },
        { text: '<user>', token: 50258, isSpecial: false },
      ],
    })
  })

  test('has the tokens that are added, in texts too, and padding that is no text', async () => {
    const { tokenizer, model } = await opened(path)
    const text = 'Hi[PAD]<user> there<|endoftext|>'
    expect([...tokenizer.encode(text)]).toEqual([17250, 50257, 50258, 612, END])
    expect(new TextDecoder().decode(tokenizer.decode([17250, 50257, 50258, 50303, 612, END]))).toBe('Hi<user> there')
    expect(tokenizer.vocabulary).toBe(50304)
    const theirs = await AutoTokenizer.from_pretrained(`${basename(folder)}/padded`)
    expect(theirs.encode(text)).toEqual([...tokenizer.encode(text)])
    const plain = await loadModelTokenizer({ ...model, addedTokens: [] }, 'gpt2')
    expect([...plain.encode(text)]).not.toContain(50257)
  })

  test('a folder without a tokenizer takes one that has up to 1,023 tokens fewer', async () => {
    const { model } = await opened(path)
    const of = (vocabulary: number, name?: string) =>
      loadModelTokenizer({ ...model, config: { ...model.config, vocabulary }, tokenizer: null, addedTokens: [] }, name)
    for (const [vocabulary, name] of [
      [50257, 'gpt2'],
      [51280, 'gpt2'],
      [257, 'bytes'],
    ] as const) {
      expect(await of(vocabulary, name)).toMatchObject({ name, vocabulary })
    }
    await expect(of(50304)).rejects.toThrow(
      "names no tokenizer; --tokenizer gpt2 has 50,257 of the model's 50,304 tokens",
    )
    await expect(of(51281, 'gpt2')).rejects.toThrow(
      `"tokenizer" expected one with the model's 51281 tokens, or up to 1023 fewer, got gpt2 with 50257; neither bytes nor gpt2 has as many`,
    )
    await expect(of(50304, 'bytes')).rejects.toThrow(/or up to 1023 fewer, got bytes with 256$/)
  })

  test('an added token that the model lacks is refused where a text holds it', async () => {
    const { model } = await opened(path)
    const config = { ...model.config, vocabulary: 50257 }
    const tokenizer = await loadModelTokenizer({ ...model, config })
    expect([...tokenizer.encode('Hello world')]).toEqual([15496, 995])
    expect(() => tokenizer.encode('Hello[PAD]')).toThrow('"token" expected an integer from 0 to 50256, got 50257')
  })

  test('is evaluated on texts and on tokens', async () => {
    const text = join(folder, 'padded.txt')
    await writeFile(text, 'Hello world, [PAD] and so on. '.repeat(30))
    const tokens = join(folder, 'padded.bin')
    await writeFile(
      tokens,
      Uint16Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 50303 : 11)),
    )
    for (const data of [text, tokens]) {
      const report = await evaluateTicket({ ticket: path, data, windows: 2, batch: 1, device: 'cpu' })
      expect(report).toMatchObject({ tokenizer: 'gpt2', windows: 2, length: 8 })
      expect(Number.isFinite(report.loss)).toBe(true)
    }
  })

  async function opened(of: string) {
    const model = await openModel(of)
    await model.close()
    return { model, tokenizer: await loadModelTokenizer(model) }
  }
})

describe('the special tokens of a folder', () => {
  const json = (value: object, source = 'config.json') => ({ text: JSON.stringify(value), source })
  test.each<[string, object, object | null, unknown]>([
    ['config.json', { bos_token_id: 1, eos_token_id: 2 }, null, { bos: 1, eos: 2, stops: 2 }],
    [
      'generation_config.json says where to stop',
      { bos_token_id: 1, eos_token_id: 2 },
      { eos_token_id: 3 },
      { bos: 1, eos: 2, stops: 3 },
    ],
    ['several', { eos_token_id: [2, 3] }, null, { bos: END, eos: [2, 3], stops: [2, 3] }],
    ["GPT2Config's own where it names none", {}, null, { bos: END, eos: END, stops: END }],
    ['none where it says null', { bos_token_id: null, eos_token_id: null }, null, { ...NONE, stops: null }],
    [
      'none where generation_config.json names none',
      { eos_token_id: 2 },
      { do_sample: true },
      { bos: END, eos: 2, stops: null },
    ],
    ["a Llama's where it does not say", { model_type: 'llama' }, null, { bos: 1, eos: 2, stops: 2 }],
    ["a Mistral's that names its end", { model_type: 'mistral', eos_token_id: 7 }, null, { bos: 1, eos: 7, stops: 7 }],
    ['none of a Qwen2 that does not say', { model_type: 'qwen2' }, null, { ...NONE, stops: null }],
    ['none of a BERT', { model_type: 'bert' }, null, { ...NONE, stops: null }],
  ])('%s', (_, config, generation, expected) => {
    const found = readSpecialTokens(json(config), generation && json(generation, 'generation_config.json'))
    expect(found).toEqual(expected)
  })

  test.each([
    [{ eos_token_id: 'end' }, 'config.json: eos_token_id expected an integer >= 0, several of them or null, got "end"'],
    [
      { eos_token_id: [1, -1] },
      'config.json: eos_token_id expected an integer >= 0, several of them or null, got [1,-1]',
    ],
    [{ bos_token_id: 0.5 }, 'config.json: bos_token_id expected an integer >= 0 or null, got 0.5'],
  ])('%o is refused', (config, message) => {
    expect(() => readSpecialTokens(json(config), null)).toThrow(new InputError(message))
  })
})

test('a text of GPT-2 tokens ends where nothing else is said, and one of bytes does not', async () => {
  expect((await loadTokenizer('gpt2')).endToken).toBe(END)
  expect((await loadTokenizer('bytes')).endToken).toBeNull()
})
