import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import {
  type BaseConfig,
  type ModelWeights,
  parametersOf,
  parametersOfStored,
  randomModelWeights,
  weightsOf,
} from '../../src/families/index.js'
import type { LlamaConfig } from '../../src/families/llama/config.js'
import {
  arrayOf,
  float32,
  type GgufTensorPlan,
  type MetadataValue,
  openGguf,
  planGguf,
  text,
  uint32,
} from '../../src/gguf/index.js'
import { type GgufType, modelGgufFile, openGgufModel, readModelFolder } from '../../src/interop/index.js'
import { createGenerator } from '../../src/kernels/index.js'
import {
  type ByteSource,
  createMemoryBudget,
  float16Bytes,
  memorySource,
  toFloat32,
} from '../../src/safetensors/index.js'
import { expectedTensors, readVector } from '../gguf/vector.js'
import { familyFolder } from '../vectors/families/open.js'
import { bytesOf } from './output.js'

const expected = await expectedTensors()
const gpt2: Gpt2Config = {
  layers: 1,
  width: 32,
  heads: 2,
  inner: 64,
  positions: 4,
  vocabulary: 5,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}

/** The small GPT-2 of test/vectors/gguf/generate.py. */
function gpt2Weights(): ModelWeights {
  const shapes: [string, number[]][] = [
    ['wte.weight', [5, 32]],
    ['wpe.weight', [4, 32]],
    ['h.0.ln_1.weight', [32]],
    ['h.0.ln_1.bias', [32]],
    ['h.0.attn.c_attn.weight', [32, 96]],
    ['h.0.attn.c_attn.bias', [96]],
    ['h.0.attn.c_proj.weight', [32, 32]],
    ['h.0.attn.c_proj.bias', [32]],
    ['h.0.ln_2.weight', [32]],
    ['h.0.ln_2.bias', [32]],
    ['h.0.mlp.c_fc.weight', [32, 64]],
    ['h.0.mlp.c_fc.bias', [64]],
    ['h.0.mlp.c_proj.weight', [64, 32]],
    ['h.0.mlp.c_proj.bias', [32]],
    ['ln_f.weight', [32]],
    ['ln_f.bias', [32]],
  ]
  const stored = shapes.map(([name, shape], t) => {
    const length = shape.reduce((product, size) => product * size, 1)
    const data = Float32Array.from({ length }, (_, i) => (((7919 * i + 104729 * t) % 2001) - 1000) / 1000)
    return [`transformer.${name}`, { shape, data }] as const
  })
  return parametersOfStored(gpt2, new Map(stored))
}

async function modelOf(name: string): Promise<{ config: BaseConfig; weights: ModelWeights }> {
  if (name === 'gpt2') return { config: gpt2, weights: gpt2Weights() }
  return readModelFolder(async (file) =>
    memorySource(new Uint8Array(await readFile(`${familyFolder(name)}${file}`)), file),
  )
}

const about = { name: 'a model', about: ['What it is.'], tokenizer: new Map() }
const write = (config: BaseConfig, weights: ModelWeights, type: GgufType = 'f32') =>
  modelGgufFile('x.gguf', { config, weights, type, ...about })
const written = (config: BaseConfig, weights: ModelWeights, type?: GgufType) =>
  memorySource(bytesOf(write(config, weights, type).file), 'x.gguf')

describe.each(Object.keys(expected))("%s holds what llama.cpp's Python package writes", (name) => {
  test.each(['F32', 'F16', 'Q8_0'] as const)('%s: names, types, shapes and bytes', async (type) => {
    const { config, weights } = await modelOf(name)
    const source = written(config, weights, type.toLowerCase() as GgufType)
    const { tensors } = await openGguf(source)
    const found = await Promise.all(
      Array.from(tensors, async ([own, { type, shape, byteOffset, byteLength }]) => {
        const bytes = await source.read(byteOffset, byteLength)
        return [own, [type, shape, createHash('sha256').update(bytes).digest('hex')]] as const
      }),
    )
    expect(Object.fromEntries(found)).toEqual(expected[name][type])
  })

  test('F32 is read back bit for bit, with the same configuration', async () => {
    const { config, weights } = await modelOf(name)
    const model = await openGgufModel(written(config, weights))
    expect(model.config).toEqual(config)
    expect(model.dtype).toBe('F32')
    expect(new Map(await model.readWeights())).toEqual(new Map(weights))
  })
})

