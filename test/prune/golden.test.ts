import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openFile, openTicketModel, prune, readModelFolder } from '../../src/index.js'
import { expectPruned } from '../../src/ticket/index.js'

const folder = fileURLToPath(new URL('../../data/gpt-nano-sort', import.meta.url))

/** Frozen: the masks found for the bundled sorter, all pairs in order. They may change only with the method's version. */
const golden = [
  { method: 'plain', items: 8, threads: 1, sha256: '3322c6493fe7fb19e520641ea9b2905a6d2720d52b0153036c210d3014b09e4a' },
  {
    method: 'balanced',
    items: 8,
    threads: 2,
    sha256: 'd40b73e34c83a495625a41be5ab89be250526d6f3fb0f348e29814937885b2a8',
  },
] as const

it.each(golden)(
  'the $method masks of the sorter at $items items are as ever',
  async ({ method, items, threads, sha256 }) => {
    const work = await mkdtemp(join(tmpdir(), 'slt-'))
    try {
      const target = await readModelFolder((name) => openFile(join(folder, name)))
      const out = join(work, 'golden')
      await prune({ target, items, seed: 2025, method, dense: 'embeddings', out, threads })
      const opened = await openTicketModel(out)
      const ticket = expectPruned(opened.ticket)
      const hash = createHash('sha256')
      for (const name of ticket.pairs.keys()) {
        const { coordinate, second } = await ticket.readMasks(name)
        hash.update(new Uint8Array(coordinate.buffer, coordinate.byteOffset, coordinate.byteLength)).update(second)
      }
      await opened.close()
      expect(hash.digest('hex')).toBe(sha256)
    } finally {
      await rm(work, { recursive: true })
    }
  },
)
