import { expect, test } from 'vitest'
import type { BaseConfig } from '../../src/families/config.js'
import { chooseItems, nextItems } from '../../src/jobs/choose-items.js'
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

test('an encoder and a target out of range are refused before any work', async () => {
  await expect(chooseItems(1e-3, options(smallBert))).rejects.toThrow(
    '"target-kl" expected a model that predicts the next token, got a BERT; --items sets them',
  )
  for (const target of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(chooseItems(target, options(smallLlama))).rejects.toThrow(
      `"target-kl" expected a finite number > 0, got ${target}`,
    )
  }
})
