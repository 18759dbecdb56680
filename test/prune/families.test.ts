/** Models of every family, pruned with nothing kept dense, verified literally. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import type { BaseConfig } from '../../src/families/config.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { createTicketFiles } from '../../src/files/ticket-files.js'
import { openModel } from '../../src/jobs/open-model.js'
import { isPruneOf, verifyModel } from '../../src/jobs/prune.js'
import { type PruneOptions, pruneModel } from '../../src/prune/prune.js'
import { runPruneTask } from '../../src/prune/task.js'
import { expectPruned, openTicket } from '../../src/ticket/index.js'
import { randomWeights, smallBert, smallGpt2, smallLlama } from '../families/small-models.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-families-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Prunes on the calling thread. */
async function prune(options: PruneOptions) {
  const kernels = await loadKernels()
  const pool = { threads: 1, run: async (task: Parameters<typeof runPruneTask>[1]) => runPruneTask(kernels, task) }
  const storage = createTicketFiles('nothing')
  return pruneModel(
    { pool, kernels, runner: createGraphRunner({ threads: 1 }), storage, createSha256: nodeSha256 },
    options,
  )
}

test.each(['factored', 'rotary'] as const)(
  'a context of a billion tokens, %s, asks for no memory: the ticket is verified and written from as of a short one',
  async (attention) => {
    const config: BaseConfig = { ...smallLlama, layers: 1, positions: 1e9 }
    const target = { config, weights: randomWeights(config) }
    const out = join(folder, `${attention}-long.slt.safetensors`)
    await prune({ target, items: 4, seed: 3, out, attention })
    const { checks } = await verifyModel({ ticket: out })
    const other = { config: smallBert as BaseConfig, weights: randomWeights(smallBert) }
    expect((await verifyModel({ ticket: out, target: other })).checks.at(-1)).toMatchObject({
      passed: false,
      detail: 'the ticket is a Llama, the target a BERT',
    })
    expect(checks.filter(({ passed }) => !passed)).toEqual([])
    const opened = await openModel(out)
    try {
      const { logits } = opened.model
      const tokens = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1]
      await opened.decoder.read(tokens.slice(0, 3))
      for (const token of tokens.slice(3, -1)) await opened.decoder.append(token)
      const last = await opened.decoder.append(tokens.at(-1)!)
      const whole = (await logits(Int32Array.from(tokens), 1, tokens.length)).subarray(-last.length)
      expect(last.every((logit, i) => Math.abs(logit - whole[i]) < 1e-4)).toBe(true)
    } finally {
      await opened.close()
    }
    // What a text takes is asked for when it is read.
    const asking = await openModel(out, { memoryLimit: 1e6 })
    try {
      const long = new Int32Array(2 ** 14)
      await expect(asking.model.logits(long, 1, long.length)).rejects.toThrow(/MB of memory to run, the limit is 1\.00/)
    } finally {
      await asking.close()
    }
  },
)

const cases: [string, BaseConfig, PruneOptions['attention']][] = [
  ['gpt2', { ...smallGpt2, layers: 1, tiedHead: true } as BaseConfig, 'factored'],
  ['llama', { ...smallLlama, layers: 1 } as BaseConfig, undefined],
  ['llama-rotary', { ...smallLlama, layers: 1 } as BaseConfig, 'rotary'],
  ['bert', { ...smallBert, layers: 1 } as BaseConfig, undefined],
]

