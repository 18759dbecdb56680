import { expect, test } from 'vitest'
import { matricesOf } from '../../src/families/family.js'
import { emptyLines, watchMasks } from '../../src/search/mask-watch.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'

const bytes = { name: 'bytes', vocabulary: 256 } as const

/** A mask of ones but for some rows. */
function maskWithout(shape: readonly [number, number], rows: number): Uint8Array {
  const mask = new Uint8Array(Math.ceil((shape[0] * shape[1]) / 8))
  for (let i = rows * shape[1]; i < shape[0] * shape[1]; i++) mask[i >> 3] |= 1 << (i & 7)
  return mask
}

/** What is said of a run whose flips at each step are a part of all weights. */
function said(flips: (step: number) => number, choice: Partial<SettingsChoice> = {}, emptyRows = 0): string[] {
  const settings = chooseSettings({ kind: 'search', model: 'micro', steps: 200, ...choice }, bytes)
  const matrices = matricesOf(settings.config)
  const weights = matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const mask = (name: string) => {
    const { shape } = matrices.find((matrix) => matrix.name === name)!
    return maskWithout(shape as [number, number], name === 'h.1.mlp.c_proj' ? emptyRows : 0)
  }
  const watch = watchMasks(settings, { mask })
  const rows = Array.from({ length: Math.min(200, settings.steps) }, (_, i) => i + 1)
  const { learningRate } = settings
  return rows.flatMap((step) =>
    watch({
      ...{ step, loss: 3, learningRate, tokens: 1, seconds: 1, tokensPerSecond: 1 },
      flipped: flips(step) * weights,
    }),
  )
}

// Measured; the header of the file has the table.
const measured = { low: () => 9e-5, usual: (step: number) => (step < 20 ? 6e-3 : 2e-3) }

test('nothing is said of a usual run, and of a short one that only has few steps', () => {
  expect(said(measured.usual)).toEqual([])
  expect(said(measured.usual, { steps: 40 })).toEqual([])
  expect(said(measured.low, { steps: 20 })).toEqual([])
})

test('masks that hardly move are told once, with the figure, what is expected and what to do', () => {
  expect(said(measured.low, { learningRate: 1e-5 })).toEqual([
    'warning: by step 30 masks hardly move: 0.009 % of the weights enter or leave them a step, which makes 0.043 new masks in all 200 steps, where more than 1 is expected; try a larger learning rate (--lr; it is 0.00001), or more steps',
  ])
  expect(said(measured.low, { steps: 20_000 })).toEqual([]) // they come to several masks
})

test('masks that flap are told once, by the window in which they are drawn anew', () => {
  const lines = said((step) => (step < 20 ? 0.05 : 0.005), { learningRate: 1 })
  expect(lines).toEqual([
    'warning: by step 20 masks flap: 4.8 % of the weights enter or leave them a step, 11 % of a new mask, where at most 5 % is expected; try a smaller learning rate (--lr; it is 1)',
  ])
})

test('flips are a part of a new mask of the matrices that have one: learned values are left out, coats and signs count', () => {
  // Tables are 49,152 of 835,584 weights: of masks alone 4.5 % of all are 4.8 %.
  const tables = said(() => 0.045, { embeddings: { bits: 4 }, algorithm: 'edge-popup', keep: 0.3 })
  expect(tables[0]).toContain('4.8 % of the weights enter or leave them a step, 11 % of a new mask')
  // Keep, hide and invert at keep 0.3: 1 - 0.7^2 - 2 * 0.15^2 = 0.465 of the weights are others.
  const signed = said(() => 0.047, { algorithm: 'signed', keep: 0.3 })
  expect(signed[0]).toContain('4.7 % of the weights change their coats or sign a step, 10 % of a new mask')
  // Coats of 0.3 and 0.1: 0.7, 0.2 and 0.1 have 0, 1 and 2.
  const coats = said(() => 0.046, { algorithm: 'multicoated', keep: 0.3, coats: [0.1] })
  expect(coats[0]).toContain('change their coats or sign a step, 10 % of a new mask')
})

test('of learned values nothing is said: they have no mask that could collapse', () => {
  expect(said(measured.usual, {}, 512)).toHaveLength(1)
  expect(said(measured.usual, { algorithm: 'levels' }, 512)).toEqual([])
})

test('a matrix that keeps nothing of many inputs is told, with its lines; by chance empty ones are none', () => {
  expect(said(measured.usual, {}, 20)).toEqual([]) // 4 % of 512
  expect(said(measured.usual, {}, 60)).toEqual([
    'warning: by step 50 h.1.mlp.c_proj collapses: 60 of its 512 inputs and 0 of its 128 outputs keep no weight, where all are expected to keep some; try a smaller learning rate (--lr), or a larger kept part (--keep)',
  ])
  expect(said(measured.usual, { selection: 'global' }, 512)[0]).toContain(
    '512 of its 512 inputs and 128 of its 128 outputs',
  )
  expect(said(measured.usual, { selection: 'global' }, 512)[0]).toContain(
    'try --selection per-layer, or a smaller learning rate (--lr)',
  )
})

test('empty lines are counted, and those that chance gives do not count as collapse', () => {
  const shape = [4, 8] as const
  const mask = Uint8Array.of(0, 0b1, 0b1, 0b1)
  expect(emptyLines({ shape }, mask)).toMatchObject({ rows: 1, columns: 7 })
  expect(emptyLines({ shape }, new Uint8Array(4))).toEqual({ rows: 4, columns: 8, share: 1 })
  // One of 16 weights kept in a line on average: by chance a third of the lines are empty.
  const sparse = new Uint8Array(32)
  for (let i = 0; i < 256; i += 16) sparse[(i + (((i / 16) * 7) % 11)) >> 3] |= 1 << ((i + (((i / 16) * 7) % 11)) & 7)
  expect(emptyLines({ shape: [16, 16] }, sparse).rows).toBe(0)
  expect(emptyLines({ shape: [16, 16] }, sparse).columns).toBe(5)
  expect(emptyLines({ shape: [16, 16] }, sparse).share).toBeLessThan(0)
})