test("a file of llama.cpp's Python package is the model of its folder, rounded to fp16", async () => {
  const { config, weights } = await modelOf('llama-tied')
  const model = await openGgufModel(memorySource(await readVector('llama-tied-f16.gguf'), 'x.gguf'))
  expect(model.config).toEqual(config)
  expect([model.dtype, model.tokenizer, model.warnings]).toEqual(['F16', null, []])
  const found = await model.readWeights()
  for (const [name, { shape, data }] of weights) {
    const isVector = shape.length === 1
    expect(found.get(name)!.data, name).toEqual(isVector ? data : toFloat32('F16', float16Bytes(data)))
  }
})

const kernels = await loadKernels()

/** -0 and 0 are equal. Vitest takes seconds for matrices. */
const areEqual = (a: Float32Array, b: Float32Array) => a.length === b.length && a.every((value, i) => value === b[i])

/** Random weights without biases and norms, as a searched ticket has them: all 0, +m or -m. */
function ternaryWeights(config: BaseConfig, magnitude: (name: string) => number): ModelWeights {
  const matrices = parametersOf(config).filter(({ kind }) => kind === 'matrix')
  const random = randomModelWeights(config, 3n, createGenerator(kernels))
  return weightsOf(matrices, (name) => {
    const { data } = random.get(name)!
    const m = magnitude(name)
    return data.map((value) => (Math.abs(value) < 0.01 ? 0 : Math.sign(value) * m))
  })
}

const llama: LlamaConfig = {
  family: 'llama',
  layers: 1,
  width: 256,
  heads: 4,
  keyHeads: 2,
  headWidth: 64,
  inner: 512,
  positions: 16,
  vocabulary: 8,
  activation: 'silu',
  normEpsilon: 1e-5,
  ropeTheta: 10000,
  inputBias: false,
  outputBias: false,
  feedForwardBias: false,
  tiedHead: true,
}
const wide: Gpt2Config = { ...gpt2, width: 256, inner: 512, positions: 8 }

