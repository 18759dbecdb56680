import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/files/files.js'
import { readModelFolder } from '../../src/interop/index.js'
import { type EmbedRequest, embedTexts, openEmbedder } from '../../src/jobs/embed.js'
import { cosine } from '../../src/jobs/embed-tokens.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { missingTokenizer } from '../../src/jobs/missing-tokenizer.js'
import { openModel } from '../../src/jobs/open-model.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { InputError } from '../../src/safetensors/index.js'
import { familyFolder } from '../vectors/families/open.js'
import { type ExpectedSentences, encoderFolder, expectedSentences } from '../vectors/sentences/open.js'

const stories = fileURLToPath(new URL('../../data/stories260k', import.meta.url))

let folder: string
let expected: ExpectedSentences
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  expected = await expectedSentences()
})
afterAll(() => rm(folder, { recursive: true }))

const embed = (change: Partial<EmbedRequest> = {}) =>
  embedTexts({ model: encoderFolder, texts: expected.texts, threads: 1, ...change })

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

/** The folder with some of its JSON files changed. */
async function changed(name: string, files: Record<string, object | null>): Promise<string> {
  const path = join(folder, name)
  await cp(encoderFolder, path, { recursive: true })
  for (const [file, change] of Object.entries(files)) {
    if (change === null) await rm(join(path, file))
    else {
      const json = JSON.parse(await readFile(join(path, file), 'utf8'))
      await writeFile(join(path, file), JSON.stringify(Array.isArray(json) ? change : { ...json, ...change }))
    }
  }
  return path
}

describe('embeddings are those of sentence-transformers within 2e-6', () => {
  test('mean pooling, length 1, as the folder says', async () => {
    const found = await embed()
    expect(found).toMatchObject({
      kind: 'folder',
      texts: 9,
      width: 16,
      pooling: 'mean',
      normalise: true,
      maxLength: 16,
    })
    expect(largestDifference(found.vectors, expected.mean)).toBeLessThan(2e-6)
  })

  test.each(['cls', 'max'] as const)('%s pooling, the length as it is', async (pooling) => {
    const model = await changed(pooling, {
      'modules.json': JSON.parse(await readFile(join(encoderFolder, 'modules.json'), 'utf8')).slice(0, 2),
      '1_Pooling/config.json': {
        pooling_mode_mean_tokens: false,
        [`pooling_mode_${pooling}_token${pooling === 'max' ? 's' : ''}`]: true,
      },
    })
    const found = await embed({ model })
    expect(found).toMatchObject({ pooling, normalise: false })
    expect(largestDifference(found.vectors, expected[pooling])).toBeLessThan(1e-5) // of vectors of length 4
  })
})

test('an embedding depends on no other text, nor on how many run at a time', async () => {
  const alone = await embed({ texts: [expected.texts[3]] })
  for (const batch of [1, 4, 32]) {
    const { vectors } = await embed({ batch })
    expect(largestDifference(vectors.subarray(48, 64), alone.vectors)).toBeLessThan(1e-6)
  }
})

test('of a longer text the first tokens are read, which is told once', async () => {
  const lines: string[] = []
  const found = await embed({ onNote: (line) => lines.push(line) })
  expect(found.truncated).toEqual([4, 5, 6])
  expect(lines).toEqual(found.warnings)
  expect(found.warnings.at(-1)).toBe('3 texts, the first is text 5, are longer than 16 tokens: the first 16 are read')
  const text = await embed({ texts: [expected.texts[4]] })
  expect(text.warnings.at(-1)).toBe('text 1 is longer than 16 tokens: the first 16 are read')
  expect(text.tokens).toBe(16)
})

test('a folder that cuts texts at their beginning has the last tokens read', async () => {
  const settings = JSON.parse(await readFile(join(encoderFolder, 'tokenizer_config.json'), 'utf8'))
  const model = await changed('left', { 'tokenizer_config.json': { ...settings, truncation_side: 'left' } })
  const text = expected.texts[4]
  const [left, right] = [await embed({ model, texts: [text] }), await embed({ texts: [text] })]
  expect(left.warnings.at(-1)).toBe('text 1 is longer than 16 tokens: the last 16 are read')
  expect(left).toMatchObject({ truncationSide: 'left', tokens: 16 })
  expect(largestDifference(left.vectors, right.vectors)).toBeGreaterThan(1e-3)
})

