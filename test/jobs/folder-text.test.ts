/** Texts read and written by the tokenizer of a model's folder, where it is neither bytes nor GPT-2's. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareModels } from '../../src/jobs/compare.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { openModel } from '../../src/jobs/open-model.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import {
  continueText,
  endTokensOf,
  loadModelTokenizer,
  paddingNotes,
  promptTokens,
} from '../../src/jobs/searched-text.js'
import { textSequences } from '../../src/jobs/verify-text.js'
import { writeSearched } from '../cli/searched-fixture.js'
import { writeSchedule } from '../interop/schedule-folder.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'
import { encoderFolder } from '../vectors/sentences/open.js'

const stories = fileURLToPath(new URL('../../data/stories260k', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The pieces of a greedy text, its prompt's tokens before them. */
async function write(path: string, request: { prompt: string; count: number; tokenizer?: string }) {
  const opened = await openModel(path)
  try {
    const tokenizer = await loadModelTokenizer(opened, request.tokenizer)
    const endTokens = await endTokensOf(opened, tokenizer, request.tokenizer)
    const pieces: { token: number | null; text: string }[] = []
    for await (const piece of continueText(opened, tokenizer, { ...request, temperature: 0, seed: 0, endTokens })) {
      pieces.push(piece)
    }
    return { before: promptTokens(tokenizer, request.prompt), pieces, endTokens }
  } finally {
    await opened.close()
  }
}

const tokensOf = ({ pieces }: Awaited<ReturnType<typeof write>>) => pieces.map(({ token }) => token)
const textOf = ({ pieces }: Awaited<ReturnType<typeof write>>) => pieces.map(({ text }) => text).join('')

test("a Llama's folder writes what transformers writes with it, its begin token before the prompt", async () => {
  const { greedy } = JSON.parse(
    await readFile(new URL('../vectors/stories260k/expected.json', import.meta.url), 'utf8'),
  )
  const found = await write(stories, { prompt: '', count: 60 })
  expect([found.before, tokensOf(found)]).toEqual([[1], greedy.slice(1, 61)])
  expect(textOf(found)).toMatch(/^Once upon a time, there was a little girl named Lily\. She loved to/)
  const on = await write(stories, { prompt: 'Once upon a time', count: 10 })
  expect(on.before).toEqual(greedy.slice(0, on.before.length))
  expect(textOf(on)).toMatch(/^, there was a little/)
})

/** A GPT-2 that writes these tokens, with the tokenizer of stories260k: the byte b is its token b + 3. */
async function writeBytes(name: string, tokens: readonly number[], vocabulary = 512): Promise<string> {
  const path = join(folder, name)
  await writeSchedule(path, { tokens, vocabulary, special: { bos: 1, eos: 2 } })
  await copyFile(join(stories, 'tokenizer.json'), join(path, 'tokenizer.json'))
  await copyFile(join(stories, 'tokenizer_config.json'), join(path, 'tokenizer_config.json'))
  return path
}

test('a character whose bytes are tokens comes whole with the last of them, and the text ends at the end token', async () => {
  const bytes = [...new TextEncoder().encode('\u00e9\u4f60')].map((byte) => byte + 3)
  const path = await writeBytes('bytes', [0, ...bytes, 2, 5]) // the first answers the begin token
  const found = await write(path, { prompt: 'a', count: 7 })
  expect(found.before.length).toBe(2)
  expect(found.pieces.map(({ text }) => text)).toEqual(['', '\u00e9', '', '', '\u4f60', ''])
  expect(tokensOf(found)).toEqual([...bytes, 2])
})

describe('a ticket that names no tokenizer', () => {
  let ticket: string
  beforeAll(async () => {
    const path = join(folder, 'tickets')
    await mkdir(path)
    ;({ ticket } = await writeSearched(
      path,
      randomContent({ ...runnableConfig, vocabulary: 512 }, { tokenizer: null }),
    ))
  })

  test('says that a folder may be named', async () => {
    await expect(write(ticket, { prompt: 'a', count: 1 })).rejects.toThrow(
      new RegExp(
        `^${ticket}: names no tokenizer; .*--tokenizer <folder> takes a folder's tokenizer.json, for a pruned ticket its target's$`,
      ),
    )
  })

  test('is read by the tokenizer of a folder, and ends where that says', async () => {
    const found = await write(ticket, { prompt: 'Once', count: 5, tokenizer: stories })
    expect(found.before[0]).toBe(1)
    expect(found.endTokens).toEqual([2, 1]) // of generation_config.json
    const bare = join(folder, 'bare')
    await mkdir(bare)
    await copyFile(join(stories, 'tokenizer.json'), join(bare, 'tokenizer.json'))
    await copyFile(join(stories, 'tokenizer_config.json'), join(bare, 'tokenizer_config.json'))
    expect(await write(ticket, { prompt: 'Once', count: 5, tokenizer: bare })).toEqual({ ...found, endTokens: [2] })
  })

  test('its loss is computed on the tokens of that folder', async () => {
    const data = join(folder, 'story.txt')
    await writeFile(data, 'Once upon a time, there was a little girl named Lily.\n'.repeat(20))
    const found = await evaluateTicket({ ticket, data, tokenizer: stories, device: 'cpu', windows: 4 })
    expect(found).toMatchObject({ tokenizer: 'folder', length: 16, windows: 4, tokens: 64 })
    expect(Math.abs(found.loss - Math.log(512))).toBeLessThan(1.5)
  })
})