describe.each(['tq2_0', 'tq1_0'] as const)('signed constants as %s', (type) => {
  test.each([
    ['a GPT-2', wide],
    ['a Llama', llama],
  ])('of %s are read back bit for bit, absent biases as 0 and gains as 1', async (_, config) => {
    // Several magnitudes, also of queries, keys and values that share a tensor.
    const weights = ternaryWeights(config, (name) => (/\.q(_proj)?$/.test(name) ? 0.25 : 0.11407470703125))
    const output = write(config, weights, type)
    expect(output.notes).toEqual([])
    const model = await openGgufModel(memorySource(bytesOf(output.file), 'x.gguf'))
    expect(model.dtype).toBe(type.toUpperCase())
    const found = await model.readWeights()
    for (const { name, kind } of parametersOf(config)) {
      const own = found.get(name)!.data
      if (kind === 'matrix') expect(areEqual(own, weights.get(name)!.data), name).toBe(true)
      else expect(own.every((value) => value === (kind === 'gain' ? 1 : 0))).toBe(true)
    }
  })

  test('rows that are no multiple of 256 are stored as F16, without loss, and said', async () => {
    const config = { ...llama, inner: 384 }
    const weights = ternaryWeights(config, () => 0.11407470703125)
    const { file, notes } = write(config, weights, type)
    expect(notes).toEqual([
      `x.gguf: rows that are no multiple of ${type.toUpperCase()}'s 256 numbers are stored as F16, which holds them exactly: "blk.0.ffn_down.weight"`,
    ])
    const found = await (await openGgufModel(memorySource(bytesOf(file), 'x.gguf'))).readWeights()
    const name = 'layers.0.mlp.down_proj'
    expect(areEqual(found.get(name)!.data, weights.get(name)!.data)).toBe(true)
  })

  test('what it does not hold is refused by name, before anything is written', () => {
    expect(() =>
      write(
        wide,
        ternaryWeights(wide, () => 0.1),
        type,
      ),
    ).toThrow(
      new RangeError(
        `"type" expected one that holds wte, got ${type}: its magnitude is 0.10000000149011612, which fp16 does not hold exactly; new searches with --init signed-constant have what it holds, and --type f32 holds any weights`,
      ),
    )
    // In fp16 too it would be rounded.
    const narrow = { ...wide, inner: 500 }
    const oneOff = ternaryWeights(narrow, (name) => (name === 'h.0.mlp.c_proj' ? 0.1 : 0.5))
    expect(() => write(narrow, oneOff, type)).toThrow(/expected one that holds h\.0\.mlp\.c_proj, got tq/)
    expect(() => write(gpt2, gpt2Weights(), type)).toThrow(
      new RangeError(
        `"type" expected f32, f16 or q8_0 for rows of at most 64 numbers, got ${type}: its blocks are 256 numbers of a row (a search with --width 256 has such rows)`,
      ),
    )
    const dense = new Map(randomModelWeights(wide, 3n, createGenerator(kernels)))
    expect(() => write(wide, dense, type)).toThrow(/expected one that holds wte, got tq.*: its numbers are not all 0/)
  })
})

test('what llama.cpp does not run is refused by name', () => {
  const weights = new Map()
  expect(() => write({ ...gpt2, activation: 'relu' } as BaseConfig, weights)).toThrow(
    '"to" expected another form than gguf: llama.cpp runs a GPT-2 with the activation gelu_new alone, and this one has relu',
  )
  expect(() => write({ ...llama, activation: 'gelu' } as BaseConfig, weights)).toThrow(
    'llama.cpp runs a Llama with the activation silu alone, and this one has gelu',
  )
  const bert = { family: 'bert', layers: 1, width: 8, heads: 1, inner: 8, positions: 4, vocabulary: 4 } as const
  expect(() =>
    write({ ...bert, types: 1, activation: 'gelu', layerNormEpsilon: 1e-12 } as BaseConfig, weights),
  ).toThrow('"to" expected another form than gguf for a BERT')
})

test('a weight that fp16 cannot hold is refused by name', () => {
  const weights = new Map(gpt2Weights())
  const { shape, data } = weights.get('h.0.attn.k')!
  weights.set('h.0.attn.k', { shape, data: data.with(3, 70000) })
  expect(() => write(gpt2, weights, 'f16')).toThrow(
    new RangeError('"type" expected one that holds h.0.attn.k, got f16: its value 3 is 70000'),
  )
})

