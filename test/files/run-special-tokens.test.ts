// <|endoftext|> in the text of a run: a token to new runs, letters to those that began before it was one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { openCorpus } from '../../src/files/corpus-files.js'
import { parseRunRecord } from '../../src/files/run-record.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { openRun, type RunRequest } from '../../src/jobs/open-run.js'
import { search } from '../../src/jobs/search.js'
import { isResultOf } from '../../src/jobs/search-result.js'
import { fingerprintOf } from '../../src/search/fingerprint.js'

const gpt2 = await loadTokenizer('gpt2')
const story = 'A story.\n<|endoftext|>\nAnother <|endoftext|> story. '.repeat(40)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-special-'))
  writeFileSync(join(folder, 'story.txt'), story)
  writeFileSync(join(folder, 'plain.txt'), story.replaceAll('<|endoftext|>', ''))
})
afterAll(() => rmSync(folder, { recursive: true }))

const request = (text: string): RunRequest => ({
  kind: 'search',
  choice: { model: 'micro', layers: 1, width: '8', heads: 1, context: 8, steps: 2 },
  data: join(folder, `${text}.txt`),
  tokenizer: 'gpt2',
  out: join(folder, `${text}.slt.safetensors`),
  device: 'cpu',
})

/** Opens a run, and closes it again before any step. */
async function opened(asked: RunRequest) {
  const { folder: run, record, corpus } = await openRun(asked)
  await run.close()
  return { path: run.path, record, tokens: [...corpus.train, ...corpus.valid] }
}

test('a corpus counts the special tokens of its texts', async () => {
  const corpus = await openCorpus({ data: join(folder, 'story.txt'), tokenizer: gpt2 })
  expect(corpus.specialTokens).toBe(80)
  const split = await openCorpus({ data: join(folder, 'story.txt'), tokenizer: gpt2, splitSpecialTokens: true })
  expect(split.specialTokens).toBe(0)
  expect([...split.train, ...split.valid]).toEqual([...gpt2.encode(story, { splitSpecialTokens: true })])
  expect(split.sha256).toBe(corpus.sha256)
  expect((await openCorpus({ data: join(folder, 'story.txt'), tokenizer: 'bytes' })).specialTokens).toBe(0)
})

test('a new run reads them as tokens, says so in its record, and goes on so', async () => {
  const { path, record, tokens } = await opened(request('story'))
  expect(record.identity.specialTokens).toBe(80)
  expect(tokens).toEqual([...gpt2.encode(story)])
  const again = await opened({ kind: 'search', choice: {}, resume: path })
  expect([again.tokens, again.record.fingerprint]).toEqual([tokens, record.fingerprint])
})

test('a run that began before goes on with the tokens that it began with', async () => {
  const { path } = await opened({ ...request('story'), out: join(folder, 'before.slt.safetensors') })
  const record = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'))
  delete record.identity.specialTokens
  record.fingerprint = fingerprintOf(nodeSha256, record.identity)
  writeFileSync(join(path, 'run.json'), JSON.stringify(record))
  const again = await opened({ kind: 'search', choice: {}, resume: path })
  expect(again.tokens).toEqual([...gpt2.encode(story, { splitSpecialTokens: true })])
  expect(again.record.fingerprint).toBe(record.fingerprint)
})

test('a run of a text without them has the identity that it had before', async () => {
  const { record } = await opened(request('plain'))
  expect(Object.keys(record.identity)).toEqual(['settings', 'corpus'])
})

test('a text that is refused is named', async () => {
  const data = join(folder, 'long.txt')
  writeFileSync(data, new Uint8Array(2 ** 25 + 1).fill(97))
  await expect(openCorpus({ data, tokenizer: gpt2 })).rejects.toThrow(
    `${data}: "text" expected words of at most 33,554,432 characters, got more of one kind without a space`,
  )
})

test('a text of which the validating part is end tokens alone is refused before the first step', async () => {
  writeFileSync(join(folder, 'ends.txt'), `${'hello world it is '.repeat(400)}${'<|endoftext|>'.repeat(400)}`)
  const steps: number[] = []
  const run = search({ ...request('ends'), onStep: ({ step }) => void steps.push(step) })
  await expect(run).rejects.toThrow(/ends\.txt: the \d+ tokens to validate on stand for no text/)
  expect(steps).toEqual([])
})

test('a dense model is known as the result of its run', async () => {
  const out = join(folder, 'story.dense.safetensors')
  const asked = { ...request('story'), kind: 'train' as const, out }
  await search({ ...asked, choice: { ...asked.choice, steps: 1 } })
  const record = parseRunRecord('run.json', readFileSync(join(`${out}.run`, 'run.json'), 'utf8'))
  expect(record.identity.specialTokens).toBe(80)
  expect(await isResultOf(out, record)).toBe(true)
  expect(await isResultOf(out, { ...record, identity: { ...record.identity, specialTokens: 79 } })).toBe(false)
})
