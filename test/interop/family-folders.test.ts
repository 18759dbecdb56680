// Folders of every family as exported: transformers.js gives the logits, hidden states and greedy texts of Python's transformers.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  AutoModel,
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  type PreTrainedModel,
  Tensor,
} from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/files/files.js'
import { readModelFolder } from '../../src/interop/index.js'
import { exportModel } from '../../src/jobs/export-model.js'
import { openEncoder, openModel } from '../../src/jobs/open-model.js'
import { pruneModel } from '../../src/jobs/prune.js'
import { continueText, loadModelTokenizer } from '../../src/jobs/searched-text.js'
import { expectedOf, familyFolder } from '../vectors/families/open.js'
import { farthest } from '../vectors/pytorch/open.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-families-'))
  env.allowRemoteModels = false
  env.localModelPath = dirname(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const int64 = (rows: readonly (readonly number[])[]) =>
  new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length])
const floatsOf = ({ data }: Tensor) => Float32Array.from(data as Float32Array)
const idOf = (out: string) => `${basename(folder)}/${basename(out)}`
const options = { dtype: 'fp32', device: 'cpu' } as const

describe.each(['llama', 'llama-tied', 'llama-head-dim', 'llama-mlp-bias', 'mistral', 'qwen2'])('%s', (name) => {
  test('transformers.js gives the logits and the greedy text of transformers', async () => {
    const { tokens, logits, greedy } = await expectedOf(name)
    const out = join(folder, `${name}-js`)
    await exportModel({ source: familyFolder(name), to: 'onnx', out })
    const model = await AutoModelForCausalLM.from_pretrained(idOf(out), options)
    const attention_mask = int64(tokens.map((row) => row.map(() => 1)))
    const found = await model({ input_ids: int64(tokens), attention_mask })
    expect(farthest(floatsOf(found.logits), logits!.data)).toBeLessThan(1e-5)
    const { prompt, tokens: written } = greedy!
    const inputs = { input_ids: int64([prompt]), attention_mask: int64([prompt.map(() => 1)]) }
    const text = (await model.generate({ ...inputs, max_new_tokens: written.length, eos_token_id: -1 })) as Tensor
    expect(text.tolist()[0].map(Number)).toEqual([...prompt, ...written])
    await model.dispose()
  })
})

describe.each(['bert', 'bert-relu-odd', 'bert-masked-lm'])('%s', (name) => {
  test('transformers.js gives the hidden states of transformers', async () => {
    const { tokens, mask, tokenTypes, hidden } = await expectedOf(name)
    const out = join(folder, `${name}-js`)
    await exportModel({ source: familyFolder(name), to: 'onnx', out })
    const model: PreTrainedModel = await AutoModel.from_pretrained(idOf(out), options)
    const isToken = mask ?? tokens.map((row) => row.map(() => 1))
    const types = tokenTypes ?? tokens.map((row) => row.map(() => 0))
    const inputs = { input_ids: int64(tokens), attention_mask: int64(isToken), token_type_ids: int64(types) }
    const found = floatsOf((await model(inputs)).last_hidden_state)
    const width = hidden!.shape[2]
    const seen = isToken.flat().flatMap((kept, i) => (kept ? [i] : []))
    for (const i of seen) {
      const at = i * width
      expect(farthest(found.subarray(at, at + width), hidden!.data.subarray(at, at + width))).toBeLessThan(1e-5)
    }
    await model.dispose()
  })
})

test.each(['llama', 'llama-tied', 'llama-bf16', 'llama-mlp-bias', 'mistral', 'qwen2', 'bert'])(
  '%s as a folder of safetensors is read as the same model',
  async (name) => {
    const read = (path: string) => readModelFolder((file) => openFile(join(path, file)))
    const out = join(folder, `${name}-again`)
    const report = await exportModel({ source: familyFolder(name), to: 'huggingface', out })
    expect(report.files.map(({ path }) => path)).toContain('model.safetensors')
    expect(await read(out)).toEqual({ ...(await read(familyFolder(name))), leftOut: [] })
  },
)