describe('hostile models are refused in one line', () => {
  /** A file of the small Llama with something changed in its metadata or its tensors. */
  async function changed(change: (parts: { metadata: Map<string, MetadataValue>; tensors: GgufTensorPlan[] }) => void) {
    const { config, weights } = await modelOf('llama')
    const file = await openGguf(written(config, weights))
    const parts = {
      metadata: new Map(file.metadata),
      tensors: Array.from(file.tensors, ([name, { type, shape }]): GgufTensorPlan => ({ name, type, shape })),
    }
    change(parts)
    const { header, size } = planGguf(parts.metadata, parts.tensors)
    const bytes = new Uint8Array(size)
    bytes.set(header)
    return memorySource(bytes, 'x.gguf')
  }
  const key = (name: string, value: MetadataValue) => changed(({ metadata }) => void metadata.set(name, value))
  const without = (name: string) => changed(({ metadata }) => void metadata.delete(name))
  const tensors = (change: (all: GgufTensorPlan[]) => void) => changed((parts) => change(parts.tensors))

  const table: [string, () => Promise<ByteSource>, string][] = [
    [
      'an unknown architecture',
      () => key('general.architecture', text('gemma3')),
      'the architecture "gemma3" is not supported; what is: gpt2, llama, qwen2',
    ],
    [
      'none',
      () => without('general.architecture'),
      'the architecture null is not supported; what is: gpt2, llama, qwen2',
    ],
    [
      'one of several parts',
      () => key('split.count', uint32(3)),
      'is one of 3 parts of a model; join them first (llama-gguf-split --merge)',
    ],
    ['a key that is missing', () => without('llama.block_count'), 'llama.block_count is missing'],
    [
      'heads by layer',
      () => key('llama.attention.head_count', arrayOf('uint32', [4, 4])),
      'llama.attention.head_count expected an integer >= 1, got [4,4]',
    ],
    [
      'no heads',
      () => key('llama.attention.head_count', uint32(0)),
      'llama.attention.head_count expected an integer >= 1, got 0',
    ],
    [
      'heads that do not fit',
      () => key('llama.attention.head_count_kv', uint32(3)),
      '"keyHeads" expected a divisor of the 4 heads, got 3',
    ],
    [
      'an epsilon of 0',
      () => key('llama.attention.layer_norm_rms_epsilon', float32(0)),
      'llama.attention.layer_norm_rms_epsilon expected a number > 0, got 0',
    ],
    ['experts', () => key('llama.expert_count', uint32(8)), 'llama.expert_count 8 is not supported'],
    [
      'scaled rotations',
      () => key('llama.rope.scaling.type', text('yarn')),
      'llama.rope.scaling.type "yarn" is not supported',
    ],
    [
      'rotations of a part of a head',
      () => key('llama.rope.dimension_count', uint32(2)),
      'llama.rope.dimension_count 2 is not supported',
    ],
    [
      'a key that may change the results',
      () => key('llama.logit_scale', float32(2)),
      'keys that are not supported: "llama.logit_scale"',
    ],
    [
      '2^32 - 1 layers',
      () => key('llama.block_count', uint32(2 ** 32 - 1)),
      '4294967295 layers ask for more tensors than the 21 there are',
    ],
    [
      'a tensor that is missing',
      () => tensors((all) => void all.splice(9, 1)),
      'tensor blk.0.ffn_down.weight [16,40] is missing',
    ],
    [
      'one too many',
      () => tensors((all) => void all.push({ name: 'rope_freqs.weight', type: 'F32', shape: [2] })),
      'tensors that are not supported: "rope_freqs.weight" (the metadata describes a Llama without them)',
    ],
    [
      'another shape',
      () => tensors((all) => void all.splice(1, 1, { ...all[1], shape: [15] })),
      'tensor blk.0.attn_norm.weight has shape [15], but the metadata asks for [16]',
    ],
  ]
  test.each(table)('%s', async (_, make, message) => {
    const error = await openGgufModel(await make()).then(
      () => new Error('it was read'),
      (reason: Error) => reason,
    )
    expect([error.name, error.message]).toEqual(['InputError', `x.gguf: ${message}`])
  })

  test('a weight that is no number, and more memory than it may take', async () => {
    const { config, weights } = await modelOf('llama')
    const bytes = bytesOf(write(config, weights).file)
    const { byteOffset } = (await openGguf(memorySource(bytes, 'x.gguf'))).tensors.get('blk.0.attn_norm.weight')!
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(byteOffset + 8, Number.NaN, true)
    const model = await openGgufModel(memorySource(bytes, 'x.gguf'))
    await expect(model.readWeights()).rejects.toThrow('x.gguf: tensor blk.0.attn_norm.weight holds NaN at index 2')
    const source = written(config, weights)
    const small = await openGgufModel(source, createMemoryBudget('x.gguf', 34_000))
    await expect(small.readWeights()).rejects.toThrow(/^x\.gguf: needs [^\n]+ to make its weights, the limit is /)
  })
})
