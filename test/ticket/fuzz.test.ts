import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeDeflate } from '../../src/runtime/node.js'
import { nodeSha256 } from '../../src/runtime/sha256.js'
import { encodeSearchedTicket, type MaskCoding } from '../../src/ticket/index.js'
import { exampleTicket } from './example.js'
import { forge, mutate, refusal } from './forge.js'
import { randomContent, smallConfig } from './searched-example.js'

/** Tickets of every kind and coding, small enough that thousands are read a second. */
const scored = (coding: MaskCoding, change: Parameters<typeof randomContent>[1] = {}) => {
  const content = randomContent(smallConfig, change)
  const matrices = content.matrices.map((matrix, i) => ({ ...matrix, scores: 2 ** 45 + i }))
  return encodeSearchedTicket({ ...content, coding, matrices }, nodeSha256, nodeDeflate).bytes
}
const tickets = [
  await exampleTicket(),
  scored('bits', { norms: 'learned', redrawn: 3 }),
  scored('deflate', { redrawn: 3 }),
  scored('range', { norms: 'learned' }),
  scored('range', { redrawn: 3 }),
]

const mutations = fc.array(
  fc.record({ at: fc.nat(), to: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'drop', 'double') }),
  { minLength: 1, maxLength: 3 },
)
const which = fc.nat(tickets.length - 1)

/** Buffers that are alive or not yet collected; far above what small files may ask for, far below what a lie could. */
const LIMIT = 512 * 2 ** 20
let peak = 0
const measure = () => {
  peak = Math.max(peak, process.memoryUsage().arrayBuffers)
}

test('50,000 mutated tickets are read or refused: no crash, no hang, no memory beyond what is declared', async () => {
  const outcomes = { read: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(which, mutations, async (i, changes) => {
      outcomes[(await refusal(mutate(tickets[i], changes))) === '' ? 'read' : 'refused']++
      measure()
    }),
    { seed: 11, numRuns: 50_000 },
  )
  expect(outcomes.refused).toBeGreaterThan(40_000)
  expect(peak).toBeLessThan(LIMIT)
})

test('50,000 tickets whose tensors are mutated under a right hash are read or refused likewise', async () => {
  const outcomes = { read: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(which, fc.nat(), mutations, async (i, tensor, changes) => {
      const forged = await forge(
        tickets[i],
        () => {},
        (tensors) => {
          const names = [...tensors.keys()]
          const name = names[tensor % names.length]
          const bytes = tensors.get(name)!
          // The length stays: another one is what the container refuses.
          const changed = mutate(bytes, changes)
          bytes.set(changed.subarray(0, bytes.length))
        },
      )
      outcomes[(await refusal(forged)) === '' ? 'read' : 'refused']++
      measure()
    }),
    { seed: 12, numRuns: 50_000 },
  )
  expect(outcomes.refused).toBeGreaterThan(10_000)
  expect(outcomes.read).toBeGreaterThan(1_000)
  expect(peak).toBeLessThan(LIMIT)
})
