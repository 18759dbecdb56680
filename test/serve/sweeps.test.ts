import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunState } from '../../src/queue/run-state.js'
import type { SweepDetails, SweepsAnswer } from '../../src/serve/answers.js'
import type { Serving } from '../../src/serve/server.js'
import { makePlace, type Place, serve } from './fixture.js'
import { makeSweep, runs, stateOf } from './sweep-fixture.js'

let place: Place
let serving: Serving
const ask = (path: string) => fetch(`${serving.url}api/${path}`)
const list = async () => (await (await ask('sweeps')).json()) as SweepsAnswer
const id = async () => (await list()).sweeps[0].id
const details = async () => (await (await ask(`sweeps/${await id()}`)).json()) as SweepDetails
const own = () => join(place.shown, 'a.sweep')

beforeEach(async () => {
  place = await makePlace()
  await makeSweep(own())
  serving = await serve(place)
})
afterEach(async () => {
  await serving.close()
  await place.remove()
})

describe('the list of sweeps', () => {
  test('says command, counts, rate and time left, and no path or address', async () => {
    const { sweeps, unreadable, truncated } = await list()
    expect([sweeps.length, unreadable, truncated]).toEqual([1, [], null])
    expect(sweeps[0]).toMatchObject({
      ...{ name: 'a.sweep', command: 'search', isQueued: true, state: 'running' },
      counts: { waiting: 0, running: 1, done: 4, failed: 1 },
      ...{ disputed: 1, rate: 0.05, secondsLeft: 130 },
      ...{ subject: 'play.txt', store: 'store', startedAt: Date.UTC(2026, 0, 2), endedAt: null },
      varied: [
        ['keep', 3],
        ['seed', 2],
      ],
    })
    expect(JSON.stringify([sweeps, await details()])).not.toMatch(/private|slt-serve/)
  })

  test('a sweep whose state is old has stopped; one without an open run is finished', async () => {
    const before = new Date(Date.now() - 60_000)
    await utimes(join(own(), 'state.json'), before, before)
    expect((await list()).sweeps[0].state).toBe('stopped')
    await writeFile(join(own(), 'state.json'), stateOf(runs.filter(({ status }) => status !== 'running')))
    expect((await list()).sweeps[0]).toMatchObject({ state: 'finished', counts: { running: 0, done: 4, failed: 1 } })
  })

  test('files that are torn or foreign are told in a line each, and hide no other sweep', async () => {
    const wrong: [file: string, text: string, error: string][] = [
      ['state.json', '{"version":\n', 'b0.sweep/state.json: not the state of a sweep: no JSON'],
      ['state.json', '{"version":"2"}', 'b1.sweep/state.json: not the state of a sweep: version "2" is unknown'],
      ['state.json', '[1]', 'b2.sweep/state.json: not the state of a sweep: no object'],
      [
        'state.json',
        '{"version":"1","runs":[{"id":1}]}',
        'b3.sweep/state.json: not the state of a sweep: runs[0] is none',
      ],
      ['state.json', '{"version":"1"}', 'b4.sweep/state.json: not the state of a sweep: "runs" is missing'],
      ['sweep.json', 'torn', 'b5.sweep/sweep.json: not the record of a sweep: no JSON'],
      [
        'sweep.json',
        '{"version":"1","jobs":[]}',
        'b6.sweep/sweep.json: not the record of a sweep: jobs or store are missing',
      ],
    ]
    for (const [i, [file, text]] of wrong.entries()) {
      await makeSweep(join(place.shown, `b${i}.sweep`))
      await writeFile(join(place.shown, `b${i}.sweep`, file), text)
    }
    await expect.poll(async () => (await list()).unreadable.length).toBe(wrong.length)
    const { sweeps, unreadable } = await list()
    expect(sweeps.map(({ name }) => name)).toEqual(['a.sweep'])
    expect(unreadable.map(({ error }) => error).sort()).toEqual(wrong.map(([, , error]) => error))
  })
})

