import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { sweepJobs } from '../../src/cli/sweep-jobs.js'
import { bringModels, fileNames } from '../../src/cli/sweep-models.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { openStore } from '../../src/queue/open-store.js'
import { runHere } from '../../src/queue/run-here.js'
import { readPlan, runsOf } from '../../src/queue/sweep.js'
import { followSweep } from '../../src/queue/sweep-state.js'
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
    '"tokenizer" expected bytes, gpt2 or a folder with a tokenizer.json',
  )
})

test('file names say what sets a run apart, and are never the same twice', () => {
  const run = (varied: Record<string, string>) => ({ label: 'x', varied })
  expect(
    fileNames([
      run({ keep: '0.3', seed: '1' }),
      run({ folder: '/models/a b/', untied: '' }),
      run({ folder: '../x/A?B', untied: '' }),
      run({ folder: '..' }),
      run({}),
    ]),
  ).toEqual(['keep-0.3_seed-1', 'folder-a-b_untied', 'folder-A-B_untied_2', 'folder-', 'x'])
})
