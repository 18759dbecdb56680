import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { networkWeights } from '../../src/engine/searched-weights.js'
import { createDenseModel, matricesOf } from '../../src/families/index.js'
import { openFile } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { verifyModel } from '../../src/jobs/prune.js'
import { keptReport } from '../../src/jobs/searched-kept.js'
import { createLogitsLoss, createSearchedLoss } from '../../src/jobs/searched-loss.js'
import { writeSearchedTicket } from '../../src/jobs/searched-ticket.js'
import { openTicketModel } from '../../src/jobs/ticket-model.js'
import { generateWeights } from '../../src/random/index.js'
import { expectSearched, materialiseSearched, openTicket } from '../../src/ticket/index.js'
import { forge } from './forge.js'
import { encode, openSearched, randomContent, runnableConfig } from './searched-example.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  path = join(folder, 'out.slt.safetensors')
})
afterEach(() => rm(folder, { recursive: true }))

const runner = createGraphRunner({ threads: 1 })
const tokens = Int32Array.from({ length: 40 }, (_, i) => (i * 37) % 256)
const learned = randomContent({ ...runnableConfig, tiedHead: false }, { norms: 'learned', redrawn: 5 })

/** The network of a content, made from its parts one by one. */
async function network(content: typeof learned) {
  const parameters = await materialiseSearched(await openSearched(encode(content)), generateWeights)
  for (const [name, values] of content.dense) parameters.set(name, values)
  return { config: content.config, norms: content.norms, parameters }
}

test('a ticket is written whole, with the logits of its own network as probe, the same bytes each time', async () => {
  await writeFile(path, 'older')
  const { bytes, sha256 } = await writeSearchedTicket(path, learned, tokens, runner, { replaces: 'anything' })
  expect(await readdir(folder)).toEqual(['out.slt.safetensors'])
  const file = await readFile(path)
  expect(file.length).toBe(bytes)
  const source = await openFile(path)
  const ticket = expectSearched(await openTicket(source, nodeSha256))
  await source.close()
  expect(ticket.sha256).toBe(sha256)

  const model = createDenseModel(runner, learned.config, networkWeights(await network(learned)))
  const logits = (await model.logits(tokens.slice(0, 16), 1, 16)).slice(-256).subarray(0, 16)
  const { probe } = ticket.metadata
  expect(probe!.tokens).toEqual([...tokens.subarray(0, 16)])
  expect(
    probe!.logits.map((logit, i) => Math.abs(logit - logits[i])).filter((difference) => difference > 6e-5),
  ).toEqual([])
  expect(Math.max(...probe!.logits)).toBeGreaterThan(0.1)

  await writeSearchedTicket(join(folder, 'again'), learned, tokens, runner)
  expect(await readFile(join(folder, 'again'))).toEqual(file)
})

test('what cannot be written is one line and leaves nothing', async () => {
  const missing = join(folder, 'no', 'x')
  await expect(writeSearchedTicket(missing, learned, tokens, runner)).rejects.toThrow(/x: no such file or folder$/)
  const dense = new Map([...learned.dense, ['ln_f.weight', new Float32Array(16).fill(3e38)]])
  await expect(writeSearchedTicket(path, { ...learned, dense }, tokens, runner)).rejects.toThrow(
    "not written: the ticket's logits are not finite",
  )
  expect(await readdir(folder)).toEqual([])
})

test('an opened ticket is the network of its seed and masks, with a cache and without', async () => {
  await writeSearchedTicket(path, learned, tokens, runner)
  const { ticket, model, decoder, close } = await openTicketModel(path)
  expect(ticket.kind).toBe('searched')
  const expected = createDenseModel(runner, learned.config, networkWeights(await network(learned)))
  const logits = await expected.logits(tokens.slice(0, 8), 1, 8)
  expect(await model.logits(tokens.slice(0, 8), 1, 8)).toEqual(logits)
  const last = await decoder.read([...tokens.subarray(0, 8)])
  expect(Math.max(...last.map((logit, i) => Math.abs(logit - logits[7 * 256 + i])))).toBeLessThan(1e-4)
  await close()
})

