import { describe, expect, test } from 'vitest'
import { fitLine } from '../../src/cli/live-line.js'
import { createRunTable, namesApart } from '../../src/cli/live-table.js'
import { totalParts } from '../../src/cli/sweep-view.js'
import type { RunState } from '../../src/queue/run-state.js'

const run = (label: string, more: Partial<RunState> = {}): RunState => ({
  ...{ id: label, label, varied: {}, status: 'running' },
  ...more,
})
const worker = 'a-host-of-a-cluster:12345'
const at = (done: number, total: number, text: string) => ({ worker, progress: { done, total, text } })

describe('names of runs', () => {
  test('are without the parts that all have in common', () => {
    expect(namesApart(['keep 0.3, steps 5, seed 0', 'keep 0.3, steps 5, seed 1'])).toEqual(['seed 0', 'seed 1'])
    expect(namesApart(['keep 0.3, seed 0', 'keep 0.1, seed 1'])).toEqual(['keep 0.3, seed 0', 'keep 0.1, seed 1'])
  })

  test('are without the folder that all have in common', () => {
    expect(namesApart(['data /long/way/a.txt', 'data /long/way/b/c.txt'])).toEqual(['data a.txt', 'data b/c.txt'])
    expect(namesApart(['data x/a.txt', 'data y/a.txt'])).toEqual(['data x/a.txt', 'data y/a.txt'])
  })

  test('stay as they are where there is one, all are alike, or they have other parts', () => {
    for (const labels of [['seed 0'], ['search', 'search'], ['keep 0.1, seed 0', 'keep 0.1']])
      expect(namesApart(labels)).toEqual(labels)
  })
})

describe('the table of runs that go on', () => {
  const runs = [
    run('data a, keep 0.3, seed 0', at(120, 5000, 'loss 2.41')),
    run('data a, keep 0.3, seed 1', at(5000, 5000, 'loss 0.000123')),
    run('data a, keep 0.05, seed 10'),
  ]

  test('at 80 and 120 columns', () => {
    expect(createRunTable(runs).lines(runs, 120)).toEqual([
      `keep 0.3, seed 0    ${'░'.repeat(20)}    120/5,000  loss 2.41      ${worker}`,
      `keep 0.3, seed 1    ${'█'.repeat(20)}  5,000/5,000  loss 0.000123  ${worker}`,
      `keep 0.05, seed 10  ${'░'.repeat(20)}     starting`,
    ])
    expect(createRunTable(runs).lines(runs, 80)[0]).toBe(
      `keep 0.3, seed 0    ${'░'.repeat(20)}    120/5,000  loss 2.41`,
    )
  })

  test('fits every width from 20 columns on, less the one that stays free, and says how far a run is', () => {
    const table = createRunTable(runs)
    for (let columns = 19; columns <= 200; columns++) {
      for (const line of table.lines(runs, columns))
        expect(line.length, `${columns} columns`).toBeLessThanOrEqual(columns)
      expect(table.lines(runs, columns)[0], `${columns} columns`).toContain('120/5,000')
    }
  })

  test('keeps the bar where it is while runs begin, go on and end', () => {
    const table = createRunTable(runs)
    const startsOf = (running: readonly RunState[]) => table.lines(running, 100).map((line) => line.search(/[█░]/))
    const place = startsOf([runs[2]])[0]
    expect(place).toBeGreaterThan(0)
    for (const running of [runs, [runs[1]], [runs[0]], [runs[2], runs[1]]])
      expect(startsOf(running)).toEqual(running.map(() => place))
  })

  test('keeps its other columns once they have been wider', () => {
    const table = createRunTable(runs)
    const [before] = table.lines([runs[1]], 120).map((line) => line.indexOf(worker))
    expect(table.lines([runs[0]], 120)[0].indexOf(worker)).toBe(before)
  })
})

test('the line of all runs counts what the running ones have done, and fits every width from 20 columns on, less the one that stays free', () => {
  const runs = [run('a', at(1, 2, '')), run('b', { status: 'done' }), run('c', { status: 'waiting' })]
  const state = {
    runs,
    counts: () => ({ done: 1, running: 1, waiting: 1, failed: 0 }),
    rate: () => 0.05,
    secondsLeft: () => 90,
    elapsed: () => 61,
  }
  expect(fitLine(totalParts(state), 120)).toBe(
    '█████░░░░░ | 1 of 3 done, 1 running, 1 waiting | 1 min 1 s so far | 3.0 runs/min | 1 min 30 s left',
  )
  for (let columns = 19; columns <= 200; columns++) {
    const line = fitLine(totalParts(state), columns)
    expect(line.length).toBeLessThanOrEqual(columns)
    expect(line).toContain('1 of 3 done')
  }
})
