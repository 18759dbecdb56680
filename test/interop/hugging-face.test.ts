import { describe, expect, test } from 'vitest'
import { type Gpt2Config, gpt2Shapes } from '../../src/families/gpt2/config.js'
import { familyOf, parametersOf, storedTensors } from '../../src/families/index.js'
import { readModelFolder } from '../../src/interop/index.js'
import { memorySource } from '../../src/safetensors/byte-source.js'
import { InputError } from '../../src/safetensors/input-error.js'
import { readSorter } from '../families/gpt2/partials.js'

const config = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  n_layer: 1,
  n_head: 2,
  n_embd: 4,
  n_positions: 3,
  vocab_size: 5,
  tie_word_embeddings: false,
}
type Json = Record<string, unknown>
interface Stored {
  dtype: string
  shape: readonly number[]
  bytes: Uint8Array
}

/** Tensors of the tiny model: element i of the k-th tensor is k + i / 64, exact in every format below. */
function tensors(dtype: 'F32' | 'F16' | 'BF16' = 'F32', prefix = 'transformer.'): Map<string, Stored> {
  const own: Gpt2Config = {
    ...gpt2Shapes['gpt2-nano-sort'],
    layers: 1,
    width: 4,
    heads: 2,
    inner: 16,
    positions: 3,
    vocabulary: 5,
  }
  return new Map(
    familyOf(own)
      .huggingFace.tensors(own)
      .map(({ name, shape }, k) => {
        const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => element(k, i))
        return [name.replace('transformer.', prefix), { dtype, shape, bytes: encode(dtype, values) }]
      }),
  )
}

/** A tensor of no model. */
const one: Stored = { dtype: 'U8', shape: [1], bytes: new Uint8Array(1) }

/** 1 to 1.98: seven bits of fraction. */
const element = (k: number, i: number) => 1 + ((17 * k + i) % 64) / 64

function encode(dtype: string, values: Float32Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer)
  const bits = new Uint32Array(values.buffer)
  const half = (word: number) => (dtype === 'BF16' ? word >>> 16 : (15 << 10) | ((word >>> 13) & 1023)) // exponent 0
  return new Uint8Array(Uint16Array.from(bits, half).buffer)
}

function safetensors(entries: Map<string, Stored>): Uint8Array {
  let offset = 0
  const header: Json = {}
  for (const [name, { dtype, shape, bytes }] of entries) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] }
    offset += bytes.length
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return new Uint8Array(Buffer.concat([length, json, ...[...entries.values()].map(({ bytes }) => bytes)]))
}

const read = (json: Json | string, entries = tensors()) =>
  readModelFolder(async (name) => {
    const text = typeof json === 'string' ? json : JSON.stringify(json)
    return memorySource(name === 'config.json' ? Buffer.from(text) : safetensors(entries), `folder/${name}`)
  })

test('the bundled sorter', async () => {
  const { config: sorter, weights } = await readSorter()
  expect(sorter).toEqual(gpt2Shapes['gpt2-nano-sort'])
  expect(new Map([...weights].map(([name, { shape }]) => [name, shape]))).toEqual(
    new Map(parametersOf(sorter).map(({ name, shape }) => [name, shape])),
  )
})

describe('weights are the same', () => {
  test.each(['F32', 'F16', 'BF16'] as const)('stored as %s', async (dtype) => {
    const { config: own, weights } = await read(config, tensors(dtype))
    for (const [k, [name, { data }]] of [...storedTensors(own, weights)].entries()) {
      expect(data, name).toEqual(Float32Array.from(data, (_, i) => element(k, i)))
    }
  })

  test.each([
    ['', ''],
    ['_orig_mod.transformer.', '_orig_mod.'],
    ['module._orig_mod.transformer.', 'module._orig_mod.'],
    ['_orig_mod.module.model.transformer.', '_orig_mod.module.model.'],
    ['model.', 'model.'],
    ['transformer._orig_mod.', ''],
  ])('under the prefix %j', async (prefix, ofHead) => {
    const stored = [...tensors('F32', prefix)].map(([name, tensor]) => [
      name.replace(/^lm_head/, `${ofHead}lm_head`),
      tensor,
    ])
    const found = await read(config, new Map(stored as [string, Stored][]))
    expect(found.weights).toEqual((await read(config)).weights)
    expect(found.warnings).toEqual([])
  })

  test('beside the causal masks of old versions', async () => {
    const entries = tensors()
    entries.set('transformer.h.0.attn.bias', { dtype: 'U8', shape: [1, 1, 3, 3], bytes: new Uint8Array(9) })
    entries.set('transformer.h.0.attn.masked_bias', { dtype: 'F32', shape: [], bytes: new Uint8Array(4) })
    const found = await read(config, entries)
    expect(found.weights).toEqual((await read(config)).weights)
    expect(found.warnings).toEqual([])
  })
})

