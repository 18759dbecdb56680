import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { search } from '../../src/jobs/search.js'
import { allocateParameters } from '../../src/kernels/index.js'
import { clipGradients } from '../../src/search/clip.js'
import type { SettingsChoice } from '../../src/search/settings.js'
import { rowsOf, smallRun, writeText } from './small-run.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-clip-'))
beforeAll(() => {
  writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

async function memoryOf(gradients: readonly number[]) {
  const memory = await allocateParameters(loadKernels, [
    { name: 'masked', count: 3, kind: 'ticket' },
    { name: 'norm', count: 1, kind: 'dense' },
  ])
  memory.matrix('masked').weights.set([2, -1, 0.5])
  memory.tickets[0].scores.set([0.5, -0.1, 1])
  memory.matrix('masked').gradient.set(gradients.slice(0, 3))
  memory.matrix('norm').gradient.set(gradients.slice(3))
  const all = () => memory.matrices.flatMap(({ gradient }) => [...gradient])
  return { memory, all }
}

test('gradients of scores and norms are shortened together: of a weight w the score has dL/dw w', async () => {
  const { memory, all } = await memoryOf([1, 4, 0, 4]) // 2, -4, 0 and 4: norm 6
  expect(clipGradients(memory, 3)).toBe(6)
  expect(all()).toEqual([0.5, 2, 0, 2])
  expect(clipGradients(memory, 3)).toBe(3)
  expect(all()).toEqual([0.5, 2, 0, 2])
})

test('what is not finite is left for the update to tell', async () => {
  const { memory, all } = await memoryOf([1, Number.NaN, 0, 1])
  expect(clipGradients(memory, 1)).toBeNaN()
  expect(all()[0]).toBe(1)
})

const run = async (name: string, choice: Partial<SettingsChoice>) => {
  const base = smallRun(folder, { out: join(folder, `${name}.safetensors`) })
  const report = await search({ ...base, choice: { ...base.choice, norms: 'learned', ...choice } })
  return rowsOf(report.run).map(({ loss }) => loss)
}

test('in a run: a norm beyond all changes nothing, one below does; so does the range of scores, but for the first mask', async () => {
  const plain = await run('plain', {})
  expect(await run('far', { clip: 1e9 })).toEqual(plain)
  const clipped = await run('near', { clip: 1e-9 }) // below epsilon, where AdamW's steps become smaller
  expect(clipped[0]).toBe(plain[0])
  expect(clipped.slice(2)).not.toEqual(plain.slice(2))
  const wide = await run('wide', { scoreScale: 4 })
  expect(wide[0]).toBe(plain[0])
  expect(wide.slice(2)).not.toEqual(plain.slice(2))
})
