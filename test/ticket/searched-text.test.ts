import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTokenizer, tokenizerNames } from '../../src/data/index.js'
import { sampleToken } from '../../src/families/sampling.js'
import { fittingTokenizers } from '../../src/jobs/missing-tokenizer.js'
import { tokenizerAt } from '../../src/jobs/own-tokenizer.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { continueText, loadModelTokenizer, promptTokens, type TextRequest } from '../../src/jobs/searched-text.js'
import { openTicketModel, type TicketModel } from '../../src/jobs/ticket-model.js'
import { fillWords } from '../../src/random/index.js'
import { InputError } from '../../src/safetensors/index.js'
import { writeSearched } from '../cli/searched-fixture.js'

let folder: string
let ticket: string
let opened: TicketModel
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket } = await writeSearched(folder))
  opened = await openTicketModel(ticket)
})
afterAll(async () => {
  await opened.close()
  await rm(folder, { recursive: true })
})

async function text(change: Partial<TextRequest> = {}) {
  const tokenizer = await loadModelTokenizer(opened)
  const tokens: number[] = []
  let written = ''
  const request = { prompt: 'ab', count: 30, temperature: 1, seed: 5n, ...change }
  for await (const piece of continueText(opened, tokenizer, request)) {
    if (piece.token !== null) tokens.push(piece.token)
    written += piece.text
  }
  return { tokens, written }
}

test('the same seed gives the same text, another seed another; what is written are the tokens', async () => {
  const first = await text()
  expect(await text()).toEqual(first)
  expect(await text({ seed: 6n })).not.toEqual(first)
  expect(await text({ count: 10 })).toMatchObject({ tokens: first.tokens.slice(0, 10) })
  expect(first.written).toBe(new TextDecoder().decode(Uint8Array.from(first.tokens)))
})

test('token i of the text is drawn with word i of stream 2^47 + 1', async () => {
  const words = new Uint32Array(2)
  fillWords(5, 2 ** 47 + 1, 2, words)
  const { tokens } = await text({ count: 2 })
  const logits = await opened.decoder.read([97, 98])
  expect(tokens[0]).toBe(sampleToken(logits, { temperature: 1 }, words[0]))
  expect(tokens[1]).toBe(sampleToken(await opened.decoder.append(tokens[0]), { temperature: 1 }, words[1]))
})

test('an empty prompt is the token between documents', async () => {
  expect(promptTokens(await loadTokenizer('bytes'), '')).toEqual([0])
  expect(promptTokens(await loadTokenizer('bytes'), 'é')).toEqual([0xc3, 0xa9])
  expect((await text({ prompt: '' })).tokens).toEqual((await text({ prompt: '\0' })).tokens)
})

test('a text stops when it is told to', async () => {
  const controller = new AbortController()
  const tokenizer = await loadTokenizer('bytes')
  const pieces = continueText(opened, tokenizer, {
    prompt: 'a',
    count: 100,
    temperature: 1,
    seed: 0,
    signal: controller.signal,
  })
  await pieces.next()
  controller.abort(new Error('enough'))
  await expect(pieces.next()).rejects.toThrow('enough')
})

test("the tokenizer is the ticket's, or one with about as many tokens", async () => {
  expect((await loadModelTokenizer(opened)).name).toBe('bytes')
  expect((await loadModelTokenizer(opened, 'bytes')).name).toBe('bytes')
  await expect(loadModelTokenizer(opened, 'gpt2')).rejects.toThrow(
    `"tokenizer" expected one with the model's 256 tokens, got gpt2 with 50257`,
  )
  const mute = await writeSearched(await mkdtemp(join(folder, 'mute-')), { tokenizer: null })
  const without = await openTicketModel(mute.ticket)
  await without.close()
  await expect(loadModelTokenizer(without)).rejects.toThrow(
    `${mute.ticket}: names no tokenizer; --tokenizer bytes has the model's 256 tokens`,
  )
  expect((await loadModelTokenizer(without, 'bytes')).name).toBe('bytes')
})

test('where no tokenizer has about as many tokens, none is advised', async () => {
  const config = { ...opened.config, vocabulary: 5000 }
  const model = { path: 'own', tokenizer: null, hasOtherTokenizer: false, addedTokens: [], openTokenizer: null, config }
  const none = "neither bytes nor gpt2 has the model's 5,000 tokens (slt run --tokens takes token numbers)"
  await expect(loadModelTokenizer(model)).rejects.toThrow(
    new InputError(
      `own: names no tokenizer; ${none}; --tokenizer <folder> takes a folder's tokenizer.json, for a pruned ticket its target's`,
    ),
  )
  await expect(loadModelTokenizer(model, 'bytes')).rejects.toThrow(
    new RangeError(
      `"tokenizer" expected one with the model's 5000 tokens, or up to 1023 fewer, got bytes with 256; neither bytes nor gpt2 has as many`,
    ),
  )
})

test("a folder's tokenizer is its own where it is none of ours", async () => {
  const path = fileURLToPath(new URL('../../data/stories260k', import.meta.url))
  const config = { ...opened.config, vocabulary: 512 }
  const model = { path, ...(await tokenizerAt(path)), config }
  const tokenizer = await loadModelTokenizer(model)
  expect(tokenizer).toMatchObject({ name: 'folder', vocabulary: 512, endToken: 2 })
  expect(promptTokens(tokenizer, 'Once upon a time')).toEqual([1, 403, 407, 261, 378])
  await expect(loadModelTokenizer({ ...model, config: opened.config })).rejects.toThrow(
    `${join(path, 'tokenizer.json')}: token 511 ("\u200a") is beyond the model's vocabulary of 256`,
  )
})

test('the sizes that advice goes by are those of the tokenizers', async () => {
  for (const name of tokenizerNames) {
    expect(fittingTokenizers((await loadTokenizer(name)).vocabulary)).toEqual([name])
  }
})

test('a text without a window of the context is not evaluated', async () => {
  const data = join(folder, 'short.txt')
  await writeFile(data, 'x'.repeat(160))
  const evaluate = (change: object) => evaluateTicket({ ticket, data, device: 'cpu', windows: 2, ...change })
  expect(await evaluate({})).toMatchObject({ part: 'all', windows: 2, length: 16 })
  await expect(evaluate({ part: 'valid' })).rejects.toThrow(
    `${data}: 16 tokens in the part "valid"; the model's context needs at least 17`,
  )
  await writeFile(data, 'x'.repeat(16))
  await expect(evaluate({})).rejects.toThrow(`${data}: 16 tokens; the model's context needs at least 17`)
  await writeFile(data, '')
  await expect(evaluate({})).rejects.toThrow(`${data}: empty`)
})
