import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSearchTokenizer } from '../../src/jobs/search-tokenizer.js'
import { writeSchedule } from '../interop/schedule-folder.js'

const stories = fileURLToPath(new URL('../../data/stories260k', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('one that its name tells, or a folder that holds just that, is recorded by its name', async () => {
  const path = join(folder, 'bytes')
  await writeSchedule(path, { tokens: [1], vocabulary: 256, special: { bos: null, eos: null }, tokenizer: 'bytes' })
  for (const given of ['bytes', path]) {
    const { tokenizer, recorded, sha256 } = await openSearchTokenizer(given)
    expect([tokenizer.name, tokenizer.vocabulary, recorded, sha256]).toEqual(['bytes', 256, 'bytes', undefined])
  }
})

test('that of a folder has as many tokens as its file, and is recorded by its path and a hash', async () => {
  const { tokenizer, recorded, sha256 } = await openSearchTokenizer(relative('.', stories))
  expect([tokenizer.name, tokenizer.vocabulary, recorded]).toEqual(['folder', 512, stories])
  expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  expect([...tokenizer.encode('Once upon a time')]).toEqual([403, 407, 261, 378])
})

test('tokens that a folder adds to one of ours are read with it', async () => {
  const path = join(folder, 'added')
  const added = [{ text: '[PAD]', token: 256, isSpecial: true }]
  const special = { bos: null, eos: null }
  await writeSchedule(path, { tokens: [1], vocabulary: 257, special, tokenizer: 'bytes', added })
  const { tokenizer, recorded } = await openSearchTokenizer(path)
  expect([tokenizer.name, tokenizer.vocabulary, recorded]).toEqual(['folder', 257, path])
  expect([...tokenizer.encode('a[PAD]')]).toEqual([97, 256])
})

test('what is neither is refused', async () => {
  await expect(openSearchTokenizer('gpt3')).rejects.toThrow(
    new RangeError('"tokenizer" expected bytes, gpt2, a folder with a tokenizer.json or a GGUF file, got gpt3'),
  )
})
