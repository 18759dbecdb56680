import { describe, expect, test } from 'vitest'

const load = (name: string) => import(new URL(`../../bench/${name}.mjs`, import.meta.url).href)
const { gapFindings, gapTable, scalingFindings, scalingTable } = await load('trends-table')
const { CHANGES, SETTINGS } = await load('trends-plan')
const { ofSeeds } = await load('over-seeds')

const lossesOf = (losses: number[]) => ofSeeds(losses.map((loss, seed) => ({ seed, loss })))

/** A ticket at a setting whose gaps to dense training are these, seed by seed. */
const gapOf = (model: string, steps: number, gaps: number[]) => {
  const dense = [1.5, 1.7, 1.6].slice(0, gaps.length)
  return { name: 'T', model, steps, ticket: lossesOf(dense.map((loss, i) => loss + gaps[i])), dense: lossesOf(dense) }
}

describe('the gap', () => {
  const rows = [
    gapOf('micro', 2000, [0.2, 0.21, 0.19]),
    gapOf('micro', 8000, [0.15, 0.161, 0.139]),
    gapOf('tiny', 2000, [0.25, 0.261, 0.239]),
  ]

  test('is that of the same seed', () => {
    expect(gapTable(rows)[1]).toEqual([
      'T',
      'micro, 2,000 steps',
      '1.800',
      '±0.262',
      '1.600',
      '±0.248',
      '+0.200',
      '±0.025',
    ])
  })

  test('closes with training, opens with size', () => {
    expect(gapFindings(rows, CHANGES)).toEqual([
      '- *T*: with training (micro, 2,000 steps, to micro, 8,000 steps) the gap closes (−0.050 nats, 95 % ±0.002; seed by seed −0.050, −0.049, −0.051).',
      '- *T*: with size (micro, 2,000 steps, to tiny, 2,000 steps) the gap opens (+0.050 nats, 95 % ±0.002; seed by seed +0.050, +0.051, +0.049).',
    ])
  })

  test('is undecided where seeds differ more than it moves, and where there are too few', () => {
    const apart = [rows[0], gapOf('micro', 8000, [0.1, 0.3, 0.15]), rows[2]]
    expect(gapFindings(apart, CHANGES)[0]).toContain(
      'whether the gap closes or opens is undecided (−0.017 nats, 95 % ±',
    )
    const two = rows.map(({ model, steps }) => gapOf(model, steps, [0.2, 0.2]))
    expect(gapFindings(two, CHANGES)[0]).toContain('is undecided (+0.000 nats, no interval: too few seeds;')
  })

  test('the changes of the plan are of one thing each', () => {
    for (const { name, from, to } of CHANGES) {
      const [before, after] = [SETTINGS[from], SETTINGS[to]]
      expect(before.model === after.model).toBe(name === 'training')
      expect(before.longer === after.longer).toBe(name === 'size')
    }
  })
})

describe('QK scaling', () => {
  const plain = lossesOf([2.4, 2.3, 2.5, 2.4, 2.4])
  const row = (...less: number[]) => {
    const scaled = lossesOf(plain.losses.map((loss: number, i: number) => loss + less[i]))
    return { init: 'gpt2', shown: '2.83', plain, scaled }
  }

  test.each([
    [[-0.1, -0.11, -0.09, -0.1, -0.1], 'scaling lowers the loss (−0.100 nats'],
    [[0.1, 0.11, 0.09, 0.1, 0.1], 'scaling raises the loss (+0.100 nats'],
    [[-0.1, 0.11, 0.09, -0.1, 0.1], 'whether scaling lowers the loss is undecided (+0.020 nats'],
  ])('%j: %s', (less, words) => {
    expect(scalingFindings([row(...less)])[0]).toContain(`- *gpt2*, query and key weights times 2.83: ${words}`)
  })

  test('the table', () => {
    const cells = scalingTable([row(-0.1, -0.11, -0.09, -0.1, -0.1)])[1]
    expect(cells).toEqual(['gpt2', '2.83', '2.300', '±0.097', '2.400', '±0.088', '−0.100', '±0.009', '5'])
  })
})