test('a tokenizer with fewer tokens than the model is told of once', async () => {
  const { warnings } = await embed({ texts: ['a'] })
  expect(warnings).toEqual([
    `${encoderFolder}: its tokenizer has 117 of the model's 120 tokens; the others stand for no text`,
  ])
})

test('a folder without files of sentence-transformers: the mean, its length as it is, up to the last position', async () => {
  const model = await changed('plain', { 'modules.json': null, 'sentence_bert_config.json': null })
  const found = await embed({ model })
  expect(found).toMatchObject({ pooling: 'mean', normalise: false, maxLength: 24 })
  expect(found.warnings[0]).toMatch(/^mean pooling without normalisation, because there is no modules\.json/)
  const short = found.vectors.subarray(0, 16)
  const length = Math.hypot(...short)
  expect(length).toBeGreaterThan(1.1)
  expect(
    largestDifference(
      short.map((value) => value / length),
      expected.mean.subarray(0, 16),
    ),
  ).toBeLessThan(2e-6)
})

test('do_lower_case of a tokenizer that keeps capitals: as of small texts, but for special tokens', async () => {
  const cased = { 'tokenizer_config.json': { do_lower_case: false } }
  const texts = ['Romeo and [MASK] Juliet', 'ROMEO']
  const model = await changed('small', { ...cased, 'sentence_bert_config.json': { do_lower_case: true } })
  const { vectors } = await embed({ model, texts })
  const small = await embed({ model: await changed('cased', cased), texts: ['romeo and [MASK] juliet', 'romeo'] })
  expect(largestDifference(vectors, small.vectors)).toBe(0)
})

test('padding on the left, which ties an embedding to the texts beside it, is told of', async () => {
  const model = await changed('left', { 'tokenizer_config.json': { padding_side: 'left' } })
  expect((await embed({ model })).warnings).toContainEqual(expect.stringMatching(/fills up short texts on the left/))
  expect((await embed()).warnings).not.toContainEqual(expect.stringMatching(/left/))
})

test('--tokenizer of another folder brings its tokens and its settings', async () => {
  const model = await changed('mute', { 'tokenizer.json': null, 'modules.json': null })
  await expect(embed({ model })).rejects.toThrow(new RegExp(`^${model}: names no tokenizer; .*--tokenizer <folder>`))
  const found = await embed({ model, tokenizer: encoderFolder })
  expect(found).toMatchObject({ normalise: true, maxLength: 16 })
  expect(largestDifference(found.vectors, expected.mean)).toBeLessThan(2e-6)
})

describe('refused before any work', () => {
  const refused = async (change: Partial<EmbedRequest>, error: Error) => expect(embed(change)).rejects.toThrow(error)

  test('a causal model, by its family', () =>
    refused(
      { model: stories },
      new InputError(
        `${stories}: is a Llama, which is no encoder (a token of it sees only those before it, and it was trained to predict the next one); slt embed takes a BERT`,
      ),
    ))

  test('no room for a text between the tokens around it, by the key that says so', async () => {
    const around = (model: string, key: string) =>
      new InputError(`${model}: ${key} expected at least 2, the tokens that the tokenizer puts around a text, got 1`)
    const short = await changed('one', { 'sentence_bert_config.json': { max_seq_length: 1 } })
    await refused({ model: short }, around(short, 'max_seq_length'))
    const files = { 'sentence_bert_config.json': { max_seq_length: null } }
    const other = await changed('one-model', { ...files, 'tokenizer_config.json': { model_max_length: 1 } })
    await refused({ model: other }, around(other, 'model_max_length'))
  })

  test('an empty text, one of white space, and no text', async () => {
    await refused({ texts: ['a', ''] }, new RangeError('text 2 expected at least one letter, got an empty text'))
    await refused({ texts: [' \t\n'] }, new RangeError('text 1 expected at least one letter, got an empty text'))
    await refused({ texts: [] }, new RangeError('"texts" expected at least one text, got none'))
  })

  test('a tokenizer with tokens beyond the vocabulary, one of far fewer, and what is no tokenizer', async () => {
    const model = familyFolder('bert').replace(/\/$/, '') // 48 tokens
    await expect(embed({ model, tokenizer: encoderFolder })).rejects.toThrow(
      /^.*tokenizer\.json: token \d+ \(.*\) is beyond the model's vocabulary of 48$/,
    )
    await refused(
      { tokenizer: 'gpt3' },
      new RangeError('"tokenizer" expected bytes, gpt2, a folder with a tokenizer.json or a GGUF file, got gpt3'),
    )
  })

  test('weights that are not numbers', async () => {
    const model = await changed('nan', {})
    const path = join(model, 'model.safetensors')
    const bytes = await readFile(path)
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    bytes.writeFloatLE(Number.NaN, start)
    await writeFile(path, bytes)
    await expect(embed({ model })).rejects.toThrow(/: tensor \S+ holds NaN at index 0$/)
  })
})

