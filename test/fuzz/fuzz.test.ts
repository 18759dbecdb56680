import { expect, test } from 'vitest'
import { CASE_LIMIT, CEILING, type FuzzKind, noOutcomes, runCase } from './run-cases.js'

/** The first cases of `npm run fuzz -- --seed 1`. */
const SEED = 1

const outcomes = noOutcomes()
const run = async (kind: FuzzKind, count: number) => {
  for (let number = 0; number < count; number++) await runCase(kind, SEED, number, outcomes[kind])
  return outcomes[kind]
}

test('20,000 changed tickets are read or refused in one line, within the memory that they may ask for', async () => {
  const { read, refused, largest, peak } = await run('tickets', 20_000)
  // Otherwise the changes would be too coarse, or what is refused would be refused for one reason alone.
  expect(read).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(10_000)
  expect(largest).toBeGreaterThan(CASE_LIMIT / 16)
  expect(largest).toBeLessThanOrEqual(CASE_LIMIT)
  expect(peak).toBeLessThan(CEILING)
})

test('20,000 changed safetensors files likewise', async () => {
  const { read, refused, peak } = await run('safetensors', 20_000)
  expect(read).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(10_000)
  expect(peak).toBeLessThan(CEILING)
})

test('5,000 changed GGUF files likewise', async () => {
  const { read, refused, peak } = await run('gguf', 5_000)
  expect(read).toBeGreaterThan(500)
  expect(refused).toBeGreaterThan(1_000)
  expect(peak).toBeLessThan(CEILING)
})

test('10,000 changed links and digits likewise', async () => {
  const { refused, peak } = await run('compact', 10_000)
  expect(refused).toBeGreaterThan(8_000)
  expect(peak).toBeLessThan(CEILING)
})
