import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type MetricsRow, metricsLine, readMetricsRow } from '../../src/search/metrics.js'
import type { MetricsAnswer, RunAnswer, RunsAnswer, SamplesAnswer } from '../../src/serve/answers.js'
import type { Serving } from '../../src/serve/server.js'
import { addTicket, makePlace, makeRun, type Place, row, rows, serve } from './fixture.js'

let place: Place
let serving: Serving
const ask = (path: string) => fetch(`${serving.url}api/${path}`)
const list = async () => (await (await ask('runs')).json()) as RunsAnswer
const run = async (): Promise<RunAnswer> => (await list()).runs[0]
const metrics = async (from = 0, key = ''): Promise<MetricsAnswer> => {
  const answer = await ask(`runs/${(await run()).id}/metrics?from=${from}&key=${key}`)
  expect(answer.status).toBe(200)
  return (await answer.json()) as MetricsAnswer
}
const log = () => join(place.shown, 'a.run', 'metrics.jsonl')

beforeEach(async () => {
  place = await makePlace()
  await makeRun(join(place.shown, 'a.run'), 12)
  serving = await serve(place)
})
afterEach(async () => {
  await serving.close()
  await place.remove()
})

describe('the list of runs', () => {
  test('says settings, corpus, last row and loss, and no path', async () => {
    const { runs, unreadable, truncated } = await list()
    expect([runs.length, unreadable, truncated]).toEqual([1, [], null])
    expect(runs[0]).toMatchObject({ name: 'a.run', corpus: 'play.txt', device: 'cpu', validLoss: 0.6, ticket: null })
    expect(runs[0].settings).toMatchObject({ kind: 'search', steps: 30, keep: 0.3 })
    expect(runs[0].last).toEqual(row(12))
    expect(JSON.stringify(runs)).not.toMatch(/private|slt-serve/)
  })

  test('a run whose lock a living process holds is running, one of a dead process has stopped', async () => {
    const lock = join(place.shown, 'a.run', 'lock')
    expect((await run()).state).toBe('stopped')
    await writeFile(lock, `${process.ppid} ${hostname()}\n`)
    expect((await run()).state).toBe('running')
    await writeFile(lock, `999999999 ${hostname()}\n`)
    expect((await run()).state).toBe('stopped')
    await writeFile(lock, '1 another-machine\n')
    expect((await run()).state).toBe('running') // its log is fresh
    await writeFile(lock, 'x'.repeat(100_000))
    expect(['running', 'stopped']).toContain((await run()).state)
  })

  test('a run that took its last step is finished', async () => {
    await appendFile(log(), rows(13, 30))
    expect(await run()).toMatchObject({ state: 'finished', last: { step: 30 }, validLoss: 0.2 })
    await writeFile(join(place.shown, 'a.run', 'result.json'), JSON.stringify({ validLoss: 0.125 }))
    expect((await run()).validLoss).toBe(0.125)
    await writeFile(join(place.shown, 'a.run', 'result.json'), 'torn')
    expect((await run()).validLoss).toBe(0.2)
  })

  test('names the ticket that a run has written', async () => {
    await addTicket(place.shown, 'a.slt.safetensors')
    await expect.poll(async () => (await run()).ticket).toMatch(/^[0-9a-f]{16}$/)
    expect((await ask(`files/${(await run()).ticket}`)).status).toBe(200)
  })

  test('a record that is none is told, and hides no other run', async () => {
    for (const [name, text] of [
      ['b', 'torn'],
      ['c', '{"version":"1"}'],
      ['d', 'x'.repeat(300_000)],
    ]) {
      await makeRun(join(place.shown, `${name}.run`), 1)
      await writeFile(join(place.shown, `${name}.run`, 'run.json'), text)
    }
    await expect.poll(async () => (await list()).unreadable.length).toBe(3)
    const { runs, unreadable } = await list()
    expect(runs.map(({ name }) => name)).toEqual(['a.run'])
    for (const { error } of unreadable) expect(error).not.toContain(place.base)
  })

  test('a record that was changed is read again', async () => {
    const path = join(place.shown, 'a.run', 'run.json')
    expect((await run()).corpus).toBe('play.txt')
    await writeFile(path, (await readFile(path, 'utf8')).replace('play.txt",\n  "out', 'other.txt",\n  "out'))
    expect((await run()).corpus).toBe('other.txt')
  })
})