describe.sequential.each([
  ['llama', 'factored', ['exact', 'factored']],
  ['qwen2', 'factored', ['exact', 'factored']],
  ['llama', 'rotary', ['factored']],
  ['bert', 'merged', ['exact', 'factored']],
] as const)('%s, pruned with %s attention', (name, attention, forms) => {
  const ticket = () => join(folder, `${name}-${attention}.slt.safetensors`)
  beforeAll(async () => {
    const target = await readModelFolder((file) => openFile(join(familyFolder(name), file)))
    await pruneModel({ target, items: 10, seed: 3, attention, out: ticket(), threads: 1 })
  })

  test.each(forms)(
    '%s heads: the same in a folder, in transformers.js and here, and close to the literal network',
    async (heads) => {
      const { tokens } = await expectedOf(name)
      const out = join(folder, `${name}-${attention}-${heads}`)
      const report = await exportModel({ source: ticket(), to: 'huggingface', out, heads })
      await exportModel({ source: ticket(), to: 'onnx', out: `${out}-js`, heads })
      const isEncoder = name === 'bert'
      const resultOf = async (path: string) => {
        const shape = [Int32Array.from(tokens.flat()), tokens.length, tokens[0].length] as const
        const opened = isEncoder ? await openEncoder(path) : await openModel(path)
        try {
          const result = 'encoder' in opened ? opened.encoder.hidden(...shape) : opened.model.logits(...shape)
          return { config: opened.config, result: await result }
        } finally {
          await opened.close()
        }
      }
      const { config, result: wanted } = await resultOf(ticket())
      const { result: all } = await resultOf(out)
      const { width } = config
      const copies = all.length / wanted.length
      expect(copies).toBe(isEncoder && heads === 'exact' ? config.heads : 1)
      const first = wanted.map((_, i) => all[Math.floor(i / width) * width * copies + (i % width)])
      const size = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(farthest(copies === 1 ? all : first, wanted) / size).toBeLessThan(heads === 'exact' ? 1e-5 : 0.2)
      expect(report.resultDifference).toBeLessThan(heads === 'exact' ? 2e-5 * size : 0.5 * size)

      const ones = int64(tokens.map((row) => row.map(() => 1)))
      const inputs = { input_ids: int64(tokens), attention_mask: ones }
      const model = await (isEncoder ? AutoModel : AutoModelForCausalLM).from_pretrained(idOf(`${out}-js`), options)
      const found = await model(inputs)
      expect(farthest(floatsOf(isEncoder ? found.last_hidden_state : found.logits), all)).toBeLessThan(1e-5)
      await model.dispose()
    },
  )
})

test('what a pruned ticket cannot be is refused before work, and nothing is written', async () => {
  const out = join(folder, 'never')
  await expect(
    exportModel({ source: join(folder, 'llama-rotary.slt.safetensors'), to: 'huggingface', out, heads: 'exact' }),
  ).rejects.toThrow('"heads" expected factored for rotary heads of pairs, got exact')
  await expect(
    exportModel({ source: join(folder, 'bert-merged.slt.safetensors'), to: 'onnx-training', out: `${out}.onnx` }),
  ).rejects.toThrow('"heads" expected factored for the training graph of a pruned BERT, got exact')
  expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([])
})

test('a rotary ticket takes the one form that its heads have, and says so', async () => {
  const source = join(folder, 'llama-rotary.slt.safetensors')
  const report = await exportModel({ source, to: 'huggingface', out: join(folder, 'rotary-plain') })
  expect(report.heads).toBe('factored')
  expect(report.warnings).toEqual([
    `${source}: heads of rotary pairs have the form --heads factored alone, which is taken`,
  ])
  const asked = await exportModel({ source, to: 'huggingface', out: join(folder, 'rotary-asked'), heads: 'factored' })
  expect(asked.warnings).toEqual([])
  const card = (name: string) => readFile(join(folder, name, 'README.md'), 'utf8')
  expect((await card('rotary-plain')).replaceAll('rotary-plain', 'rotary-asked')).toBe(await card('rotary-asked'))
})

test("an encoder's folder generates nothing and keeps its padding; the head that it is without is named", async () => {
  const target = familyFolder('bert-masked-lm')
  const padded = join(folder, 'padded')
  await cp(target, padded, { recursive: true })
  const config = JSON.parse(await readFile(join(target, 'config.json'), 'utf8'))
  await writeFile(join(padded, 'config.json'), JSON.stringify({ ...config, pad_token_id: 3 }))
  const out = join(folder, 'padded-again')
  const { files, warnings } = await exportModel({ source: padded, to: 'huggingface', out })
  expect(files.map(({ path }) => path)).not.toContain('generation_config.json')
  const written = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))
  expect(written.pad_token_id).toBe(3)
  for (const key of ['use_cache', 'bos_token_id', 'eos_token_id']) expect(written).not.toHaveProperty(key)
  expect(warnings).toEqual([expect.stringMatching(/^.*padded: not exported: "cls\.predictions\.bias", .* more$/)])
})

test("a ticket takes the tokenizer of its target's folder: transformers.js writes its greedy text", async () => {
  const target = fileURLToPath(new URL('../../data/stories260k', import.meta.url))
  const out = join(folder, 'stories')
  const report = await exportModel({ source: target, to: 'onnx', out })
  expect(report.files.map(({ path }) => path)).toContain('tokenizer.json')
  const opened = await openModel(target)
  const tokenizer = await loadModelTokenizer(opened)
  const written: number[] = []
  const request = { prompt: 'Once upon a time', count: 40, temperature: 0, seed: 0 }
  for await (const { token } of continueText(opened, tokenizer, request)) if (token !== null) written.push(token)
  await opened.close()
  const own = await AutoTokenizer.from_pretrained(idOf(out))
  const model = await AutoModelForCausalLM.from_pretrained(idOf(out), options)
  const inputs = own('Once upon a time')
  const text = (await model.generate({ ...inputs, max_new_tokens: 40 })) as Tensor
  expect(text.tolist()[0].slice(inputs.input_ids.dims[1]).map(Number)).toEqual(written)
  await model.dispose()

  const ticket = join(folder, 'llama-factored.slt.safetensors')
  const beside = join(folder, 'beside')
  await cp(familyFolder('llama'), beside, { recursive: true })
  await writeFile(join(beside, 'tokenizer.json'), '{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}')
  const with_ = await exportModel({ source: ticket, to: 'huggingface', out: join(folder, 'with'), tokenizer: beside })
  expect(with_.files.map(({ path }) => path)).toContain('tokenizer.json')
})
