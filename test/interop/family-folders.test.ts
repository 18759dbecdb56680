// Folders of every family as exported: transformers.js gives the logits, hidden states and greedy texts of Python's transformers.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AutoModel, AutoModelForCausalLM, env, type PreTrainedModel, Tensor } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/files/files.js'
import { readModelFolder } from '../../src/interop/index.js'
import { exportModel } from '../../src/jobs/export-model.js'
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
    expect(await read(out)).toEqual(await read(familyFolder(name)))
  },
)