describe('one sweep', () => {
  test('has rows over seeds, runs with what needs a look first, curves and logs', async () => {
    const { rows, runs: shown, leftOut, measure, files } = await details()
    expect(measure).toBe('validLoss')
    expect(rows.map(({ setting, count, failed }) => [setting, count, failed])).toEqual([
      [{ keep: '0.1' }, 2, 0],
      [{ keep: '0.3' }, 2, 0],
      [{ keep: '0.5' }, 0, 1],
    ])
    expect(rows[0].numbers.validLoss).toMatchObject({ mean: 4.25, deviation: Math.SQRT1_2 / 2 })
    expect(shown.map(({ label }) => label)).toEqual([
      'keep 0.5, seed 1',
      'keep 0.3, seed 1',
      'keep 0.5, seed 0',
      'keep 0.1, seed 0',
      'keep 0.1, seed 1',
      'keep 0.3, seed 0',
    ])
    expect(shown[0].failure).toEqual({ message: 'out of memory', log: 'line one\nline two' })
    expect(shown[2]).toMatchObject({ worker: 'host-0:77', progress: { done: 20, total: 40 } })
    expect(shown[2].points).toEqual([
      [10, 4.25],
      [20, 4],
    ])
    expect([leftOut, files]).toEqual([0, []])
  })

  test('is read again when it has changed', async () => {
    const keeps = async () => (await details()).rows.map(({ setting, count }) => [setting.keep, count])
    expect(await keeps()).toEqual([
      ['0.1', 2],
      ['0.3', 2],
      ['0.5', 0],
    ])
    const more: RunState = { ...runs[4], status: 'done', numbers: { validLoss: 1 } }
    await writeFile(join(own(), 'state.json'), stateOf(runs.with(4, more)))
    expect((await keeps()).at(-1)).toEqual(['0.5', 1])
  })

  test('of many runs names 500, and counts the others; of a long log the end is sent', async () => {
    const log = `${'x'.repeat(10_000)}end`
    const many = Array.from({ length: 700 }, (_, i): RunState => ({ ...runs[0], label: `run ${i}` }))
    const failed: RunState = { ...runs[5], label: 'last', failure: { message: 'm', log } }
    await writeFile(join(own(), 'state.json'), stateOf([...many, failed]))
    const { runs: shown, leftOut, rows } = await details()
    expect([shown.length, leftOut, rows[0].count]).toEqual([500, 201, 700])
    expect(shown[0].label).toBe('last')
    expect(shown[0].failure?.log).toHaveLength(4000)
    expect(shown[0].failure?.log).toMatch(/end$/)
  })

  test('values of other types are left out', async () => {
    const odd = {
      ...runs[0],
      varied: { keep: 3 },
      points: [['a', 1]],
      numbers: { validLoss: 'low', n: 2 },
      worker: {},
      seconds: 'few',
      progress: [],
    }
    await writeFile(join(own(), 'state.json'), stateOf([odd as never]))
    const [run] = (await details()).runs
    expect(run).toEqual({ label: runs[0].label, place: 0, status: 'done', varied: {}, numbers: { n: 2 } })
  })

  test('its tables are served as files that are not run, once they are there', async () => {
    const at = `sweeps/${await id()}/figure.svg`
    expect((await ask(at)).status).toBe(404)
    for (const name of ['figure.svg', 'results.csv', 'runs.csv']) await writeFile(join(own(), name), '<svg/>')
    const answer = await ask(at)
    expect([answer.status, await answer.text()]).toEqual([200, '<svg/>'])
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="a.sweep-figure.svg"')
    for (const name of ['sweep.json', 'state.json', 'results.txt']) {
      expect((await ask(`sweeps/${await id()}/${name}`)).status).toBe(404)
    }
    await expect.poll(async () => (await details()).files).toEqual(['figure.svg', 'results.csv', 'runs.csv'])
  })

  test('that is torn is refused in a sentence, one that is gone or unknown is not found', async () => {
    const its = await id()
    await writeFile(join(own(), 'state.json'), 'torn')
    const torn = await ask(`sweeps/${its}`)
    expect([torn.status, await torn.json()]).toEqual([
      422,
      { error: 'a.sweep/state.json: not the state of a sweep: no JSON' },
    ])
    await rm(own(), { recursive: true })
    expect((await ask(`sweeps/${its}`)).status).toBe(404)
    expect((await ask(`sweeps/${'0'.repeat(16)}`)).status).toBe(404)
    expect((await list()).sweeps).toEqual([])
  })
})