test('the loss of the graph is the cross-entropy of the logits (within 1e-5)', async () => {
  for (const content of [learned, randomContent(runnableConfig)]) {
    const built = await network(content)
    const graph = await createSearchedLoss(runner, built, 2, 16)
    const plain = createLogitsLoss(createDenseModel(runner, content.config, networkWeights(built)), 2, 16)
    for (const loss of [graph, plain]) {
      loss.tokens.set(tokens.subarray(0, 32))
      loss.targets.set(tokens.subarray(1, 33))
    }
    const values = await plain.run()
    const losses = await graph.run()
    expect(losses.length).toBe(2)
    for (const [i, value] of values.entries()) {
      expect(Math.abs(losses[i] - value)).toBeLessThan(1e-5 * value)
      expect(value).toBeGreaterThan(16)
    }
    await graph.release()
  }
})

test('verification reads every mask and runs the probe; one that does not fit fails', async () => {
  await writeSearchedTicket(path, learned, tokens, runner)
  const { checks } = await verifyModel({ ticket: path })
  expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
    ['container', true],
    ['masks', true],
    ['probe', true],
  ])
  const wrong = await forge(new Uint8Array(await readFile(path)), (metadata) => {
    const probe = metadata.probe as { logits: number[] }
    probe.logits[3] += 0.01
  })
  await writeFile(path, wrong)
  expect((await verifyModel({ ticket: path })).checks.at(-1)).toMatchObject({ name: 'probe', passed: false })
  const target = { config: learned.config, weights: new Map() }
  await expect(verifyModel({ ticket: path, target })).rejects.toThrow('is a searched ticket (kind searched)')
})

test('what is kept is counted by matrix and by layer; collapsed matrices are named', async () => {
  const content = randomContent(runnableConfig)
  const masks: Record<string, Uint8Array> = {
    'h.0.attn.q': new Uint8Array(32),
    'h.0.mlp.c_fc': Uint8Array.of(1, ...new Uint8Array(127)), // 1 of 1024, and a hundredth of a half is 5
    'h.1.attn.k': new Uint8Array(32).fill(255, 0, 16), // the first 8 of 16 rows
    'h.1.attn.v': new Uint8Array(32).fill(0x0f), // columns 0-3 and 8-11
    wpe: new Uint8Array(32).fill(255, 0, 16), // positions may have nothing
  }
  const matrices = content.matrices.map((matrix) => ({ ...matrix, mask: masks[matrix.name] ?? matrix.mask }))
  const report = await keptReport(await openSearched(encode({ ...content, matrices })))
  expect(report.warnings).toEqual([
    'h.0.attn.q has collapsed: it keeps none of its 256 weights',
    'h.0.mlp.c_fc has collapsed: it keeps 1 of its 1024 weights',
    'h.1.attn.k: 8 of its 16 inputs are cut off',
    'h.1.attn.v: 8 of its 16 outputs are cut off',
  ])
  const of = (name: string) => report.matrices.find((matrix) => matrix.name === name)
  expect(of('h.1.attn.v')).toMatchObject({ layer: 1, kept: 128, fraction: 0.5, emptyRows: 0, emptyColumns: 8 })
  expect(of('h.0.mlp.c_fc')).toMatchObject({ kept: 1, emptyRows: 15, emptyColumns: 63 })
  expect(of('wpe')).toMatchObject({ layer: null, emptyRows: 8 })
  const own = report.matrices.filter(({ layer }) => layer === 1)
  const kept = own.reduce((sum, matrix) => sum + matrix.kept, 0)
  expect(report.layers[1]).toEqual({ layer: 1, count: 3072, kept, fraction: kept / 3072 })
  expect(report.count).toBe(matricesOf(runnableConfig).reduce((sum, { shape }) => sum + shape[0] * shape[1], 0))
})
