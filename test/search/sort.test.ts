import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillSorted, heldOutLists, type SortTask } from '../../src/data/index.js'
import { generateGreedyBatch } from '../../src/families/generate.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { openTicketModel } from '../../src/jobs/ticket-model.js'
import { rowsOf } from './small-run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-sort-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const task: SortTask = { name: 'sort', letters: 2, length: 4 }

/** A run that learns most of sorting four letters of two. */
const request = (name: string, changes: Partial<SearchRequest> = {}): SearchRequest => ({
  kind: 'search',
  choice: { task, layers: 1, width: '16', heads: 2, inner: 16, batch: 32, steps: 150, learningRate: 5e-3, seed: 3n },
  out: join(folder, `${name}.slt.safetensors`),
  cadence: { validateEvery: 50, sampleEvery: 100, checkpointEvery: 0, checkpointSeconds: 0 },
  device: 'cpu',
  threads: 1,
  ...changes,
})

test('a search for sorting: what it says of the held-out lists is what the ticket does', async () => {
  const samples: string[] = []
  const report = await search(request('whole', { onSample: (_, text) => samples.push(text) }))
  expect(report.settings.config).toMatchObject({ positions: 7, vocabulary: 2 })
  expect(report.corpus).toBe('sort 4 of 2 letters')
  const { model, ticket, close } = await openTicketModel(report.out)
  try {
    const lists = heldOutLists(task, 3, 100).map((index) => {
      const both = new Int32Array(8)
      fillSorted(task, index, both)
      return [...both]
    })
    expect(report.tokens).toEqual({ train: 0, valid: 8 * lists.length })
    const answers = await generateGreedyBatch(
      model,
      lists.map((list) => list.slice(0, 4)),
      4,
    )
    const right = answers.filter((answer, i) => answer.join() === lists[i].slice(4).join())
    expect(report.accuracy).toBe(right.length / lists.length)
    expect(right.length).toBeGreaterThan(0)
    expect(samples[0].split('\n')[0]).toMatch(/^[AB]{4} [AB]{4}$/)
    expect(ticket.metadata).toMatchObject({
      tokenizer: null,
      search: { length: 7, steps: 150, corpus: { name: 'sort 4 of 2 letters', tokenizer: 'letters' } },
    })
    // Only the letters of the answers count: to begin with the loss is about ln 2.
    const rows = rowsOf(report.run)
    expect(rows[0].loss).toBeLessThan(1.2)
    expect(report.validLoss).toBeLessThan(0.5)
    expect(rows[49].accuracy).toBeGreaterThanOrEqual(0)
  } finally {
    await close()
  }
})

test('interrupted and resumed it ends as if it had not been, byte for byte', async () => {
  const controller = new AbortController()
  const onStep = (row: { step: number }) => row.step === 60 && controller.abort(new Error('interrupted'))
  const parts = request('parts')
  await expect(search({ ...parts, signal: controller.signal, onStep })).rejects.toThrow('interrupted')
  const { choice: _, ...rest } = parts
  const end = await search({ ...rest, choice: {}, out: undefined, resume: `${parts.out}.run` })
  expect(end.from).toBe(60)
  const whole = await search(request('again'))
  expect(readFileSync(end.out).equals(readFileSync(whole.out))).toBe(true)
  const other = search({ ...rest, choice: { task: { ...task, length: 5 }, seed: 3n }, resume: `${parts.out}.run` })
  await expect(other).rejects.toThrow(/is a run of another configuration: .*--length is 4 there, 5 here/)
})

test('dense training learns the same task', async () => {
  const dense = request('dense')
  const { accuracy } = await search({
    ...dense,
    kind: 'train',
    choice: { ...dense.choice, task: { ...task, letters: 3, length: 5 }, steps: 500 },
  })
  expect(accuracy).toBeGreaterThan(0.9)
})

describe('refused before any work:', () => {
  test.each([
    [{ choice: { task, context: 8 } }, '"context" expected 7 for the task, got 8'],
    [{ choice: { task: { ...task, letters: 1 } } }, '"letters" expected an integer from 2 to 26, got 1'],
    [{ choice: { task }, data: 'x.txt' }, '"data" expected nothing beside the task sort, got x.txt'],
    [{ choice: { task }, valid: 'x.txt' }, '"valid" expected nothing beside the task sort, got x.txt'],
  ])('%#', async (changes, message) => {
    await expect(search(request('bad', changes as Partial<SearchRequest>))).rejects.toThrow(message)
  })
})
