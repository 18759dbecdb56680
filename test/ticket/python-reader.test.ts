import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { generateWeights } from '../../src/random/index.js'
import { materialisePair, materialiseSearched, openTicket } from '../../src/ticket/index.js'
import { goldenFile, goldens } from './golden.js'

const reader = fileURLToPath(new URL('../../docs/read_ticket.py', import.meta.url))
const python = process.env.SLT_PYTHON ?? 'python3'

const hasNumPy = (() => {
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test('the Python reader has 90 lines at most', async () => {
  expect((await readFile(reader, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(90)
})

/** What the reader prints of a matrix. It adds 0 to every weight, so that a dropped negative one is not -0. */
function lineOf(name: string, shape: readonly number[], values: Float32Array): string {
  const kept = values.reduce((sum, value) => sum + Number(value !== 0), 0)
  const hash = createHash('sha256').update(values.map((value) => value + 0))
  return [name, ...shape, kept, hash.digest('hex')].join(' ')
}

describe.skipIf(!hasNumPy)('python3 with NumPy rebuilds masks and weights bit for bit', () => {
  test.each(Object.keys(goldens))('%s', async (file) => {
    const source = await openFile(fileURLToPath(goldenFile(file)))
    const ticket = await openTicket(source, nodeSha256)
    const expected: string[] = []
    if (ticket.kind === 'searched') {
      const weights = await materialiseSearched(ticket, generateWeights)
      for (const [name, { shape }] of ticket.matrices) expected.push(lineOf(name, shape, weights.get(name)!))
    } else {
      for (const [name, spec] of ticket.pairs) {
        const { inputs, hidden, outputs } = spec
        const { first, second } = materialisePair(spec, await ticket.readMasks(name), ticket.seed, generateWeights)
        expected.push(lineOf(name, [inputs, hidden], first), lineOf(name, [hidden, outputs], second))
      }
    }
    await source.close()
    const printed = execFileSync(python, [reader, fileURLToPath(goldenFile(file))], { encoding: 'utf8' })
    expect(printed.trim().split('\n')).toEqual(expected)
  })
})
