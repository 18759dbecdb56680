import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import * as slt from '../src/index.js'

const folder = fileURLToPath(new URL('../data/gpt-nano-sort', import.meta.url))

it('the library prunes, verifies and runs a model', async () => {
  const work = await mkdtemp(join(tmpdir(), 'slt-'))
  try {
    const target = await slt.readModelFolder((name) => slt.openFile(join(folder, name)))
    const out = join(work, 'sorter.slt.safetensors')
    const seen: number[] = []
    const report = await slt.prune({
      target,
      items: 10,
      seed: 1n,
      out,
      threads: 1,
      onProgress: ({ weightsDone }) => seen.push(weightsDone),
    })
    expect(report.weights).toBe(99_612)
    expect(seen.at(-1)).toBe(99_612)
    expect(seen.every((done, i) => i === 0 || done >= seen[i - 1])).toBe(true)
    const { checks } = await slt.verify({ ticket: out, target, logitTolerance: 0.5 })
    expect(checks.filter((check) => !check.passed)).toEqual([])
    const other = { ...target, weights: new Map(target.weights) }
    const name = 'h.1.mlp.c_fc'
    const { shape, data } = target.weights.get(name)!
    other.weights.set(name, { shape, data: data.map((value) => value + 0.01) })
    const against = await slt.verify({ ticket: out, target: other, logitTolerance: 0.01 })
    expect(against.checks.filter((check) => !check.passed).map((check) => check.name)).toEqual(['weights', 'logits'])
    const { model, close } = await slt.openTicketModel(out)
    expect(await slt.generateGreedy(model, [2, 1, 0, 0, 1, 2], 6)).toEqual([0, 0, 1, 1, 2, 2])
    await close()
  } finally {
    await rm(work, { recursive: true })
  }
})

it('refuses options before any work', async () => {
  const target = await slt.readModelFolder((name) => slt.openFile(join(folder, name)))
  const out = join(tmpdir(), 'never-written')
  await expect(slt.prune({ target, items: 0, seed: 1, out })).rejects.toThrow(
    '"items" expected an integer from 1 to 256, got 0',
  )
  await expect(slt.prune({ target, items: 4, seed: 1, out, scale: -1 })).rejects.toThrow('"scale" expected auto or')
  await expect(slt.prune({ target, items: 4, seed: -1, out })).rejects.toThrow('"seed" expected 0 <= seed < 2^64')
  await expect(slt.prune({ target, items: 4, seed: 1, out, threads: 0 })).rejects.toThrow('"threads" expected')
})

it("prunes the paper's transformer without normalisation: masks applied literally come close to the target", async () => {
  const seed = 3
  const matrix = (stream: number) => slt.uniform(seed, stream, 4).map((value) => value / 2)
  const head = { kind: 'factored', keyWidth: 2, valueWidth: 2 } as const
  const attention: slt.Attention = {
    inputs: 2,
    outputs: 2,
    heads: [{ ...head, query: matrix(0), key: matrix(1), value: matrix(2), output: matrix(3) }],
  }
  const layer = { inputs: 2, outputs: 2, weights: matrix(4) }
  const target: slt.NormFreeTransformer = { width: 2, blocks: [{ attention, feedForward: [layer] }] }
  const source = slt.createTransformerSource({ seed, stream: 10, target, attentionWidth: 40, feedForwardWidth: 80 })
  const [pruned] = slt.pruneTransformer(await slt.loadSolver(), target, [source])
  const literal = slt.literalTransformer(pruned)
  expect(literal.blocks[0].feedForward.map(({ outputs }) => outputs)).toEqual([80, 2]) // two layers for one
  const x = slt.uniform(seed, 20, 6 * 2)
  const wanted = slt.forwardTransformer(target, x, 'causal')
  const errors = slt.forwardTransformer(literal, x, 'causal').map((value, i) => Math.abs(value - wanted[i]))
  expect(Math.max(...errors)).toBeLessThan(1e-3)
  expect(Math.max(...errors)).toBeGreaterThan(0)
})
