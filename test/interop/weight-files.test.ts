import { describe, expect, test } from 'vitest'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { familyOf, storedTensors } from '../../src/families/index.js'
import { openModelFolder, readModelFolder } from '../../src/interop/index.js'
import { encodeSafetensors, float32Bytes, InputError, memorySource } from '../../src/safetensors/index.js'

const config = { model_type: 'gpt2', n_layer: 1, n_head: 2, n_embd: 4, n_inner: 6, n_positions: 3, vocab_size: 5 }
const own: Gpt2Config = {
  layers: 1,
  width: 4,
  heads: 2,
  inner: 6,
  positions: 3,
  vocabulary: 5,
  activation: 'gelu_new',
  layerNormEpsilon: 1e-5,
  tiedHead: true,
}
const shapes = new Map(
  familyOf(own)
    .huggingFace.tensors(own)
    .map(({ name, shape }) => [name, shape]),
)
const valuesOf = (k: number, count: number) => Float32Array.from({ length: count }, (_, i) => k + i / 64)

/** Shards of the tiny model: tensor k goes to shard k mod `count`. */
function shards(count: number): { files: Map<string, Set<string>>; map: Record<string, string> } {
  const files = new Map<string, Set<string>>()
  const map: Record<string, string> = {}
  for (const [k, name] of [...shapes.keys()].entries()) {
    const file = `model-0000${(k % count) + 1}-of-0000${count}.safetensors`
    files.set(file, (files.get(file) ?? new Set()).add(name))
    map[name] = file
  }
  return { files, map }
}

const missing = (name: string) =>
  new InputError(`folder/${name}: no such file`, { cause: Object.assign(new Error(), { code: 'ENOENT' }) })

/** A folder in memory; counts what is open. */
function folder(files: Map<string, Set<string>>, index: unknown, others: Record<string, string> = {}) {
  let open = 0
  const content = (name: string): Uint8Array | undefined => {
    if (name === 'config.json') return Buffer.from(JSON.stringify(config))
    if (name === 'model.safetensors.index.json' && index !== undefined) {
      return Buffer.from(typeof index === 'string' ? index : JSON.stringify(index))
    }
    if (name in others) return Buffer.from(others[name])
    const tensors = files.get(name)
    if (!tensors) return undefined
    const names = [...shapes.keys()]
    return encodeSafetensors(
      [...tensors].map((tensor) => {
        const shape = shapes.get(tensor)!
        const bytes = float32Bytes(
          valuesOf(
            names.indexOf(tensor),
            shape.reduce((a, b) => a * b),
          ),
        )
        return { name: tensor, dtype: 'F32', shape, bytes }
      }),
    )
  }
  return {
    isClosed: () => open === 0,
    async open(name: string) {
      const bytes = content(name)
      if (!bytes) throw missing(name)
      open++
      return { ...memorySource(bytes, `folder/${name}`), close: async () => void open-- }
    },
  }
}

test('shards are read as one model, and closed', async () => {
  const { files, map } = shards(3)
  const { open, isClosed } = folder(files, { metadata: { total_size: 1 }, weight_map: map })
  const { config, weights } = await readModelFolder(open)
  const stored = storedTensors(config, weights)
  expect([...stored].map(([name, { shape }]) => [name, shape])).toEqual([...shapes])
  for (const [k, { data }] of [...stored.values()].entries()) expect(data).toEqual(valuesOf(k, data.length))
  expect(isClosed()).toBe(true)
  const opened = await openModelFolder(open)
  const sizes = await Promise.all([...files.keys()].map(async (name) => (await open(name)).size))
  expect([opened.bytes, opened.dtype]).toEqual([sizes.reduce((a, b) => a + b), 'F32'])
  expect(opened.source).toBe('folder/model.safetensors.index.json')
})

test('tensors that the index does not name are read, and named in a warning', async () => {
  const { files, map } = shards(2)
  const [wte, wpe] = [...shapes.keys()]
  const { [wte]: _, [wpe]: __, ...named } = map as Record<string, string>
  const { warnings, weights } = await readModelFolder(folder(files, { weight_map: named }).open)
  expect(weights.has('wte')).toBe(true)
  expect(warnings).toEqual([expect.stringContaining(`does not name what its shards hold: "${wte}", "${wpe}"`)])
  expect((await readModelFolder(folder(files, { weight_map: map }).open)).warnings).toEqual([])
})

test('a single file is preferred, as transformers does', async () => {
  const { open } = folder(new Map([['model.safetensors', new Set(shapes.keys())]]), 'not JSON')
  expect((await openModelFolder(open)).source).toBe('folder/model.safetensors')
})

describe('what is wrong is said in one line, and everything is closed', () => {
  const { files, map } = shards(2)
  const [first, second] = files.keys()
  const wte = 'transformer.wte.weight'
  const without = (file: string, tensor: string) =>
    new Map(
      [...files].map(([name, own]) => [name, new Set([...own].filter((each) => name !== file || each !== tensor))]),
    )
  const index = 'folder/model.safetensors.index.json'
  const outside = (name: string) => ({ weight_map: { ...map, [wte]: name } })
  const expected = `${index}: "${wte}" expected the name of a .safetensors file in the folder, got`
  test.each<[string, Map<string, Set<string>>, unknown, Record<string, string>?]>([
    [`${expected} "../${first}"`, files, outside(`../${first}`)],
    [`${expected} "a/b.safetensors"`, files, outside('a/b.safetensors')],
    [`${expected} "a\\\\b.safetensors"`, files, outside('a\\b.safetensors')],
    [`${expected} ".hidden.safetensors"`, files, outside('.hidden.safetensors')],
    [`${expected} "pytorch_model.bin"`, files, outside('pytorch_model.bin')],
    [`${expected} 7`, files, { weight_map: { ...map, [wte]: 7 } }],
    [`folder/gone.safetensors: no such file`, files, outside('gone.safetensors')],
    [`${index}: not JSON`, files, '{'],
    [`${index}: weight_map is not an object`, files, {}],
    [`${index}: weight_map names no tensor`, files, { weight_map: {} }],
    [`${index}: "a" is written twice`, files, '{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}'],
    [`${index}: tensor "${wte}" is missing from ${first}`, without(first, wte), { weight_map: map }],
    [`${index}: tensor "${wte}" is not in ${second} but in folder/${first}`, files, outside(second)],
    [
      `folder/${second}: tensor "${wte}" is in folder/${first} too`,
      new Map([...files, [second, new Set([...files.get(second)!, wte])]]),
      { weight_map: map },
    ],
    ['folder/model.safetensors: no such file', new Map(), undefined],
    [
      "folder/pytorch_model.bin: PyTorch's pickle format is not read; save the model as safetensors",
      new Map(),
      undefined,
      { 'pytorch_model.bin': '' },
    ],
    [
      "folder/pytorch_model.bin.index.json: PyTorch's pickle format is not read; save the model as safetensors",
      new Map(),
      undefined,
      { 'pytorch_model.bin.index.json': '' },
    ],
  ])('%s', async (message, stored, content, others) => {
    const { open, isClosed } = folder(stored, content, others)
    await expect(openModelFolder(open)).rejects.toThrow(new InputError(message))
    expect(isClosed()).toBe(true)
  })
})
