import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BaseConfig } from '../../src/families/config.js'
import { pairPlans } from '../../src/families/pair-plan.js'
import { chooseItems, nextItems } from '../../src/jobs/choose-items.js'
import { chooseMatrixItems } from '../../src/jobs/choose-matrix-items.js'
import { isPruneOf, pruneModel, verifyModel } from '../../src/jobs/prune.js'
import { randomWeights, smallBert, smallLlama } from '../families/small-models.js'

const options = (config: BaseConfig) => ({ target: { config, weights: randomWeights(config) }, seed: 1n, threads: 1 })

test('the fewest items are found: those are enough, and one less is not', async () => {
  const seen: number[] = []
  const { items, tried } = await chooseItems(1e-5, options(smallLlama), (trial) => seen.push(trial.items))
  expect(tried.map((trial) => trial.items)).toEqual(seen)
  const of = (count: number) => tried.find((trial) => trial.items === count)!.divergence
  expect(of(items)).toBeLessThanOrEqual(1e-5)
  expect(of(items - 1)).toBeGreaterThan(1e-5)
})

test('trials go to where the divergence leads, and end between what is enough and what is not', () => {
  const law = (items: number) => 4 ** -items
  for (const target of [0.3, 1e-3, 3e-8, 1e-12]) {
    const tried = new Map([[8, law(8)]])
    for (let next = nextItems(tried, target); next !== 'found'; next = nextItems(tried, target))
      tried.set(next, law(next))
    const enough = [...tried.keys()].filter((items) => law(items) <= target)
    expect(Math.min(...enough)).toBe(Math.max(1, Math.ceil(Math.log(1 / target) / Math.log(4))))
    expect(tried.size).toBeLessThanOrEqual(5)
  }
  expect(nextItems(new Map([[28, 1]]), 1e-9)).toBe(29)
})

test('with items by matrix the target is met, and each matrix has those that were chosen', async () => {
  const config = { ...smallLlama, layers: 1 }
  const { items, tried } = await chooseMatrixItems(1e-4, options(config))
  expect(tried[0]).toMatchObject({ items: 8, itemsPer: 'model' })
  const enough = tried.filter(({ itemsPer, divergence }) => itemsPer === 'matrix' && divergence <= 1e-4)
  expect(enough.length).toBeGreaterThan(0)
  expect(new Set(items.values()).size).toBeGreaterThan(1)
  const folder = await mkdtemp(join(tmpdir(), 'slt-'))
  try {
    const out = join(folder, 'by-matrix')
    const report = await pruneModel({ ...options(config), items, out })
    expect(new Map(report.pairs.map((pair) => [pair.name, pair.items]))).toEqual(items)
    expect(report.difference.predictions!.divergence).toBeLessThanOrEqual(1e-4)
    expect(report.bitsPerWeight).toBe(Math.min(...enough.map(({ bitsPerWeight }) => bitsPerWeight)))
    expect(report).toMatchObject({ itemsPer: 'matrix', items: Math.max(...items.values()) })
    expect(await isPruneOf(out, { ...options(config), items })).toBe(true)
    const [name, count] = [...items][0]
    expect(await isPruneOf(out, { ...options(config), items: new Map(items).set(name, count - 1) })).toBe(false)
    expect(await isPruneOf(out, { ...options(config), items: report.items })).toBe(false)
    const { checks } = await verifyModel({ ticket: out, target: options(config).target })
    expect(checks.filter(({ passed }) => !passed)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('items by matrix are one for each matrix of the model', async () => {
  const given = { ...options(smallLlama), out: 'nowhere' }
  const names = pairPlans(smallLlama, { attention: 'factored', dense: 'none' }).map(({ name }) => name)
  const items = new Map(names.map((name) => [name, 8]))
  await expect(pruneModel({ ...given, items: new Map(items).set('x', 8) })).rejects.toThrow(
    '"items" expected names of pairs, got x',
  )
  await expect(pruneModel({ ...given, items: new Map(items).set('norm.weight', 0) })).rejects.toThrow(
    '"items of norm.weight" expected an integer from 1 to 256, got 0',
  )
  await expect(pruneModel({ ...given, items, embeddingItems: 8 })).rejects.toThrow(
    '"embeddingItems" expected none beside items by pair, got 8',
  )
})

test('an encoder and a target out of range are refused before any work', async () => {
  await expect(chooseItems(1e-3, options(smallBert))).rejects.toThrow(
    '"target-kl" expected a model that predicts the next token, got a BERT; --items sets them',
  )
  for (const target of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const choose of [chooseItems, chooseMatrixItems]) {
      await expect(choose(target, options(smallLlama))).rejects.toThrow(
        `"target-kl" expected a finite number > 0, got ${target}`,
      )
    }
  }
})