test.each(cases)(
  '%s: no float of the target is left, and the ticket does what it does',
  async (name, config, attention) => {
    const target = { config, weights: randomWeights(config) }
    const out = join(folder, `${name}.slt.safetensors`)
    const options = { target, items: 18, seed: 3, out, attention }
    const report = await prune(options)
    expect(report.keptDense).toEqual([])
    expect(report.dense).toBe('none')
    expect(report.attention).toBe(attention ?? (config.family === 'llama' ? 'factored' : 'merged'))
    const { predictions, embeddings } = report.difference
    expect(predictions?.divergence ?? embeddings?.distance.mean).toBeLessThan(1e-6)

    const { checks } = await verifyModel({ ticket: out, target })
    expect(checks.filter(({ passed }) => !passed)).toEqual([])
    expect(checks.map((check) => check.name)).toContain(config.family === 'bert' ? 'embeddings' : 'divergence')
    expect(checks.find((check) => check.name === 'kept dense')!.detail).toContain('no float of the target')

    const source = await openFile(out)
    const ticket = expectPruned(await openTicket(source, nodeSha256))
    expect([ticket.metadata.config?.family, ticket.dense.size]).toEqual([config.family, 0])
    await source.close()

    if (name !== 'llama') return // what follows depends on no family
    expect(await isPruneOf(out, options)).toBe(true)
    const other = new Map(target.weights)
    const [changed] = [...other.keys()].slice(-1)
    const { shape, data } = other.get(changed)!
    other.set(changed, { shape, data: data.map((value) => value + 0.01) })
    expect(await isPruneOf(out, { ...options, target: { config, weights: other } })).toBe(false)
    expect(await isPruneOf(out, { ...options, dense: 'embeddings' })).toBe(false)
    const failed = await verifyModel({ ticket: out, target: { config, weights: other } })
    expect(failed.checks.find((check) => check.name === 'weights')).toMatchObject({ passed: false })
  },
)

test('embeddings may have more products a weight than the rest', async () => {
  const config = { ...smallGpt2, layers: 1 }
  const out = join(folder, 'items.slt.safetensors')
  const target = { config, weights: randomWeights(config) }
  const report = await prune({ target, items: 8, embeddingItems: 18, seed: 3, out })
  const errorOf = (name: string) => report.pairs.find((pair) => pair.name === name)!.medianError
  expect(errorOf('wte.0')).toBeLessThan(errorOf('h.0.mlp.c_fc') / 30)
  const source = await openFile(out)
  const ticket = expectPruned(await openTicket(source, nodeSha256))
  await source.close()
  expect([ticket.pairs.get('wte.0')!.hidden, ticket.pairs.get('h.0.mlp.c_fc')!.hidden]).toEqual([128 * 18, 7 * 8])
  expect(ticket.metadata.construction).toMatchObject({ items: 8, embeddingItems: 18, dense: 'none' })
  for (const embeddingItems of [0, 257, 1.5]) {
    await expect(prune({ target, items: 8, embeddingItems, seed: 3, out })).rejects.toThrow(
      `"embeddingItems" expected an integer from 1 to 256, got ${embeddingItems}`,
    )
  }
})

test('items of embeddings are refused where embeddings stay dense, before work', async () => {
  const config: BaseConfig = { ...smallLlama, layers: 1, tiedHead: false } as BaseConfig
  const options = { target: { config, weights: randomWeights(config) }, items: 4, seed: 3, out: join(folder, 'never') }
  await expect(prune({ ...options, dense: 'embeddings', embeddingItems: 4 })).rejects.toThrow(
    '"embeddingItems" expected nothing where embeddings stay dense (an output matrix of its own has "items"), got 4',
  )
})

test('no ticket is begun that its own verification would refuse for memory; one that is allowed is verified within the same limit', async () => {
  const size = { layers: 1, width: 64, heads: 4, keyHeads: 2, headWidth: 16, inner: 256 }
  const config: BaseConfig = { ...smallLlama, ...size } as BaseConfig
  const target = { config, weights: randomWeights(config) }
  const out = join(folder, 'limited.slt.safetensors')
  const options = { target, items: 8, seed: 3, out }
  const refused = await prune({ ...options, memoryLimit: 1e6 }).catch((error: Error) => error.message)
  expect(refused).toMatch(/limited\.slt\.safetensors: needs \d+\.\d\d MB of memory to run, the limit is 1\.00 MB$/)
  expect((await readdir(folder)).filter((name) => name.startsWith('limited'))).toEqual([])
  const memoryLimit = 1e6 * Number(/needs ([\d.]+) MB/.exec(refused as string)![1])
  await prune({ ...options, memoryLimit })
  const { checks } = await verifyModel({ ticket: out, target, memoryLimit, maxKl: 10, minGreedy: 0 })
  expect(checks.filter(({ passed }) => !passed)).toEqual([])
})
