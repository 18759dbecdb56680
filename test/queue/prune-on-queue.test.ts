import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomTarget } from '../../src/cli/target.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { openStore } from '../../src/queue/open-store.js'
import { openPruneQueue } from '../../src/queue/prune-on-queue.js'
import { openRedis } from '../../src/queue/redis.js'
import type { Store } from '../../src/queue/store.js'
import { work } from '../../src/queue/work.js'
import { startRedis, type TestRedis, withoutRedis } from './redis-server.js'

/** The key of the masks of some matrix. */
async function masksOf(store: Store): Promise<string> {
  const [key] = await store.list('results/')
  const { files } = JSON.parse(Buffer.from((await store.read(key))!).toString())
  return `objects/${files.masks.sha256.slice(0, 2)}/${files.masks.sha256}`
}

const folder = mkdtempSync(join(tmpdir(), 'slt-prune-queue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(withoutRedis)('a pruning whose matrices are spread over workers', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  for (const method of ['balanced', 'plain'] as const) {
    test(`gives the ticket of one machine, byte for byte: ${method}`, async () => {
      const { signal } = new AbortController()
      const target = await randomTarget('gpt2-nano-sort', 1, 3n)
      const options = { target, items: 6, seed: 5n, method, threads: 1, graphThreads: 1 }
      const here = join(folder, `${method}.slt.safetensors`)
      const alone = await pruneModel({ ...options, out: here })
      const place = await openRedis(redis.address)
      const store = await openStore(join(folder, 'store'))
      const stop = new AbortController()
      const scratch = join(folder, 'scratch')
      const room = { slots: 2, memory: 2 ** 31, devices: ['cpu'] as const, claim: 5, signal: stop.signal }
      const working = work({ redis: place, store, scratch, ...room })
      const elsewhere = await openPruneQueue({ redis: place, store, signal })
      const out = join(folder, `${method}-queue.slt.safetensors`)
      const spread = await pruneModel({ ...options, out, elsewhere })
      // Masks that were changed in the store are made again.
      const notes: string[] = []
      const again = await openPruneQueue({ redis: place, store, signal, onNote: (_, line) => notes.push(line) })
      const masks = await masksOf(store)
      await store.replace(masks, Buffer.alloc((await store.size(masks))!, 'wrong'))
      const second = join(folder, `${method}-second.slt.safetensors`)
      await pruneModel({ ...options, out: second, elsewhere: again }).finally(() => again.close())
      await elsewhere.close()
      stop.abort()
      await working
      expect(readFileSync(out)).toEqual(readFileSync(here))
      expect([spread.weights, spread.medianWeightError, spread.maxWeightError]).toEqual([
        alone.weights,
        alone.medianWeightError,
        alone.maxWeightError,
      ])
      expect(readFileSync(second)).toEqual(readFileSync(here))
      expect(notes[0]).toContain(`${masks}: holds `)
      expect(await store.list('checkpoints')).toEqual([])
      expect(await store.list('once/')).toEqual([]) // targets are not kept
    })
  }
})
