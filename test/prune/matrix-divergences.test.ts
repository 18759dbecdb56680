import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { matrixDivergences } from '../../src/prune/matrix-divergences.js'
import { expectPruned, openTicket } from '../../src/ticket/index.js'
import { randomWeights, smallGpt2, smallLlama } from '../families/small-models.js'

test.each([
  ['a Llama, factored', { ...smallLlama, layers: 1 }, { attention: 'factored', dense: 'none' }],
  ['a Llama, rotary', { ...smallLlama, layers: 1 }, { attention: 'rotary', dense: 'none' }],
  [
    'a GPT-2, its embeddings kept',
    { ...smallGpt2, layers: 1, vocabulary: 20 },
    { attention: 'merged', dense: 'embeddings' },
  ],
] as const)('the divergences of single matrices add up to about that of all: %s', async (_, config, choice) => {
  const folder = await mkdtemp(join(tmpdir(), 'slt-'))
  try {
    const target = { config, weights: randomWeights(config) }
    const out = join(folder, 'pruned')
    const { difference, pairs } = await pruneModel({ target, seed: 1, items: 14, threads: 1, out, ...choice })
    const source = await openFile(out)
    const ticket = expectPruned(await openTicket(source, nodeSha256))
    const platform = { kernels: await loadKernels(), runner: createGraphRunner() }
    const found = await matrixDivergences(platform, { target, ticket })
    await source.close()
    expect([...found.keys()]).toEqual(pairs.map(({ name }) => name))
    const sum = [...found.values()].reduce((total, one) => total + one, 0)
    const { divergence } = difference.predictions!
    expect(Math.min(...found.values())).toBeGreaterThanOrEqual(0)
    expect(sum / divergence).toBeGreaterThan(0.4)
    expect(sum / divergence).toBeLessThan(2.5)
    expect(Math.max(...found.values())).toBeLessThan(divergence * 1.5)
  } finally {
    await rm(folder, { recursive: true })
  }
})
