import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { sweepJobs } from '../../src/cli/sweep-jobs.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { storeTokenizer } from '../../src/queue/inputs.js'
import { openStore } from '../../src/queue/open-store.js'
import { runHere } from '../../src/queue/run-here.js'
import { readPlan, runsOf } from '../../src/queue/sweep.js'
import { bringModels, fileNames } from '../../src/queue/sweep-models.js'
import { followSweep } from '../../src/queue/sweep-state.js'
import { sorter } from '../cli/slt.js'
import { writeText } from '../search/small-run.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-models-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const data = writeText(folder)
const tokenizer = fileURLToPath(new URL('../vectors/tokenizers/byte-level', import.meta.url))
const { signal } = new AbortController()
const store = await openStore(join(folder, 'store'))
const small = { data, layers: 1, width: 16, heads: 1, context: 8, batch: 2, steps: 2 }

const jobsOf = (plan: object, models = false) => {
  const read = readPlan(plan)
  return sweepJobs(read, runsOf(read), { store, threads: 1, device: 'cpu', models, signal, onNote: () => {} })
}

/** Runs a plan as `slt sweep` does. @returns its runs */
async function runPlan(plan: object, models = false) {
  const jobs = await jobsOf(plan, models)
  const state = followSweep(runsOf(readPlan(plan)), jobs, () => {})
  await runHere(jobs, { ...state.events, store, scratch: join(folder, 'scratch'), slots: 2, memory: 2e9, signal })
  return state.runs
}

const train = (options: object) => ({ command: 'train', options: { ...small, ...options }, grid: { seed: '0..1' } })

test('trained models and tickets come out of the store, a file a run, read with a tokenizer of a folder', async () => {
  const runs = await runPlan(train({ tokenizer }), true)
  const models = await bringModels(runs, store, join(folder, 'models'), signal)
  expect(models.map(({ path }) => path)).toEqual(
    ['seed-0.safetensors', 'seed-1.safetensors'].map((name) => join(folder, 'models', name)),
  )
  const bytes = models.map(({ path }) => readFileSync(path))
  expect(bytes[0].equals(bytes[1])).toBe(false)
  const source = await openModelSource(models[0].path)
  expect(source.config).toMatchObject({ layers: 1, width: 16 })
  await source.close()
  // What is there stays; what is not what the run made is made good.
  writeFileSync(models[0].path, 'torn')
  await bringModels(runs, store, join(folder, 'models'), signal)
  expect(models.map(({ path }) => readFileSync(path))).toEqual(bytes)
  expect(readdirSync(join(folder, 'models'))).toHaveLength(2)

  const options = { ticket: models[0].path, data, tokenizer }
  const [evaluated] = await runPlan({ command: 'eval', options, grid: { windows: [2] } })
  expect(evaluated.numbers?.loss).toBeGreaterThan(0)
  expect(evaluated.failure).toBeUndefined()
})

test('models that nobody asks for are not stored, and a run that stores one is another job', async () => {
  const [plain] = await jobsOf(train({}))
  const [kept] = await jobsOf(train({}), true)
  expect(kept.id).not.toBe(plain.id)
  const search = { ...train({}), command: 'search' }
  expect((await jobsOf(search, true)).map(({ id }) => id)).toEqual((await jobsOf(search)).map(({ id }) => id))
  const runs = await runPlan(train({}))
  expect(Object.keys(runs[0].files ?? {})).toEqual(['curve.jsonl'])
  expect(await bringModels(runs, store, join(folder, 'none'), signal)).toEqual([])
})

test('of a folder with a tokenizer its two files count, not its place or what lies beside them', async () => {
  const copy = join(folder, 'copy')
  cpSync(tokenizer, copy, { recursive: true })
  writeFileSync(join(copy, 'model.safetensors'), 'large')
  const idOf = async (path: string) => (await jobsOf(train({ tokenizer: path })))[0].id
  const id = await idOf(tokenizer)
  expect(await idOf(copy)).toBe(id)
  writeFileSync(join(copy, 'tokenizer.json'), `${readFileSync(join(copy, 'tokenizer.json'), 'utf8')} `)
  expect(await idOf(copy)).not.toBe(id)
  await expect(jobsOf(train({ tokenizer: folder }))).rejects.toThrow(
    '"tokenizer" expected bytes, gpt2, a folder with a tokenizer.json',
  )
})

test('a file that was torn in the store is made good, and its run is made again', async () => {
  const plan = { command: 'search', options: { ...small, keep: 0.5 }, grid: { seed: '7' } }
  const [run] = await runPlan(plan)
  const key = `objects/${run.files!.ticket.slice(0, 2)}/${run.files!.ticket}`
  const size = await store.size(key)
  await store.replace(key, new Uint8Array(0))
  const [again] = await runPlan(plan)
  expect([again.found, again.files, await store.size(key)]).toEqual([false, run.files, size])
})

test('bytes that are read as tokens and as they are make two jobs; a flag can be swept', async () => {
  const tokens = join(folder, 'tokens.bin')
  const values = Uint16Array.from({ length: 4000 }, (_, i) => 97 + ((i * 7) % 13))
  writeFileSync(tokens, new Uint8Array(values.buffer))
  const jobs = await jobsOf({ command: 'search', options: { ...small, data: tokens }, grid: { raw: [true, false] } })
  expect(jobs.map(({ label }) => label)).toEqual(['raw yes', 'raw no'])
  expect(jobs[0].id).not.toBe(jobs[1].id)
})

test('of a folder of texts the texts alone are stored', async () => {
  const texts = join(folder, 'texts')
  mkdirSync(join(texts, 'deep'), { recursive: true })
  for (const name of ['a.txt', 'deep/b.txt', 'README.md']) cpSync(data, join(texts, name))
  symlinkSync(join(texts, 'nothing'), join(texts, 'dangling'))
  const [job] = await jobsOf({ command: 'search', options: { ...small, data: texts }, grid: { seed: '0' } })
  expect(Object.keys(job.inputs.data.files)).toEqual(['a.txt', 'deep/b.txt'])
})

test('settings of a pruning that are what they would be anyway make no other job', async () => {
  const jobs = await jobsOf({
    command: 'prune',
    options: { folder: sorter, items: 4 },
    runs: [{}, { method: 'balanced', scale: 'auto', dense: 'none' }, { method: 'plain' }],
  })
  expect(jobs[1].id).toBe(jobs[0].id)
  expect(jobs[2].id).not.toBe(jobs[0].id)
})

test('the tokenizer of a GGUF file is refused by name', async () => {
  const path = fileURLToPath(new URL('../vectors/gguf/llama-tied-f16.gguf', import.meta.url))
  await expect(storeTokenizer(store, path)).rejects.toThrow('not that of a GGUF file')
})

test('file names say what sets a run apart, and are never the same twice', () => {
  const run = (varied: Record<string, string>) => ({ label: 'x', varied })
  expect(
    fileNames([
      run({ keep: '0.3', seed: '1' }),
      run({ folder: '/models/a b/', untied: 'yes' }),
      run({ folder: '../x/A?B', untied: 'yes' }),
      run({ folder: '..' }),
      run({}),
    ]),
  ).toEqual(['keep-0.3_seed-1', 'folder-a-b_untied-yes', 'folder-A-B_untied-yes_2', 'folder-', 'x'])
})