test('defaults of config.json', async () => {
  const { tie_word_embeddings: _, ...rest } = config
  const entries = tensors()
  entries.delete('lm_head.weight')
  const found = await read({ ...rest, n_inner: null }, entries)
  expect(found.config).toMatchObject({ inner: 16, activation: 'gelu_new', layerNormEpsilon: 1e-5, tiedHead: true })
})

test('sizes under the names that transformers takes for them, and keys without effect', async () => {
  const { n_embd, n_head, n_layer, n_positions, ...rest } = config
  const alike = {
    hidden_size: n_embd,
    num_attention_heads: n_head,
    num_hidden_layers: n_layer,
    max_position_embeddings: n_positions,
    n_ctx: n_positions,
  }
  const quiet = {
    torch_dtype: 'float16',
    attn_pdrop: 0.1,
    _name_or_path: 'x',
    quantization_config: null,
    rope_theta: null,
  }
  const found = await read({ ...rest, ...alike, ...quiet })
  expect(found.config).toEqual((await read(config)).config)
  expect(found.warnings).toEqual([])
})

test('what is not read is named, a line a file', async () => {
  const entries = tensors()
  for (const name of ['score.weight', 'v_head.summary.weight', 'v_head.summary.bias', 'step']) entries.set(name, one)
  const found = await read({ ...config, rope_theta: 1e4, qk_norm: false, n_ctx: 2 }, entries)
  expect(found.warnings).toEqual([
    'folder/config.json: not read, though it may change what the model computes: "rope_theta", "qk_norm", "n_ctx"',
    'folder/model.safetensors: 4 tensors are no part of the model and not read: "score.weight", "v_head.summary.weight", "v_head.summary.bias" and 1 more',
  ])
  expect(found.weights).toEqual((await read(config)).weights)
})

test('a tied head that is stored as well is read once', async () => {
  const entries = tensors()
  entries.set('lm_head.weight', entries.get('transformer.wte.weight')!)
  const found = await read({ ...config, tie_word_embeddings: true }, entries)
  expect(found.config).toMatchObject({ tiedHead: true })
  expect(found.weights.has('lm_head')).toBe(false)
})

describe('a bad config.json is refused in one line', () => {
  test.each<[string, Json | string]>([
    ['not JSON', '{'],
    ['not a JSON object', '[]'],
    [
      'model_type "t5", architectures ["T5Model"] is not supported; what is: model_type "gpt2", "llama", "mistral", "qwen2", "bert"',
      { ...config, model_type: 't5', architectures: ['T5Model'] },
    ],
    [
      'num_attention_heads expected an integer >= 1, got nothing',
      { ...config, model_type: 'llama', architectures: ['LlamaForCausalLM'] },
    ],
    [
      'model_type "gpt2", architectures ["GPT2ForSequenceClassification"] is not supported; what is: model_type "gpt2", GPT2LMHeadModel or GPT2Model',
      { ...config, architectures: ['GPT2ForSequenceClassification'] },
    ],
    ['scale_attn_by_inverse_layer_idx true is not supported', { ...config, scale_attn_by_inverse_layer_idx: true }],
    ['reorder_and_upcast_attn true is not supported', { ...config, reorder_and_upcast_attn: true }],
    ['add_cross_attention true is not supported', { ...config, add_cross_attention: true }],
    ['scale_attn_weights false is not supported', { ...config, scale_attn_weights: false }],
    ['vocab_size expected an integer >= 1, got 0', { ...config, vocab_size: 0 }],
    ['n_layer expected an integer >= 1, got nothing', { ...config, n_layer: undefined }],
    ['n_embd expected an integer >= 1, got "4"', { ...config, n_embd: '4' }],
    ['n_inner expected an integer >= 1, got 0.5', { ...config, n_inner: 0.5 }],
    ['n_head 3 does not divide n_embd 4', { ...config, n_head: 3 }],
    [
      'activation_function expected gelu_new, gelu_pytorch_tanh, gelu, relu, got "silu"',
      { ...config, activation_function: 'silu' },
    ],
    ['layer_norm_epsilon expected a number > 0, got -1', { ...config, layer_norm_epsilon: -1 }],
    ['tie_word_embeddings expected true or false, got "no"', { ...config, tie_word_embeddings: 'no' }],
    ['scale_attn_weights null is not supported', { ...config, scale_attn_weights: null }],
    ['quantization_config {"bits":4} is not supported', { ...config, quantization_config: { bits: 4 } }],
    ['pruned_heads {"0":[1]} is not supported', { ...config, pruned_heads: { 0: [1] } }],
    ['n_embd 4 and hidden_size 8 mean the same, and differ', { ...config, hidden_size: 8 }],
    ['architectures expected a list of names, got "GPT2Model"', { ...config, architectures: 'GPT2Model' }],
    [
      '"NaN" at line 2, column 24 is not JSON; Python writes it for a number that is not finite',
      '{"n_layer": 1,\n "layer_norm_epsilon": NaN}',
    ],
    ['"None" at line 1, column 13 is not JSON', '{"n_inner": None}'],
    ['empty, which is not JSON', ' \n'],
  ])('%s', async (reason, json) => {
    await expect(read(json)).rejects.toThrow(new InputError(`folder/config.json: ${reason}`))
  })
})

