// What a run records of its corpus, and runs whose records are older than that.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCorpus } from '../../src/files/corpus-files.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { smallRun, writeText } from '../search/small-run.js'

let folder: string
let text: Buffer
let data: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-record-'))
  text = readFileSync(writeText(folder))
  data = join(folder, 'texts')
  mkdirSync(join(data, 'in'), { recursive: true })
  writeFileSync(join(data, 'a.txt'), text)
  writeFileSync(join(data, 'in', 'b.txt.gz'), gzipSync(text.subarray(100)))
})
afterAll(() => rmSync(folder, { recursive: true }))

const out = (name: string) => join(folder, `${name}.safetensors`)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Stops after its sixth step; its checkpoint is of the fifth. */
async function interrupted(request: SearchRequest): Promise<string> {
  const controller = new AbortController()
  const onStep = (row: { step: number }) => row.step === 6 && controller.abort(new Error('interrupted'))
  await expect(search({ ...request, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
  return `${request.out}.run`
}
const resumed = (resume: string, changes: Partial<SearchRequest> = {}) =>
  smallRun(folder, { choice: {}, data: undefined, out: undefined, resume, ...changes })

test('run.json counts what was read, corpus.jsonl lists it, and the run goes on', async () => {
  const valid = join(folder, 'words.txt')
  const notes: string[] = []
  const run = await interrupted(smallRun(folder, { data, valid, out: out('a'), onNote: (line) => notes.push(line) }))
  const packed = gzipSync(text.subarray(100)).length
  const read = [
    { path: data, files: 2, bytes: text.length + packed, tokens: 2 * text.length - 99, forms: { text: 1, gzip: 1 } },
    { path: valid, files: 1, bytes: text.length, tokens: text.length, forms: { text: 1 } },
  ]
  const record = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
  expect(record).toMatchObject({ raw: false, read })
  const lines = readFileSync(join(run, 'corpus.jsonl'), 'utf8').trim().split('\n')
  const whole = { bytes: text.length, tokens: text.length, sha256: sha256(text), form: 'text' }
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { part: data, name: 'a.txt', ...whole },
    {
      part: data,
      name: 'in/b.txt.gz',
      bytes: packed,
      tokens: text.length - 100,
      sha256: sha256(text.subarray(100)),
      form: 'gzip',
    },
    { part: valid, name: 'words.txt', ...whole },
  ])
  expect(notes).toEqual([
    expect.stringMatching(/^train: 2 files, [\d,]+ bytes, [\d,]+ tokens \(1 gzip\); valid: 1 file, /),
    `warning: equal files train and validate: ${join(data, 'a.txt')} = ${valid}`,
  ])
  expect((await search(resumed(run))).read).toEqual(read)
  expect(JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))).toMatchObject({ read })
})

test('a run of raw bytes goes on with raw bytes', async () => {
  const run = await interrupted(smallRun(folder, { data: join(data, 'in', 'b.txt.gz'), raw: true, out: out('raw') }))
  const report = await search(resumed(run))
  expect(report.read[0]).toMatchObject({ tokens: gzipSync(text.subarray(100)).length, forms: { raw: 1 } })
})

test('a run whose record is older goes on as it began: gzip as bytes, hidden texts too', async () => {
  const old = join(folder, 'old')
  mkdirSync(join(old, '.ipynb_checkpoints'), { recursive: true })
  writeFileSync(join(old, '.ipynb_checkpoints', 'a.txt'), text)
  writeFileSync(join(old, 'packed.txt'), gzipSync(text))
  const before = [...[text, gzipSync(text)].map((bytes) => `${sha256(bytes)}\n`)].join('')
  const corpus = await openCorpus({ data: old, tokenizer: 'bytes', asBefore: true })
  const run = await interrupted(smallRun(folder, { data: old, corpus, out: out('old') }))
  const { raw: _, read: __, ...record } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
  writeFileSync(join(run, 'run.json'), JSON.stringify(record))
  expect(record.identity.corpus).toBe(sha256(Buffer.from(before)))
  const report = await search(resumed(run))
  expect(report.read[0]).toMatchObject({ files: 2, tokens: text.length + 1 + gzipSync(text).length })
  expect(JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')).read).toBeNull() // it is read so the next time too
})
