import { describe, expect, test } from 'vitest'

const load = (name: string) => import(new URL(`../../bench/${name}.mjs`, import.meta.url).href)
const { findings, headline, tableOf } = await load('compression-findings')
const { compressionSvg } = await load('compression-figure')
const { ROWS, SERIES } = await load('compression-plan')
const { ofSeeds } = await load('over-seeds')

interface Row {
  readonly name: string
  readonly kind: 'ticket' | 'rival' | 'floor'
  readonly bytes: number
}

const rowOf = (kind: Row['kind'], name: string, bytes: number, ...losses: number[]): Row => ({
  name,
  kind,
  series: kind,
  label: name,
  ...ofSeeds(losses.map((loss, seed) => ({ seed, loss, bytes, bitsPerWeight: 1 }))),
})

const ticket = rowOf('ticket', 'T', 90_000, 1.5, 1.6, 1.7)
const worse = rowOf('rival', 'far', 60_000, 1.6, 1.7, 1.8)
const near = rowOf('rival', 'near', 90_000, 1.55, 1.649, 1.751)
const larger = rowOf('rival', 'large', 95_000, 1.4, 1.5, 1.6)
const floor = rowOf('floor', 'dense', 3_000_000, 1.2, 1.3, 1.4)

describe('each ticket against the best rival of no more bytes', () => {
  test('it wins where the interval of the differences is below 0; larger rivals and the floor do not count', () => {
    const [first, , line] = findings([ticket, worse, near, larger, floor])
    expect(first).toBe('Of 1 tickets, each against the best rival of no more bytes, 1 win, 0 lose, 0 are undecided.')
    expect(line).toBe(
      '- *T* (90,000 bytes, 1.600 nats): the best rival of no more bytes is *near* (90,000 bytes, 1.650 nats): the ticket wins (−0.050 nats, 95 % ±0.002; ' +
        'seed by seed −0.050, −0.049, −0.051); the smallest rival that is at least as good is *large*, 1.06 times its bytes.',
    )
  })

  test('it loses where the interval is above 0, though a ticket of fewer bytes is better', () => {
    const [first, , , line] = findings([
      ticket,
      rowOf('ticket', 'small', 50_000, 1, 1.1, 1.2),
      rowOf('rival', 'R', 80_000, 1.45, 1.551, 1.649),
    ])
    expect(first).toContain('0 win, 1 lose, 0 are undecided; 1 have no rival as small.')
    expect(line).toContain('the ticket loses (+0.050 nats, 95 % ±0.002')
    expect(line).toContain('the smallest rival that is at least as good is *R*, 0.89 times its bytes.')
  })

  test.each([
    ['whose interval holds 0', [1.6, 1.5, 1.8], '95 % ±'],
    ['of two seeds', [1.6, 1.7], 'no interval: too few seeds'],
  ])('a difference %s is undecided', (_, losses, words) => {
    const [first, , line] = findings([
      rowOf('ticket', 'T', 90_000, ...[1.5, 1.6, 1.7].slice(0, losses.length)),
      rowOf('rival', 'R', 9, ...losses),
    ])
    expect(first).toContain('0 win, 0 lose, 1 are undecided.')
    expect(line).toMatch(/: undecided \(−0\.\d+ nats, /)
    expect(line).toContain(words)
  })
})

describe('the headline', () => {
  test('takes the best ticket within the bytes, the best rival of no more bytes, and the best within the bytes beside it', () => {
    const better = rowOf('ticket', 'too large', 100_001, 1, 1, 1)
    const line = headline(
      [ticket, rowOf('ticket', 'poor', 80_000, 2, 2, 2), better, worse, near, larger, floor],
      'A text',
      100_000,
    )
    expect(line).toBe(
      '**A text, at most 100 kB a file:** the best ticket is *T* (90,000 bytes, 1.600 nats); the best rival of no more bytes is *near* (90,000 bytes, 1.650 nats): ' +
        'the ticket wins (−0.050 nats, 95 % ±0.002; seed by seed −0.050, −0.049, −0.051). Against the best rival of at most 100 kB, *large* (95,000 bytes, 1.500 nats), ' +
        'the ticket loses (+0.100 nats, 95 % ±0.000; seed by seed +0.100, +0.100, +0.100).',
    )
  })

  test('says one rival once, and what there is not', () => {
    expect(headline([ticket, near], 'A', 100_000)).not.toContain('Against')
    expect(headline([ticket], 'A', 100_000)).toContain('no rival is as small.')
    expect(headline([ticket, near], 'A', 80_000)).toBe('**A, at most 80 kB a file:** no ticket here is as small.')
  })
})

test('the table goes by series, then by bytes', () => {
  const names = tableOf([larger, ticket, worse, near, floor]).map(([name]: string[]) => name)
  expect(names).toEqual(['model', 'far', 'near', 'large', 'T', 'dense'])
})

test('the plan names each row once, and its rivals are narrower than the tickets', () => {
  const names = ROWS.map(({ name }: Row) => name)
  expect(new Set(names).size).toBe(names.length)
  const rivals = ROWS.filter(({ kind }: Row) => kind === 'rival')
  expect(rivals.every((row: { options: { width: number } }) => row.options.width < 128)).toBe(true)
})

test('the figure draws every series of the plan, and one panel a text', () => {
  const rows = ROWS.map((row: Row, i: number) => ({
    ...row,
    ...rowOf(row.kind, row.name, 60_000 + 1000 * i, 1.5, 1.6, 1.55 + i / 100),
    ...row,
  }))
  const texts = ['one text', 'another'].map((text) => ({ text, steps: 2000, seeds: 3, rows }))
  const svg = compressionSvg(texts)
  for (const { name } of SERIES) expect(svg).toContain(`>${name}</text>`)
  for (const { text } of texts) expect(svg).toContain(`${text}: nats a byte`)
  expect(svg).not.toContain('NaN')
  expect(svg.match(/<circle/g)!.length).toBeGreaterThanOrEqual(2 * (rows.length - 1))
})