describe('bad weights are refused in one line', () => {
  const name = 'transformer.h.0.mlp.c_fc.weight'
  test.each<[string, Json, (entries: Map<string, Stored>) => void]>([
    [`tensor ${name} [4,16] is missing`, config, (entries) => entries.delete(name)],
    ['tensor lm_head.weight [5,4] is missing', config, (entries) => entries.delete('lm_head.weight')],
    [
      `tensor ${name} has shape [16,4], but config.json asks for [4,16]`,
      config,
      (entries) => entries.set(name, { ...entries.get(name)!, shape: [16, 4] }),
    ],
    [
      'tensor transformer.wte.weight has shape [5,4], but config.json asks for [6,4]',
      { ...config, vocab_size: 6 },
      () => {},
    ],
    [
      `tensor ${name} has dtype I32, expected F32, F16, BF16 or F64`,
      config,
      (entries) => entries.set(name, { ...entries.get(name)!, dtype: 'I32' }),
    ],
    [
      `tensor ${name} holds NaN at index 2`,
      config,
      (entries) => new Float32Array(entries.get(name)!.bytes.buffer).fill(Number.NaN, 2, 3),
    ],
    [
      `tensor ${name} holds -Infinity at index 63`,
      config,
      (entries) => new Float32Array(entries.get(name)!.bytes.buffer).fill(Number.NEGATIVE_INFINITY, 63),
    ],
    [
      'lm_head.weight differs from the token embedding, though config.json ties the head',
      { ...config, tie_word_embeddings: true },
      () => {},
    ],
    ...[
      'lm_head.bias',
      'transformer.h.0.attn.q_norm.weight',
      '_orig_mod.transformer.h.0.crossattention.c_attn.weight',
      'h.0.attn.masked_bias_2',
      'base_model.model.lora_A.weight',
    ].map((extra): [string, Json, (entries: Map<string, Stored>) => void] => [
      `tensors that are not supported: "${extra}" (config.json describes a GPT-2 without them)`,
      config,
      (entries) => entries.set(extra, one),
    ]),
    [
      'tensors that are not supported: "transformer.h.0.attn.bias" (config.json describes a GPT-2 without them)',
      config,
      (entries) => entries.set('transformer.h.0.attn.bias', one), // no causal mask has this shape
    ],
    [
      'tensors that are not supported: "h.1.ln_1.bias", "h.1.ln_1.weight" (config.json says 1 layer)',
      config,
      (entries) => entries.set('h.1.ln_1.bias', one).set('h.1.ln_1.weight', one),
    ],
    [
      'tensors "transformer.wte.weight" and "model.wte.weight" are both transformer.wte.weight',
      config,
      (entries) => entries.set('model.wte.weight', entries.get('transformer.wte.weight')!),
    ],
    [
      `tensor ${name} [4,16] is missing; the prefix of "gpt.h.0.mlp.c_fc.weight" is not known`,
      config,
      (entries) => {
        entries.set('gpt.h.0.mlp.c_fc.weight', entries.get(name)!)
        entries.delete(name)
      },
    ],
    ['1000000000000 layers ask for more tensors than the 17 there are', { ...config, n_layer: 1e12 }, () => {}],
  ])('%s', async (reason, json, spoil) => {
    const entries = tensors()
    spoil(entries)
    await expect(read(json, entries)).rejects.toThrow(new InputError(`folder/model.safetensors: ${reason}`))
  })
})

test('a missing file is named, and the weight file is closed on every path', async () => {
  let closed = 0
  const open = (spoilt: boolean) =>
    readModelFolder(async (file) => {
      if (file !== 'config.json' && spoilt) throw new InputError(`folder/${file}: no such file`)
      const source = memorySource(
        file === 'config.json' ? Buffer.from(JSON.stringify(config)) : new Uint8Array(3),
        file,
      )
      return { ...source, close: async () => void closed++ }
    })
  await expect(open(true)).rejects.toThrow('folder/model.safetensors: no such file')
  expect(closed).toBe(1)
  await expect(open(false)).rejects.toThrow(InputError)
  expect(closed).toBe(3)
})
