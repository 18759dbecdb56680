import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pruneModel } from '../../src/jobs/prune.js'
import { readSorter } from '../families/gpt2/partials.js'

test('a target whose logits are not finite is refused before any subset sum, and leaves no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slt-unfit-'))
  try {
    const { config, weights } = await readSorter()
    const name = 'ln_f.weight' // its entries are finite: no subset sum would tell
    const { shape, data } = weights.get(name)!
    const target = { config, weights: new Map([...weights, [name, { shape, data: data.map(() => 3e38) }]]) }
    const pairs: string[] = []
    const request = { target, items: 12, out: join(folder, 'a.slt.safetensors'), threads: 1, seed: 1 }
    const pruning = pruneModel({ ...request, onProgress: ({ pair }) => void pairs.push(pair) })
    await expect(pruning).rejects.toThrow(/"target" expected finite logits, got (NaN|-?Infinity) for random inputs/)
    expect(pairs).toEqual([])
    expect(await readdir(folder)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