describe('metrics', () => {
  test('come whole, then only what is new; a line that is not whole yet waits', async () => {
    const first = await metrics()
    expect(first).toMatchObject({ from: 0, skipped: 0, more: false })
    expect(first.rows).toEqual(Array.from({ length: 12 }, (_, i) => row(i + 1)))
    expect(await metrics(first.next, first.key)).toMatchObject({ from: first.next, next: first.next, rows: [] })
    const more = rows(13, 14)
    await appendFile(log(), more.slice(0, -20))
    const second = await metrics(first.next, first.key)
    expect(second.rows).toEqual([row(13)])
    await appendFile(log(), more.slice(-20))
    expect((await metrics(second.next, second.key)).rows).toEqual([row(14)])
  })

  test('come again from the start where the log was cut or started anew', async () => {
    const first = await metrics()
    await truncate(log(), rows(1, 5).length)
    expect(await metrics(first.next, first.key)).toMatchObject({ from: 0, rows: { length: 5 } })
    const cut = await metrics()
    await appendFile(log(), rows(6, 12).replaceAll('"seconds":0.', '"seconds":10.'))
    expect((await metrics(first.next, first.key)).from).toBe(0) // longer than before: the place lies within a line
    expect((await metrics(cut.next, cut.key)).rows).toHaveLength(7)
    await writeFile(log(), rows(1, 30).replaceAll('"seconds":0.', '"seconds":20.'))
    expect(await metrics(cut.next, cut.key)).toMatchObject({ from: 0, rows: { length: 30 } })
  })

  test('of a long run come in answers of 1 MiB', async () => {
    await writeFile(log(), rows(1, 20_000))
    let [from, key, answers] = [0, '', 0]
    const steps: number[] = []
    for (let more = true; more; answers++) {
      const answer = await metrics(from, key)
      steps.push(...answer.rows.map(({ step }) => step))
      ;({ next: from, key, more } = answer)
    }
    expect(answers).toBeGreaterThan(2)
    expect(steps).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1))
  })

  test('lines that are no rows are counted', async () => {
    await appendFile(log(), 'torn\n{}\nnull\n[1]\n{"step":0}\n')
    expect(await metrics()).toMatchObject({ rows: { length: 12 }, skipped: 5 })
    await writeFile(log(), 'x'.repeat(2 ** 20 + 10))
    const answer = await ask(`runs/${(await run()).id}/metrics`)
    expect([answer.status, await answer.json()]).toEqual([422, { error: 'a.run: a line of metrics.jsonl is too long' }])
  })

  test.each(['-1', '1.5', 'x', '', '99999999999999999', '1e3'])('from=%s is refused', async (from) => {
    const answer = await ask(`runs/${(await run()).id}/metrics?from=${from}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: '"from" expected a byte of the log, an integer >= 0' })
  })
})

test('a row has finite numbers and no other fields', () => {
  const line = JSON.stringify({ ...row(10), more: '<script>' })
  expect(readMetricsRow(line)).toEqual(row(10))
  const whole: Required<MetricsRow> = {
    ...row(10),
    kl: 0.25,
    flipped: 3,
    validLoss: 0.5,
    bitsPerByte: 0.7,
    accuracy: 0.75,
  }
  expect(readMetricsRow(metricsLine(whole))).toEqual(whole)
  for (const bad of [
    '{"step":"1"}',
    JSON.stringify({ ...row(3), loss: null }),
    JSON.stringify({ ...row(3), step: 1.5 }),
  ]) {
    expect(readMetricsRow(bad)).toBeUndefined()
  }
})

test('samples come with their steps, the last 64 KiB of them', async () => {
  const samples = async () => (await (await ask(`runs/${(await run()).id}/samples`)).json()) as SamplesAnswer
  const path = join(place.shown, 'a.run', 'samples.txt')
  expect(await samples()).toEqual({ samples: [], truncated: false })
  await writeFile(path, '== step 10\nROMEO:\n\nO\n== step 20\nJULIET\n')
  expect(await samples()).toEqual({
    samples: [
      { step: 10, text: 'ROMEO:\n\nO' },
      { step: 20, text: 'JULIET' },
    ],
    truncated: false,
  })
  await appendFile(path, `== step 30\n${'x'.repeat(70_000)}\n== step 40\nend\n`)
  expect(await samples()).toEqual({ samples: [{ step: 40, text: 'end' }], truncated: true })
})
