import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectFile } from '../../src/jobs/inspect.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { openModel } from '../../src/jobs/open-model.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { openTicketModel } from '../../src/jobs/ticket-model.js'
import { InputError, memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { writeSearched } from '../cli/searched-fixture.js'
import { sorter } from '../cli/slt.js'
import { readSorter } from '../families/gpt2/partials.js'

let folder: string
let ticket: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

const size = async (path: string) => (await stat(path)).size

test('a searched ticket, a pruned one and a folder open as one thing', async () => {
  const pruned = join(folder, 'sorter.slt.safetensors')
  await pruneModel({ target: await readSorter(), items: 8, seed: 7, out: pruned, threads: 1 })
  const found = { kind: 'searched', name: 'random', tokenizer: 'bytes', dtype: 'ticket', bytes: await size(ticket) }
  const cut = { kind: 'pruned', name: 'sorter', tokenizer: null, dtype: 'ticket', bytes: await size(pruned) }
  const stored = { kind: 'folder', name: 'gpt-nano-sort', tokenizer: null, dtype: 'F32', ticket: null }
  for (const [path, expected] of [
    [ticket, found],
    [pruned, cut],
    [sorter, { ...stored, bytes: await size(join(sorter, 'model.safetensors')) }],
  ] as const) {
    const { close, model, decoder, ...opened } = await openModel(path)
    expect(opened).toMatchObject({ path, ...expected })
    expect([model.config, decoder.config]).toEqual([opened.config, opened.config])
    const tokens = Int32Array.of(1, 2, 0)
    const last = (await model.logits(tokens, 1, 3)).slice(-opened.config.vocabulary)
    const read = await decoder.read([...tokens])
    expect(read.every((logit, i) => Math.abs(logit - last[i]) < 1e-4)).toBe(true)
    const weights = opened.weights()
    if (expected.kind === 'pruned') await expect(weights).rejects.toThrow(`${path}: is a pruned ticket`)
    else {
      const count = [...(await weights).values()].reduce((sum, { data }) => sum + data.length, 0)
      expect(count).toBe(opened.parameters)
    }
    await close()
  }
})

test('weights are made once', async () => {
  const source = await openModelSource(ticket)
  expect(await source.weights()).toBe(await source.weights())
  await source.close()
})

test('what is neither is refused, and a folder where a ticket is asked for', async () => {
  const none = join(folder, 'none')
  await expect(openModel(none)).rejects.toThrow(new InputError(`${none}: no such file or folder`))
  await expect(openModel(folder)).rejects.toThrow(new InputError(`${folder}: holds no model (no config.json in it)`))
  await expect(inspectFile(sorter)).rejects.toThrow(new InputError(`${sorter}: is a folder, not a ticket`))
  await expect(openTicketModel(sorter)).rejects.toThrow(new InputError(`${sorter}: is a folder, not a ticket`))
})

test('logits from which no token can be taken are told by the file', async () => {
  const path = join(folder, 'endless')
  await cp(sorter, path, { recursive: true })
  const file = join(path, 'model.safetensors')
  const bytes = await readFile(file)
  const source = memorySource(new Uint8Array(bytes))
  const { tensors } = await openSafetensors(source)
  for (const name of ['transformer.ln_f.weight', 'lm_head.weight']) {
    const { byteOffset, byteLength } = tensors.get(name)!
    for (let at = 0; at < byteLength; at += 4) bytes.writeFloatLE(3e38, byteOffset + at)
  }
  await writeFile(file, bytes)
  const { decoder, close } = await openModel(path)
  try {
    await expect(decoder.read([1, 2, 0])).rejects.toThrow(
      new RegExp(`^${path}: its logits are not finite numbers \\((?:NaN|-?Infinity)\\): it cannot choose a token$`),
    )
  } finally {
    await close()
  }
})
