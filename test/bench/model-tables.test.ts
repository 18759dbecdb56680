import { describe, expect, test } from 'vitest'

const load = (name: string) => import(new URL(`../../bench/${name}.mjs`, import.meta.url).href)
const { difference, ofSeeds, signed } = await load('over-seeds')
const { markdownTable, withPart } = await load('model-page')
const { chosenRows, withTeachers } = await load('model-runs')
const { closeRows, tableOf } = await load('defaults-table')

/** A row with these losses, of seeds 0, 1, 2 and so on unless told otherwise. */
const rowOf = (name: string, losses: number[], seeds = losses.map((_, seed) => seed)) => ({
  name,
  ...ofSeeds(losses.map((loss, i) => ({ seed: seeds[i], loss }))),
})

describe('losses over seeds', () => {
  test('means, and half of the interval of Student t', () => {
    const runs = [1.9, 2, 2.1].map((loss, seed) => ({ seed, loss, bytes: 100 + seed, seconds: 3 }))
    const { loss, half, bytes, seconds, ...others } = ofSeeds(runs)
    expect(loss).toBeCloseTo(2, 12)
    expect(half).toBeCloseTo((4.303 * 0.1) / Math.sqrt(3), 3) // t of two degrees of freedom
    expect({ bytes, seconds, ...others }).toEqual({ bytes: 101, seconds: 3, losses: [1.9, 2, 2.1], seeds: [0, 1, 2] })
  })

  test('two seeds have no interval', () => {
    expect(rowOf('a', [1, 2]).half).toBeUndefined()
    expect(difference(rowOf('a', [1, 2]), rowOf('b', [3, 5]))).toMatchObject({ mean: -2.5, verdict: 'undecided' })
  })

  test.each([
    [[1.7, 1.8, 1.9], [1.75, 1.851, 1.949], 'lower'],
    [[1.75, 1.851, 1.949], [1.7, 1.8, 1.9], 'higher'],
    [[1.7, 1.8, 1.9], [1.6, 1.9, 1.91], 'undecided'],
  ])('%j against %j is %s', (own, other, verdict) => {
    expect(difference(rowOf('a', own), rowOf('b', other)).verdict).toBe(verdict)
  })

  test('seeds are compared with themselves, and only those that both have', () => {
    const less = difference(rowOf('a', [3, 1], [2, 0]), rowOf('b', [10, 20, 30]))
    expect(less.values).toEqual([3 - 30, 1 - 10])
    expect(difference(rowOf('a', [1], [0]), rowOf('b', [1], [1]))).toBeUndefined()
  })

  test('signs', () => expect([signed(-0.0104), signed(0.0104)]).toEqual(['−0.010', '+0.010']))
})

describe('the grid of defaults', () => {
  const rows = [rowOf('base', [1.8]), rowOf('near', [1.779]), rowOf('best', [1.76]), rowOf('far', [1.781])]

  test('the base and what is near the best get more seeds', () => {
    expect(closeRows(rows, 0.02)).toEqual(['base', 'near', 'best'])
    expect(closeRows(rows, 0)).toEqual(['base', 'best'])
  })

  test('the base first, then by loss; differences seed by seed; rows of one seed say so', () => {
    const base = rowOf('base', [1.8, 1.9, 2])
    const rows = [rowOf('far', [1.95]), base, rowOf('near', [1.7, 1.79, 1.91])]
    const table = tableOf(rows.map((row) => ({ ...row, bytes: 1234.4 })))
    expect(table.slice(1)).toEqual([
      ['base', '1.900', '±0.248', '', '', '1,234', '3'],
      ['near', '1.800', '±0.262', '−0.100', '±0.025', '1,234', '3'],
      ['far', '1.950', '', '+0.150', '', '1,234', '1'],
    ])
  })
})

describe('rows of a plan', () => {
  const plan = [{ name: 'dense', command: 'train' }, { name: 'taught', teacher: 'dense' }, { name: 'plain' }]

  test('--only chooses, and refuses other names', () => {
    expect(chosenRows(plan, undefined)).toEqual(plan)
    expect(chosenRows(plan, ['plain'])).toEqual([plan[2]])
    expect(() => chosenRows(plan, ['plane'])).toThrow('"only" expected dense; taught; plain; got plane')
  })

  test('teachers are trained though they were not asked for, and once', () => {
    expect(withTeachers([plan[1]], plan)).toEqual([plan[1], plan[0]])
    expect(withTeachers([plan[2]], plan)).toEqual([plan[2]])
    expect(withTeachers(plan, plan)).toEqual(plan)
  })
})

describe('parts of a page', () => {
  const page = 'a\n<!-- begin of x -->\n\nNot made yet.\n\n<!-- end of x -->\nb\n'

  test('what stands between the marks is replaced, twice alike', () => {
    const once = withPart(page, 'x', ['one', 'two'])
    expect(once).toBe('a\n<!-- begin of x -->\n\none\ntwo\n\n<!-- end of x -->\nb\n')
    expect(withPart(once, 'x', ['one', 'two'])).toBe(once)
  })

  test('a page without the marks is refused', () => {
    expect(() => withPart(page, 'y', ['one'])).toThrow('the page lacks the marks <!-- begin of y -->')
  })

  test('a table', () => {
    const lines = ['| n | b |', '| --- | ---: |', '| x | 1 |']
    expect(
      markdownTable([
        ['n', 'b'],
        ['x', '1'],
      ]),
    ).toEqual(lines)
  })
})
