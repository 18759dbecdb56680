// One row for all tokens that a text lacks: its gradient is that of one parameter, and everything sees its copies.
import { expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { AdamW } from '../../src/kernels/adamw.js'
import { copyRow } from '../../src/mask/index.js'
import type { Algorithm } from '../../src/search/algorithm.js'
import { clipGradients } from '../../src/search/clip.js'
import { openSearchSession } from '../../src/search/session.js'
import { chooseSettings, type SettingsChoice } from '../../src/search/settings.js'
import { withSharedRows } from '../../src/search/shared-rows.js'
import { unusedRows } from '../../src/search/unused-rows.js'

const small = { model: 'micro', layers: 1, width: '16', heads: 2, context: 16, batch: 2, steps: 8, seed: 5n } as const
const settingsOf = (choice: Partial<SettingsChoice>) =>
  chooseSettings(
    { kind: 'search', algorithm: 'edge-popup', ...small, unusedRows: 'share', ...choice },
    { name: 'bytes', vocabulary: 256 },
  )

const text = Uint16Array.from(
  new TextEncoder().encode('a ticket, kept and hidden, that won from the start. '.repeat(8)),
)
const corpus = { name: 'words.txt', train: text, valid: text, sha256: '0'.repeat(64), tokenizer: 'bytes' }
const unusedTokens = Array.from({ length: 256 }, (_, token) => token).filter((token) => !text.includes(token))

const open = (choice: Partial<SettingsChoice>) =>
  openSearchSession(settingsOf(choice), corpus as never, createGraphRunner({ threads: 1 }), loadKernels)

const adamw = (step: number): AdamW => ({
  ...{ learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, step },
})

test('the rows are those of the tokens that the text lacks, but for the first of them', () => {
  const rows = unusedRows(settingsOf({ untied: true }), text)
  expect([...rows.keys()]).toEqual(['wte', 'lm_head'])
  for (const { used, copies } of rows.values()) {
    expect(copies!.row).toBe(unusedTokens[0])
    expect(used).toBe((256 - unusedTokens.length + 1) * 16)
  }
  const without = (...tokens: number[]) =>
    Uint16Array.from(Array.from({ length: 256 }, (_, token) => token).filter((token) => !tokens.includes(token)))
  expect(unusedRows(settingsOf({}), without(7)).size).toBe(0)
  expect(unusedRows(settingsOf({}), without(7, 9)).get('wte')).toMatchObject({
    ...{ ranges: [[9 * 16, 10 * 16]], used: 255 * 16 },
    copies: { row: 7, rows: 256, columns: 16 },
  })
})

test.each([false, true])(
  'its gradient is the slope of the loss along all copies together: untied head %s',
  async (untied) => {
    const session = await open({ untied, keep: 0.9, initialisation: 'kaiming' })
    const { memory, lossStep, unused } = session
    const seen = new Map<string, Float32Array>()
    const keepGradients: Algorithm = {
      state: [],
      update() {
        for (const name of unused.keys()) seen.set(name, memory.matrix(name).gradient.slice())
      },
      restored() {},
    }
    for (let i = 0; i < lossStep.tokens.length; i++) {
      lossStep.tokens[i] = i % 3 === 0 ? unusedTokens[i] : text[i]
      lossStep.targets[i] = i % 5 === 0 ? unusedTokens[2 * i] : text[i + 1]
    }
    await lossStep.run()
    withSharedRows(keepGradients, memory, unused).update(adamw(1))
    for (const [name, { copies }] of unused) {
      const { effective } = memory.matrix(name)
      const own = seen.get(name)!
      const { row, columns } = copies!
      for (const token of unusedTokens.slice(1)) {
        expect(own.subarray(token * columns, (token + 1) * columns).every((value) => value === 0)).toBe(true)
      }
      for (const column of [0, 7, 15]) {
        const [at, before] = [row * columns + column, effective[row * columns + column]]
        const lossAt = async (value: number) => {
          effective[at] = value
          copyRow(effective, copies!)
          return lossStep.run()
        }
        const [step, slope] = [0.005, own[at]]
        const rise = (await lossAt(before + step)) - (await lossAt(before - step))
        await lossAt(before)
        expect(Math.abs(rise / (2 * step) - slope)).toBeLessThan(2e-3 + 0.02 * Math.abs(slope))
        expect(Math.abs(slope)).toBeGreaterThan(5e-3)
      }
    }
    await session.release()
  },
)

test('gradients are summed before they are clipped, and the step is that of one row', async () => {
  const [clipped, plain] = [await open({ clip: 1 }), await open({})]
  const fill = ({ memory }: typeof plain) => {
    for (const [m, { gradient }] of memory.matrices.entries()) {
      for (let i = 0; i < gradient.length; i++) gradient[i] = Math.sin(i * (m + 1))
    }
  }
  fill(clipped)
  fill(plain)
  clipped.algorithm.update(adamw(1))
  const { gradient } = plain.memory.matrix('wte')
  const sums = Array.from({ length: 16 }, (_, column) =>
    unusedTokens.reduce((sum, token) => sum + gradient[token * 16 + column], 0),
  )
  for (const token of unusedTokens) gradient.fill(0, token * 16, token * 16 + 16)
  gradient.set(sums, unusedTokens[0] * 16)
  expect(clipGradients(plain.memory, 1, plain.algorithm.gradientSquares)).toBeGreaterThan(1)
  plain.algorithm.update(adamw(1))
  for (const [m, matrix] of clipped.memory.matrices.entries()) {
    expect(matrix.effective).toEqual(plain.memory.matrices[m].effective)
    expect(matrix.momentum).toEqual(plain.memory.matrices[m].momentum)
  }
  await clipped.release()
  await plain.release()
})

test.each<Partial<SettingsChoice>>([
  {},
  { algorithm: 'annealed' },
  { algorithm: 'iterand' },
  { algorithm: 'sampled' },
  { embeddings: { bits: 4 }, norms: 'gains' },
])(
  'all unused rows are the same and learn: at the start, after a step, as the ticket, after a checkpoint: %j',
  async (choice) => {
    const session = await open({ ...choice, untied: true })
    const { memory, algorithm, unused, lossStep } = session
    const rowsOf = (name: string) => {
      const { effective } = memory.matrix(name)
      return unusedTokens.map((token) => effective.slice(token * 16, token * 16 + 16))
    }
    const tables = [...unused.keys()]
    const expectCopies = () => {
      for (const name of tables) for (const row of rowsOf(name)) expect(row).toEqual(rowsOf(name)[0])
    }
    expectCopies()
    const first = tables.map((name) => rowsOf(name)[0])
    for (let step = 1; step <= 3; step++) {
      session.fillBatch(step - 1, lossStep.tokens, lossStep.targets)
      await lossStep.run()
      algorithm.update(adamw(step))
      expectCopies()
    }
    const [, head] = tables.map((name) => rowsOf(name)[0])
    expect(head).not.toEqual(first[1]) // that of the table has no gradient: no unused token is read
    const before = memory.matrices.map(({ effective }) => effective.slice())
    await algorithm.asTicket!(async () => expectCopies())
    expect(memory.matrices.map(({ effective }) => effective)).toEqual(before)
    algorithm.restored()
    expectCopies()
    expect(head.some((value) => value !== 0)).toBe(true)
    await session.release()
  },
)

test('a text that has an unused byte has a finite loss', async () => {
  const tokenizer = await loadTokenizer('bytes')
  const valid = Uint16Array.from({ length: 256 }, (_, i) => i)
  const other = { ...corpus, valid, tokenizer } as never
  const session = await openSearchSession(settingsOf({}), other, createGraphRunner({ threads: 1 }), loadKernels)
  expect(Number.isFinite((await session.validation(4)()).validLoss)).toBe(true)
  await session.release()
})