test("a Llama's loss on its own story is small, on the same words turned round it is not; bits a byte go by the bytes of its tokens", async () => {
  const story = textOf(await write(stories, { prompt: 'Once upon a time', count: 400 }))
  const losses: number[] = []
  for (const [name, text] of [
    ['own', `Once upon a time${story}`],
    ['turned', story.split(' ').reverse().join(' ')],
  ]) {
    const data = join(folder, `${name}.txt`)
    await writeFile(data, `${text}\n`.repeat(3)) // the context is 512 tokens
    const found = await evaluateTicket({ ticket: stories, data, device: 'cpu', windows: 1 })
    expect(found.bitsPerByte).toBeCloseTo((found.loss / Math.LN2) * (found.tokens / found.bytes), 9)
    losses.push(found.loss)
  }
  expect(losses[0]).toBeLessThan(1)
  expect(losses[1]).toBeGreaterThan(3)
})

test('a text that predictions are compared on is read by the tokenizer of a folder', async () => {
  const data = join(folder, 'compared-on.txt')
  await writeFile(data, 'Once upon a time')
  const { config, close } = await openModelSource(stories)
  await close()
  const { sequences } = await textSequences({ data, tokenizer: stories, config })
  expect([...sequences.tokens]).toEqual([403, 407, 261])
})

describe('a tokenizer of another size', () => {
  const open = async (vocabulary: number, name?: string) => {
    const path = await writeBytes(`sized-${vocabulary}`, [1], vocabulary)
    const source = await openModelSource(path)
    try {
      const tokenizer = await loadModelTokenizer(source, name)
      return { path, tokenizer, notes: paddingNotes(path, tokenizer) }
    } finally {
      await source.close()
    }
  }

  test('larger than the vocabulary: refused by the first token beyond', async () => {
    await expect(open(500)).rejects.toThrow(
      /sized-500\/tokenizer\.json: token \d+ \(.*\) is beyond the model's vocabulary of 500$/,
    )
  })

  test('smaller: the model may be padded, which is said', async () => {
    const { path, tokenizer, notes } = await open(520)
    expect(tokenizer.vocabulary).toBe(520)
    expect(notes).toEqual([`${path}: its tokenizer has 512 of the model's 520 tokens; the others stand for no text`])
    expect(new TextDecoder().decode(tokenizer.decode([515]))).toBe('')
    expect((await open(512)).notes).toEqual([])
  })

  test('of another folder, more than 1,023 tokens smaller: refused', async () => {
    await expect(open(2000, stories)).rejects.toThrow(
      `"tokenizer" expected one with the model's 2000 tokens, or up to 1023 fewer, got ${stories} with 512`,
    )
    expect((await open(2000)).notes.length).toBe(1) // its own
  })

  test('what names no tokenizer is refused before a model is opened', async () => {
    const message = '"tokenizer" expected bytes, gpt2, a folder with a tokenizer.json or a GGUF file, got'
    await expect(open(512, folder)).rejects.toThrow(new RangeError(`${message} ${folder}`))
    await expect(compareModels({ paths: ['nowhere'], tokenizer: 'gpt3' })).rejects.toThrow(
      new RangeError(`${message} gpt3`),
    )
    await expect(open(512, '')).rejects.toThrow(new RangeError(`${message} an empty text`))
  })
})

test('models compare by nats a token where their tokenizer.json is the same file, wherever it lies', async () => {
  const data = join(folder, 'compared.txt')
  await writeFile(data, 'Once upon a time, there was a little girl named Lily.\n'.repeat(80))
  const path = await writeBytes('compared', [1, 2, 3])
  const { models, sameTokens } = await compareModels({ paths: [stories, path], data, runs: 0, windows: 1 })
  expect(sameTokens).toBe(true)
  expect(models.map(({ tokenizer }) => tokenizer)).toEqual([stories, path])
  expect(models[0].loss!.nats).toBeLessThan(models[1].loss!.nats)
  await writeFile(join(path, 'tokenizer.json'), `${await readFile(join(path, 'tokenizer.json'), 'utf8')} `)
  const other = await compareModels({ paths: [stories, path], runs: 0 })
  expect(other.sameTokens).toBe(false)
})

test('an encoder is refused by name where a next token is asked for', async () => {
  const refusal = `${encoderFolder}: is a BERT, an encoder`
  const data = fileURLToPath(new URL('../../README.md', import.meta.url))
  await expect(evaluateTicket({ ticket: encoderFolder, data, device: 'cpu' })).rejects.toThrow(refusal)
  const steps: string[] = []
  const onProgress = (_done: number, _total: number, what: string) => void steps.push(what)
  const mixed = `${encoderFolder}: is an encoder, which predicts hidden tokens`
  await expect(compareModels({ paths: [stories, encoderFolder], runs: 1, onProgress })).rejects.toThrow(mixed)
  expect(steps).toEqual([]) // before any of them runs
  await expect(compareModels({ paths: [encoderFolder], runs: 0, data })).rejects.toThrow(refusal)
  expect((await compareModels({ paths: [encoderFolder], runs: 0 })).models[0].name).toBe('encoder') // its size
})
