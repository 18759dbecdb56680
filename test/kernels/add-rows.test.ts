import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { addRows, allocateParameters } from '../../src/kernels/index.js'
import { addRowsReference } from '../../src/search/add-rows-reference.js'
import { randomFrom, sameBits } from '../search/ticket-fixture.js'

async function allocate(height: number, width: number, n: number) {
  const memory = await allocateParameters(
    loadKernels,
    [
      { name: 'wte', count: height * width, kind: 'ticket' },
      { name: 'other', count: 4, kind: 'ticket' },
    ],
    [
      { name: 'rows', dtype: 'float32', count: n * width },
      { name: 'tokens', dtype: 'int32', count: n },
    ],
  )
  const random = randomFrom(height + width + n)
  const [table, rows, tokens] = [memory.matrix('wte'), memory.floats('rows'), memory.integers('tokens')]
  table.gradient.set(table.gradient.map(() => random() - 0.5))
  rows.set(rows.map(() => random() - 0.5))
  tokens.set(tokens.map(() => Math.floor(random() * height)))
  return { table, rows, tokens }
}

describe('rows added to an embedding gradient', () => {
  it.each([
    [1, 1, 1],
    [5, 1, 40],
    [7, 3, 50],
    [3, 4, 100],
    [11, 6, 64],
    [50, 64, 200],
  ])('table [%i,%i], %i rows with repeated indices: the bits of the reference', async (height, width, n) => {
    const { table, rows, tokens } = await allocate(height, width, n)
    const expected = table.gradient.slice()
    addRowsReference(expected, rows, tokens)
    addRows(table, rows, tokens)
    expect(sameBits(table.gradient, expected)).toBe(true)
  })

  it('an index outside is refused before anything is added', async () => {
    const { table, rows, tokens } = await allocate(5, 3, 4)
    const before = table.gradient.slice()
    for (const bad of [5, -1, 2 ** 30]) {
      tokens[2] = bad
      expect(() => addRows(table, rows, tokens)).toThrow(
        new RangeError(`"indices" expected integers from 0 to 4, got ${bad} at index 2`),
      )
    }
    expect([...table.gradient]).toEqual([...before])
  })

  it('lengths that do not fit and arrays elsewhere are refused', async () => {
    const { table, rows, tokens } = await allocate(5, 3, 4)
    expect(() => addRows(table, rows.subarray(1), tokens)).toThrow('"rows" expected 4 rows that divide wte of 15')
    expect(() => addRows(table, rows.subarray(0, 8), tokens)).toThrow(RangeError)
    expect(() => addRows(table, rows.slice(), tokens)).toThrow('in the memory of wte')
    expect(() => addRows(table, rows, tokens.slice())).toThrow(RangeError)
  })
})
