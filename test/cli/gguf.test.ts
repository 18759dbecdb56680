import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readTarget } from '../../src/cli/target.js'
import { openContestants } from '../../src/jobs/contestants.js'
import { exportModel } from '../../src/jobs/export-model.js'
import type { ExportRequest } from '../../src/jobs/export-request.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { loadModelTokenizer } from '../../src/jobs/searched-text.js'
import { familyFolder } from '../vectors/families/open.js'
import { slt, sorter } from './slt.js'

const stories = fileURLToPath(new URL('../../data/stories260k', import.meta.url))
const qr = fileURLToPath(new URL('../../examples/sorter-qr/sorter.slt.safetensors', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterAll(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const exported = (source: string, out: string, more: Partial<ExportRequest> = {}) =>
  exportModel({ source, out: at(out), to: 'gguf', ...more })

test('a folder becomes a file that writes as the folder does, and the file a folder again', async () => {
  const { code, stdout } = slt('export', stories, at('stories.gguf'), '--to', 'gguf', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'folder', to: 'gguf', warnings: [] })
  const flags = ['--prompt', 'Once upon a time', '--temperature', '0', '--count', '12', '--json']
  const [file, own] = [at('stories.gguf'), stories].map((path) => JSON.parse(slt('generate', path, ...flags).stdout))
  expect(file.text).toBe(own.text)
  expect(file.text.length).toBeGreaterThan(20)

  await exported(at('stories.gguf'), 'again', { to: 'huggingface' })
  const [again, first] = [await readTarget(at('again')), await readTarget(stories)]
  expect([again.config, again.weights]).toEqual([first.config, first.weights])
  const source = await openModelSource(at('again'))
  const tokenizer = await loadModelTokenizer(source)
  const special = await source.specialTokens()
  await source.close()
  expect(Array.from(tokenizer.encode('Once upon a time', { addSpecialTokens: true }))).toEqual([1, 403, 407, 261, 378])
  expect(special).toEqual({ bos: 1, eos: 2, stops: [2, 1] })
})

test('slt inspect says what a file holds', async () => {
  await exported(stories, 'small.gguf', { type: 'q8_0' })
  const { code, stdout } = slt('inspect', at('small.gguf'))
  expect(code).toBe(0)
  expect(stdout).toMatch(/^kind +GGUF file, architecture llama\nmodel +5 layers, width 64, 8 heads, inner 172,/)
  expect(stdout).toMatch(/\n Q8_0 +31 +\d/)
  expect(stdout).toMatch(/\n F16 +5 +\d/)
  expect(slt('inspect', at('small.gguf'), '--plot', at('x.svg')).stderr).toBe(
    `slt: "plot" expected a ticket with masks, got ${at('small.gguf')} without any\n`,
  )
})

test('a file is a target to prune to, a source of tokens, and compares with its folder', async () => {
  await exported(stories, 'target.gguf')
  const [file, first] = [await readTarget(at('target.gguf')), await readTarget(stories)]
  expect(file.name).toBe('target')
  expect([file.config, file.weights]).toEqual([first.config, first.weights])
  const path = at('ticket')
  const ticket = { path, tokenizer: null, hasOtherTokenizer: false, addedTokens: [], openTokenizer: null }
  const tokenizer = await loadModelTokenizer({ ...ticket, config: file.config }, at('target.gguf'))
  expect(Array.from(tokenizer.encode('Once'))).toEqual([403])
  const found = await openContestants([at('target.gguf'), stories], undefined)
  expect(found.map(({ kind, dtype, bytes }) => [kind, dtype, bytes > 1e6])).toEqual([
    ['gguf', 'F32', true],
    ['folder', 'F32', true],
  ])
})

test('a model of a task has letters for tokens', async () => {
  const { warnings } = await exported(sorter, 'sorter.gguf')
  expect(warnings).toEqual([])
  expect(slt('run', at('sorter.gguf'), '--tokens', 'CBAABC').stdout).toBe('AABBCC\n')
})

describe('refused in one line, with nothing written', () => {
  test.each<[string, Partial<ExportRequest> & { source: string }, string]>([
    ['relu', { source: qr }, 'llama.cpp runs a GPT-2 with the activation gelu_new alone, and this one has relu'],
    ['an encoder', { source: familyFolder('bert') }, '"to" expected another form than gguf for a BERT'],
    ['no tokenizer', { source: familyFolder('llama') }, "and llama.cpp's programs want one"],
    ['weights that are not ternary', { source: stories, type: 'tq2_0' }, 'got tq2_0'],
    ['another name', { source: stories, out: 'x.bin' }, '"out" expected a name that ends with .gguf, got '],
    ['a name for another form', { source: stories, to: 'huggingface' }, '"out" expected a folder, got '],
  ])('%s', async (_, { source, ...more }, message) => {
    const before = await readdir(folder)
    const out = at(more.out ?? 'refused.gguf')
    const error = await exportModel({ to: 'gguf', ...more, source, out }).then(
      () => new Error('it was written'),
      (reason: Error) => reason,
    )
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('\n')
    expect(await readdir(folder)).toEqual(before)
  })

  test('--type of another form, and a file that is torn', async () => {
    const wrong = slt('export', stories, at('x'), '--to', 'huggingface', '--type', 'f16')
    expect([wrong.code, wrong.stderr]).toEqual([2, 'slt: --type goes with --to gguf\n'])
    await exported(stories, 'whole.gguf', { force: true })
    await writeFile(at('torn.gguf'), (await readFile(at('whole.gguf'))).subarray(0, 500_000))
    const { code, stderr } = slt('eval', at('torn.gguf'), '--data', stories)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^slt: .*torn\.gguf: not a sound GGUF file: tensor "blk\.\d.* \(file truncated\?\)\n$/)
  })
})
