import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers'
import * as ort from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { openModel } from '../../src/jobs/open-model.js'
import { createSearchedLoss } from '../../src/jobs/searched-loss.js'
import { expectSearched } from '../../src/ticket/index.js'
import { loadOnnx } from '../interop/output.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'
import { farthest } from '../vectors/pytorch/open.js'
import { writeSearched } from './searched-fixture.js'
import { slt, sorter } from './slt.js'

let folder: string
let ticket: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  ;({ ticket, text } = await writeSearched(folder))
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

/** Exports, and gives the report. */
function exported(source: string, out: string, to: string, ...flags: string[]) {
  const { code, stdout, stderr } = slt('export', source, '--to', to, out, ...flags, '--json')
  if (code !== 0) throw new Error(`slt export: exit code ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

const evalFlags = ['--part', 'all', '--batch', '4', '--device', 'cpu', '--json']
const lossOf = (model: string, data = text): number =>
  JSON.parse(slt('eval', model, '--data', data, ...evalFlags).stdout).loss

/** Logits of two texts of 16 random tokens. */
async function logitsOf(path: string): Promise<Float32Array> {
  const { model, config, close } = await openModel(path)
  const length = Math.min(16, config.positions)
  const tokens = Int32Array.from({ length: 2 * length }, (_, i) => (i * i * 31 + 7 * i) % config.vocabulary)
  const logits = await model.logits(tokens, 2, length)
  await close()
  return logits
}

describe('a folder of Hugging Face', () => {
  test('has the files of a model, and evaluates as the ticket does', async () => {
    const report = exported(ticket, at('plain'), 'huggingface')
    const names = [
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]
    expect((await readdir(at('plain'))).sort()).toEqual(names)
    expect(report).toMatchObject({
      kind: 'searched',
      to: 'huggingface',
      tokenizer: 'bytes',
      results: 'logits',
      resultDifference: null,
    })
    expect(Math.abs(lossOf(at('plain')) - lossOf(ticket))).toBeLessThan(1e-5)
    expect(farthest(await logitsOf(at('plain')), await logitsOf(ticket))).toBe(0)
    const card = await readFile(join(at('plain'), 'README.md'), 'utf8')
    expect(card).toContain('seed 18364758544493064720')
    expect(card).toContain('slt export random.slt.safetensors --to huggingface plain')
  })

  test.each([
    ['learned norms', { norms: 'learned' as const }, runnableConfig],
    ['an untied head', {}, { ...runnableConfig, tiedHead: false }],
  ])('of a ticket with %s', async (_name, change, config) => {
    const inner = await mkdtemp(join(folder, 'other-'))
    const { ticket: other } = await writeSearched(inner, randomContent(config, change))
    exported(other, join(inner, 'out'), 'huggingface')
    expect(farthest(await logitsOf(join(inner, 'out')), await logitsOf(other))).toBe(0)
    expect(Math.abs(lossOf(join(inner, 'out')) - lossOf(other))).toBeLessThan(1e-5)
  })

  test('of a search that was just run', () => {
    const found = at('found.slt.safetensors')
    const shape = ['--width', '16', '--layers', '1', '--heads', '2', '--context', '16', '--steps', '4', '--batch', '4']
    expect(slt('search', '--data', text, ...shape, '--device', 'cpu', '--out', found).code).toBe(0)
    exported(found, at('found'), 'huggingface')
    expect(Math.abs(lossOf(at('found')) - lossOf(found))).toBeLessThan(1e-5)
  })

  test.each([
    ['fp16', 'F16', 2 ** -11],
    ['bf16', 'BF16', 2 ** -8],
  ])('in %s each weight is off by half a step at most, and a folder exports again', async (dtype, stored, step) => {
    exported(ticket, at(dtype), 'huggingface', '--dtype', dtype)
    const [narrow, whole] = [await openModel(at(dtype)), await openModel(ticket)]
    expect([narrow.dtype, narrow.kind, narrow.tokenizer]).toEqual([stored, 'folder', 'bytes'])
    const expected = await whole.weights()
    let differs = false
    for (const [name, { data }] of await narrow.weights()) {
      const from = expected.get(name)?.data // a ticket has no biases, and may have no norms
      if (!from) {
        expect(new Set(data), name).toEqual(new Set([/ln_\w\.weight$/.test(name) ? 1 : 0]))
        continue
      }
      expect(
        data.every((value, i) => Math.abs(value - from[i]) <= step * Math.abs(from[i]) + 2 ** -25),
        name,
      ).toBe(true)
      differs ||= data.some((value, i) => value !== from[i])
    }
    expect(differs).toBe(true)
    await narrow.close()
    await whole.close()
    exported(at(dtype), at(`${dtype}-again`), 'huggingface')
    expect(farthest(await logitsOf(at(`${dtype}-again`)), await logitsOf(at(dtype)))).toBe(0)
  })

  test('of a folder with another tokenizer keeps its files and its special tokens', async () => {
    exported(ticket, at('foreign'), 'huggingface')
    const config = JSON.parse(await readFile(join(at('foreign'), 'config.json'), 'utf8'))
    await writeFile(
      join(at('foreign'), 'config.json'),
      JSON.stringify({ ...config, eos_token_id: 10, bos_token_id: 2 }),
    )
    await writeFile(join(at('foreign'), 'generation_config.json'), '{"eos_token_id":[10,11]}')
    await writeFile(join(at('foreign'), 'tokenizer.json'), '{"model":{"type":"Unigram"}}')
    const report = exported(at('foreign'), at('foreign-2'), 'huggingface')
    expect(report.tokenizer).toBeNull()
    expect(await readFile(join(at('foreign-2'), 'tokenizer.json'), 'utf8')).toBe('{"model":{"type":"Unigram"}}')
    for (const [name, eos] of [
      ['config.json', 10],
      ['generation_config.json', [10, 11]],
    ] as const) {
      const written = JSON.parse(await readFile(join(at('foreign-2'), name), 'utf8'))
      expect([written.bos_token_id, written.eos_token_id]).toEqual([2, eos])
    }
    expect(slt('eval', at('foreign'), '--data', text)).toMatchObject({
      code: 1,
      stderr: `slt: ${join(at('foreign'), 'tokenizer.json')}: model "Unigram": vocab expected a list of [text, score]\n`,
    })
  })
})

describe.sequential('a pruned ticket', () => {
  const pruned = () => at('sorter.slt.safetensors')
  beforeAll(() => {
    expect(slt('prune', sorter, '--items', '12', '--seed', '7', '--out', pruned()).code).toBe(0)
  })

  test('with exact heads: three times as wide, the logits of the literal network', async () => {
    const report = exported(pruned(), at('exact'), 'huggingface')
    expect(report).toMatchObject({ kind: 'pruned', heads: 'exact', tokenizer: null, config: { width: 144, heads: 3 } })
    const logits = await logitsOf(pruned())
    const largest = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0)
    expect(farthest(await logitsOf(at('exact')), logits) / largest).toBeLessThan(3e-6) // of float32 products of 600 units
    expect(report.resultDifference).toBeLessThan(3e-5)
    expect(slt('run', at('exact'), '--tokens', '2,1,0,0,1,2').stdout).toBe('0,0,1,1,2,2\n')
  })

  test("with factored heads: the target's shape, and the difference told", async () => {
    const { code, stdout } = slt('export', pruned(), '--to', 'huggingface', at('factored'), '--heads', 'factored')
    expect(code).toBe(0)
    const told = Number(/^heads of rank 16: largest difference from .*: (\S+)$/m.exec(stdout)?.[1])
    const found = farthest(await logitsOf(at('factored')), await logitsOf(pruned()))
    expect(told).toBeGreaterThan(0)
    expect(found).toBeLessThan(0.1)
    const config = JSON.parse(await readFile(join(at('factored'), 'config.json'), 'utf8'))
    const original = JSON.parse(await readFile(join(sorter, 'config.json'), 'utf8'))
    expect(config).toMatchObject({ n_embd: original.n_embd, n_head: original.n_head, n_layer: original.n_layer })
    expect(slt('run', at('factored'), '--tokens', '2,1,0,0,1,2').stdout).toBe('0,0,1,1,2,2\n')
  })

  test('prune reads what export writes, in bf16', () => {
    exported(sorter, at('sorter-bf16'), 'huggingface', '--dtype', 'bf16')
    const flags = ['--items', '10', '--out', at('again.slt.safetensors'), '--json']
    const { code, stdout } = slt('prune', at('sorter-bf16'), ...flags)
    expect([code, JSON.parse(stdout).weights]).toEqual([0, 99_612]) // tables and norms too
  })
})

test("a training graph in plain ONNX Runtime gives the search's own loss", async () => {
  exported(ticket, at('step.onnx'), 'onnx-training', '--batch', '3', '--length', '12')
  const { run, session } = await loadOnnx(await readFile(at('step.onnx')))
  expect(session.outputNames).toContain('d.h.1.mlp.c_proj')
  const source = await openModelSource(ticket)
  const network = await rebuildTicket(expectSearched(source.ticket!))
  const own = await createSearchedLoss(createGraphRunner({ threads: 1 }), network, 3, 12)
  for (let i = 0; i < 36; i++) {
    own.tokens[i] = (i * i * 7) % 256
    own.targets[i] = (i * i * i + 5) % 256
  }
  const batch = (data: Int32Array) => new ort.Tensor('int32', data, [3, 12])
  const { loss } = await run({ tokens: batch(own.tokens), targets: batch(own.targets) })
  const mean = (await own.run()).reduce((sum, nats) => sum + nats, 0) / 36
  expect(Math.abs(loss[0] - mean)).toBeLessThan(1e-5)
  await own.release()
  await source.close()
})

describe('in transformers.js', () => {
  beforeAll(() => {
    env.allowRemoteModels = false
    env.localModelPath = dirname(folder)
  })

  test('q2: a ticket of signed constants, whose greedy text is that of the ticket', async () => {
    const play = fileURLToPath(new URL('../../examples/play/play.slt.safetensors', import.meta.url))
    exported(play, at('js-q2'), 'onnx', '--bits', '2')
    const id = `${basename(folder)}/js-q2`
    const tokenizer = await AutoTokenizer.from_pretrained(id)
    const model = await AutoModelForCausalLM.from_pretrained(id, { dtype: 'q2' })
    const inputs = tokenizer('ROMEO:')
    const output = (await model.generate({ ...inputs, max_new_tokens: 10, do_sample: false })) as unknown as {
      data: BigInt64Array
    }
    const ours = slt('generate', play, '--prompt', 'ROMEO:', '--count', '10', '--temperature', '0', '--json')
    expect([...output.data].map(Number).slice('ROMEO:'.length)).toEqual(JSON.parse(ours.stdout).tokens)
    await model.dispose()
  })

  test.each([
    ['fp32', []],
    ['q8', ['--bits', '8']],
    ['q4', ['--bits', '4']],
  ] as const)('%s: greedy text', async (dtype, flags) => {
    const name = `js-${dtype}`
    exported(ticket, at(name), 'onnx', ...flags)
    const id = `${basename(folder)}/${name}`
    const tokenizer = await AutoTokenizer.from_pretrained(id)
    const model = await AutoModelForCausalLM.from_pretrained(id, { dtype })
    const prompt = 'line 1'
    const inputs = tokenizer(prompt)
    expect([...inputs.input_ids.data].map(Number)).toEqual([...new TextEncoder().encode(prompt)])
    const output = (await model.generate({ ...inputs, max_new_tokens: 10, do_sample: false })) as unknown as {
      data: BigInt64Array
    }
    const tokens = [...output.data].map(Number).slice(prompt.length)
    expect(tokens.length).toBe(10)
    const ours = slt('generate', ticket, '--prompt', prompt, '--count', '10', '--temperature', '0', '--json')
    if (dtype === 'fp32') expect(tokens).toEqual(JSON.parse(ours.stdout).tokens)
    await model.dispose()
  })
})

describe('one line and exit code 1, and nothing written', () => {
  beforeAll(() => {
    exported(ticket, at('graph.onnx'), 'onnx')
  })
  test.each<[string, (out: string) => string[], string]>([
    ['no ticket', (out) => [at('none'), out, '--to', 'huggingface'], `${'none'}: no such file or folder`],
    [
      'a text',
      (out) => [text, out, '--to', 'huggingface'],
      'text.txt: is neither a ticket nor a folder (it looks like a text)',
    ],
    [
      'an ONNX file',
      (out) => [at('graph.onnx'), out, '--to', 'huggingface'],
      'graph.onnx: is neither a ticket nor a folder (it looks like an ONNX file)',
    ],
    ['a .onnx folder', (out) => [ticket, `${out}.onnx`, '--to', 'huggingface'], '"out" expected a folder, got'],
    [
      'a folder to train',
      (out) => [ticket, out, '--to', 'onnx-training'],
      '"out" expected a name that ends with .onnx',
    ],
    [
      'heads of a searched one',
      (out) => [ticket, out, '--to', 'onnx', '--heads', 'factored'],
      '"heads" expected a pruned',
    ],
    [
      'two bits of other weights',
      (out) => [ticket, out, '--to', 'onnx', '--bits', '2'],
      'cannot be exported with --bits 2: the weights of wte are normal, not signed constants',
    ],
    [
      'the wrong tokenizer',
      (out) => [ticket, out, '--to', 'onnx', '--tokenizer', 'gpt2'],
      `"tokenizer" expected one with the model's 256 tokens, got gpt2 with 50257`,
    ],
    [
      'a length beyond the context',
      (out) => [ticket, `${out}.onnx`, '--to', 'onnx-training', '--length', '17'],
      '"length" expected an integer <= 16, got 17',
    ],
    [
      'a batch beyond any device',
      (out) => [ticket, `${out}.onnx`, '--to', 'onnx-training', '--batch', '100000000'],
      '"batch" expected an integer <= 65536 with 16 tokens a sequence (1048576 in all), got 100000000',
    ],
    [
      'another form',
      (out) => [ticket, out, '--to', 'coreml'],
      '"to" expected huggingface, onnx, onnx-training, gguf, url, qr, got coreml',
    ],
  ])('%s', async (_name, args, message) => {
    const before = (await readdir(folder)).sort()
    const { code, stdout, stderr } = slt('export', ...args(at('new')))
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^slt: [^\n]+\n$/)
    expect((await readdir(folder)).sort()).toEqual(before)
  })

  test('a folder of another architecture is named, by export, eval and prune', async () => {
    await cp(sorter, at('t5'), { recursive: true })
    const config = { model_type: 't5', architectures: ['T5Model'] }
    await writeFile(join(at('t5'), 'config.json'), JSON.stringify(config))
    const message = `slt: ${at('t5')}/config.json: model_type "t5", architectures ["T5Model"] is not supported; what is: model_type "gpt2", "llama", "mistral", "qwen2", "bert"\n`
    expect(slt('export', at('t5'), at('new'), '--to', 'onnx').stderr).toBe(message)
    expect(slt('eval', at('t5'), '--data', text).stderr).toBe(message)
    expect(slt('prune', at('t5'), '--out', at('new')).stderr).toBe(message)
  })

  test('what is there stays without --force', async () => {
    await writeFile(at('there.onnx'), 'mine')
    const file = slt('export', ticket, at('there.onnx'), '--to', 'onnx')
    expect(file).toMatchObject({
      code: 1,
      stderr: `slt: ${at('there.onnx')}: is there already (--force replaces it)\n`,
    })
    expect(await readFile(at('there.onnx'), 'utf8')).toBe('mine')
    expect(slt('export', ticket, folder, '--to', 'huggingface', '--force').stderr).toMatch(/not replaced\n$/)
  })

  test('a weight beyond fp16', async () => {
    const content = randomContent(runnableConfig)
    const matrices = content.matrices.map((matrix, i) =>
      i === 0 ? { ...matrix, init: { kind: 'signed-constant', magnitude: 70_000 } as const } : matrix,
    )
    const inner = await mkdtemp(join(folder, 'large-'))
    const { ticket: large } = await writeSearched(inner, { matrices })
    const { code, stderr } = slt('export', large, join(inner, 'out'), '--to', 'huggingface', '--dtype', 'fp16')
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^slt: "dtype" expected one that holds transformer\.wte\.weight, whose value \d+ is -?70000, got fp16\n$/,
    )
    expect((await readdir(inner)).includes('out')).toBe(false)
  })
})

test('options of another form are bad usage', () => {
  for (const flags of [
    ['--dtype', 'fp16', '--to', 'onnx'],
    ['--bits', '4', '--to', 'huggingface'],
    ['--batch', '2', '--to', 'onnx'],
  ]) {
    const { code, stderr } = slt('export', ticket, at('new'), ...flags)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^slt: --\w+ goes with --to [\w -]+\n$/)])
  }
})

test('help has examples and exit codes', () => {
  const { stdout } = slt('export', '--help')
  for (const part of ['Usage: slt export', 'Examples:', '130  interrupted']) expect(stdout).toContain(part)
})
