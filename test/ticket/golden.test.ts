import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { verifyModel } from '../../src/jobs/prune.js'
import { createGenerator } from '../../src/kernels/index.js'
import { generateWeights } from '../../src/random/index.js'
import {
  expectSearched,
  materialisePair,
  materialiseSearched,
  openTicket,
  type Ticket,
} from '../../src/ticket/index.js'
import { goldenFile, goldens } from './golden.js'

const sha = (values: Float32Array) => createHash('sha256').update(values).digest('hex')

/** Ways from a ticket to weights, which must agree bit for bit. */
const ways: Record<string, (ticket: Ticket) => Promise<Map<string, string>>> = {
  TypeScript: (ticket) => hashes(ticket, generateWeights),
  WebAssembly: async (ticket) => {
    if (ticket.kind !== 'searched') return hashes(ticket, createGenerator(await loadKernels()))
    return rebuilt(ticket, 1)
  },
  '2 threads': async (ticket) => (ticket.kind === 'searched' ? rebuilt(ticket, 2) : hashes(ticket, generateWeights)),
}

async function hashes(ticket: Ticket, generate: typeof generateWeights): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if (ticket.kind === 'searched') {
    for (const [name, values] of await materialiseSearched(ticket, generate)) found.set(name, sha(values))
    return found
  }
  for (const [name, spec] of ticket.pairs) {
    const { first, second } = materialisePair(spec, await ticket.readMasks(name), ticket.seed, generate)
    found.set(name, `${sha(first)} ${sha(second)}`)
  }
  return found
}

async function rebuilt(ticket: Ticket, threads: number): Promise<Map<string, string>> {
  const { parameters } = await rebuildTicket(expectSearched(ticket), { threads })
  const matrices = [...expectSearched(ticket).matrices.keys()]
  return new Map(matrices.map((name) => [name, sha(parameters.get(name)!)]))
}

describe.each(Object.keys(goldens))('%s', (file) => {
  test.each(Object.entries(ways))('gives its weights: %s', async (_, way) => {
    const source = await openFile(fileURLToPath(goldenFile(file)))
    const ticket = await openTicket(source, nodeSha256)
    expect({ sha256: ticket.sha256, coding: ticket.coding }).toEqual({
      sha256: goldens[file].sha256,
      coding: goldens[file].coding,
    })
    expect(Object.fromEntries(await way(ticket))).toEqual(goldens[file].weights)
    await source.close()
  })
})

test.each(Object.keys(goldens).filter((file) => file.startsWith('pruned')))(
  '%s computes what was recorded when it was written',
  async (file) => {
    const { checks } = await verifyModel({ ticket: fileURLToPath(goldenFile(file)) })
    expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['container', true],
      ['pairs', true],
      ['probe', true],
    ])
  },
)
