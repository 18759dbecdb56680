import { expect, test } from 'vitest'
import { sweepJobs } from '../../src/cli/sweep-jobs.js'
import type { Store } from '../../src/queue/store.js'
import { labelOf, MOST_RUNS, readPlan, readSetting, runsOf } from '../../src/queue/sweep.js'

test('a grid is every combination, the last option changing first', () => {
  const grid = { keep: [0.1, 0.3], seed: '0..1' }
  const runs = runsOf(readPlan({ command: 'search', options: { steps: 5, untied: true }, grid }))
  expect(runs.map(labelOf)).toEqual(['keep 0.1, seed 0', 'keep 0.1, seed 1', 'keep 0.3, seed 0', 'keep 0.3, seed 1'])
  expect(runs[3].options).toEqual({ steps: '5', untied: '', keep: '0.3', seed: '1' })
})

test('each run of a list is run for every combination of the grid', () => {
  const plan = { command: 'search', runs: [{ keep: 0.3 }, { keep: 0.5, lr: 0.1 }], grid: { seed: '0..1' } }
  expect(runsOf(readPlan(plan)).map(labelOf)).toEqual([
    'keep 0.3, seed 0',
    'keep 0.3, seed 1',
    'keep 0.5, lr 0.1, seed 0',
    'keep 0.5, lr 0.1, seed 1',
  ])
  expect(() => runsOf(readPlan({ ...plan, grid: { lr: [0.1] } }))).toThrow(
    '"lr" expected to be in the grid or in the list of runs, it is in both',
  )
})

test('values of --set: lists, ranges, both', () => {
  expect(readSetting('--seed=0..2,7')).toEqual(['seed', ['0', '1', '2', '7']])
  expect(readSetting('keep=0.1,0.3')).toEqual(['keep', ['0.1', '0.3']])
})

test.each<[unknown, string]>([
  [[], '"sweep" expected an object, got []'],
  [{ command: 'demo' }, '"command" expected search, train, prune, eval, got "demo"'],
  [{ command: 'search', grids: {} }, '"grids" is no part of a sweep: command, options, grid, runs are'],
  [{ command: 'search', grid: { keep: [] } }, '"keep" expected at least one value, got none'],
  [{ command: 'search', grid: { keep: [0.1, '0.1'] } }, '"keep" has the value 0.1 twice'],
  [{ command: 'search', grid: { seed: [2 ** 53] } }, '"seed" expected integers beyond 2^53 as texts'],
  [{ command: 'search', grid: { keep: '0.1..0.5' } }, '"keep" expected a range of integers >= 0, such as 0..4'],
  [{ command: 'search', options: { 'out=/tmp/x': true } }, '"out=/tmp/x" is no option'],
  [{ command: 'search', grid: { seed: '4..0' } }, '"seed" expected a range that grows, got 4..0'],
  [{ command: 'search', options: { keep: null } }, '"keep" expected a text, a number, true or false, got null'],
])('a plan that is none: %j', (plan, message) => {
  expect(() => readPlan(plan)).toThrow(message)
})

test('no run, and too many', () => {
  expect(() => runsOf(readPlan({ command: 'search' }))).toThrow('"sweep" expected a grid or runs, got neither')
  const grid = { seed: '0..999', keep: Array.from({ length: MOST_RUNS / 1000 + 1 }, (_, i) => i) }
  expect(() => runsOf(readPlan({ command: 'search', grid }))).toThrow(
    '"sweep" expected at most 100000 runs, got 101000',
  )
})

/** Jobs of one run; nothing reaches the store. */
const jobsOf = (options: Record<string, string>) => {
  const plan = readPlan({ command: 'search', options, runs: [{}] })
  const place = { store: {} as Store, threads: 1, device: 'cpu', signal: new AbortController().signal } as const
  return sweepJobs(plan, runsOf(plan), { ...place, models: false, onNote: () => {} })
}

test('an id is that of what determines the result: defaults that are spelt out change nothing, a seed does', async () => {
  const task = { task: 'sort', model: 'micro', steps: '5' }
  const [plain] = await jobsOf(task)
  const [spelt] = await jobsOf({ ...task, keep: '0.3', seed: '0' })
  const [other] = await jobsOf({ ...task, seed: '1' })
  expect(spelt.id).toBe(plain.id)
  expect(other.id).not.toBe(plain.id)
})

test.each<[Record<string, string>, string]>([
  [{ model: 'micro' }, 'search: "data" expected a file or folder of text among the options'],
  [
    { data: 'x', tokenizer: 'folder-of-one' },
    'search: "tokenizer" expected bytes, gpt2, a folder with a tokenizer.json or a GGUF file, got folder-of-one',
  ],
  [{ task: 'sort', out: 'x' }, 'search: "out" is no option of a run in a sweep'],
  [{ task: 'sort', kep: '0.3' }, "search: unknown option '--kep'"],
])('options that no job can have: %j', async (options, message) => {
  await expect(jobsOf(options)).rejects.toThrow(message)
})