test('a pruned ticket embeds as its target, with the tokenizer and the settings of its folder', async () => {
  const ticket = join(folder, 'encoder.slt.safetensors')
  const target = await readModelFolder((name) => openFile(join(encoderFolder, name)))
  await pruneModel({ target, items: 16, seed: 7, dense: 'embeddings', out: ticket, threads: 1 })
  await expect(embed({ model: ticket })).rejects.toThrow(`${ticket}: names no tokenizer; `)
  const found = await embed({ model: ticket, tokenizer: encoderFolder, batch: 4 })
  expect(found).toMatchObject({ kind: 'pruned', normalise: true, maxLength: 16, truncated: [4, 5, 6] })
  const cosines = expected.texts.map((_, i) =>
    cosine(found.vectors.subarray(16 * i, 16 * i + 16), expected.mean.subarray(16 * i, 16 * i + 16)),
  )
  expect(Math.min(...cosines)).toBeGreaterThan(0.99999)
  expect(largestDifference(found.vectors, expected.mean)).toBeGreaterThan(1e-6) // it is not the target

  // Exact heads make the exported model wider: its pooling names its own width, and texts are as far apart as the ticket has them.
  const out = join(folder, 'exported')
  const { config } = await exportModel({ source: ticket, out, to: 'huggingface', tokenizer: encoderFolder })
  expect(config.width).toBeGreaterThan(16)
  const exported = await embed({ model: out })
  expect(exported).toMatchObject({ kind: 'folder', width: config.width, normalise: true, maxLength: 16 })
  const between = (vectors: Float32Array, width: number) =>
    Float32Array.from(expected.texts, (_, i) =>
      cosine(vectors.subarray(0, width), vectors.subarray(width * i, width * (i + 1))),
    )
  expect(largestDifference(between(exported.vectors, config.width), between(found.vectors, 16))).toBeLessThan(1e-5)
})

test('an encoder writes no text', () =>
  expect(openModel(encoderFolder)).rejects.toThrow(
    new InputError(
      `${encoderFolder}: is a BERT, an encoder, which predicts no next token; slt embed embeds texts with it`,
    ),
  ))

test('an embedder is opened once for many texts', async () => {
  const embedder = await openEmbedder(encoderFolder, { threads: 1 })
  const first = await embedder.embed(expected.texts.slice(0, 2))
  const second = await embedder.embed(expected.texts.slice(2, 4))
  await embedder.close()
  expect(largestDifference(first.vectors, expected.mean.subarray(0, 32))).toBeLessThan(2e-6)
  expect(largestDifference(second.vectors, expected.mean.subarray(32, 64))).toBeLessThan(2e-6)
})

test('what has no tokenizer is told what helps, and an encoder is not sent to slt run', () => {
  expect(missingTokenizer(40)).toContain('slt run --tokens')
  expect(missingTokenizer(40, 'encoder')).toBe(
    "names no tokenizer; neither bytes nor gpt2 has the model's 40 tokens; --tokenizer <folder> takes a folder's tokenizer.json, for a pruned ticket its target's",
  )
})
