/** A model in a GGUF file. */
import {
  type BaseConfig,
  familyOf,
  type GgufRecipe,
  type ModelWeights,
  parametersByName,
  parametersInGguf,
  type WeightTensor,
} from '../families/index.js'
import { decodeTensor, type GgufFile, openGguf, type TensorType } from '../gguf/index.js'
import { formatShape, sameShape } from '../graph/index.js'
import { type ByteSource, createMemoryBudget, InputError, type MemoryBudget, quotedList } from '../safetensors/index.js'
import { readGgufConfig } from './gguf-metadata.js'
import { type GgufTokenizerFiles, ggufSpecialTokens, ggufTokenizerFiles } from './gguf-tokenizer-files.js'
import type { SpecialTokens } from './special-tokens.js'

/** An opened file: configuration, names and shapes are checked, weights are read when asked for. */
export interface GgufModel {
  readonly config: BaseConfig
  /** What its matrices are stored as. */
  readonly dtype: TensorType | 'mixed'
  readonly warnings: readonly string[]
  /** The files of a folder's tokenizer that say what the metadata says; null where the file has none that is read. */
  readonly tokenizer: GgufTokenizerFiles | null
  readonly specialTokens: SpecialTokens
  /**
   * Every parameter as float32, by the names of its family, one tensor after another.
   * @throws InputError when one holds NaN or an infinity, naming the tensor and the index; MemoryLimitError
   */
  readWeights(): Promise<ModelWeights>
}

/**
 * Opens a model of llama.cpp's architectures gpt2, llama (Mistral is one) and qwen2.
 * @param budget what the header and the weights may take; default: 4 GB
 * @throws InputError in one line that names what is unsound, missing, left over or not supported
 */
export async function openGgufModel(
  source: ByteSource,
  budget: MemoryBudget = createMemoryBudget(source.name),
): Promise<GgufModel> {
  const file = await openGguf(source, budget)
  const { config, architecture } = readGgufConfig(file)
  const recipes = expectTensors(file, config, architecture)
  const matrices = recipes.filter(({ shape }) => shape.length > 1)
  const types = new Set(matrices.map(({ name }) => file.tensors.get(name)!.type))
  const { files, warnings } = ggufTokenizerFiles(file, config.vocabulary)
  return {
    config,
    dtype: types.size === 1 ? [...types][0] : 'mixed',
    warnings,
    tokenizer: files,
    specialTokens: files === null ? { bos: null, eos: null, stops: null } : ggufSpecialTokens(file, config.vocabulary),
    async readWeights() {
      const sizes = recipes.map(({ shape }) =>
        (shape as readonly number[]).reduce((product, size) => product * size, 1),
      )
      // A tensor in the order of the file is there beside its parameters.
      budget.expect(4 * (sizes.reduce((sum, size) => sum + size, 0) + 2 * Math.max(...sizes)), 'make its weights')
      const parameters = parametersByName(config)
      const weights = new Map<string, WeightTensor>()
      for (const recipe of recipes) {
        const data = await readFinite(file, recipe.name)
        for (const [name, tensor] of parametersInGguf(recipe, data, parameters)) weights.set(name, tensor)
      }
      return weights
    },
  }
}

/** Every tensor of the model and no other, with the shapes of its configuration. */
function expectTensors({ source, tensors }: GgufFile, config: BaseConfig, architecture: string): readonly GgufRecipe[] {
  const refuse = (reason: string): never => {
    throw new InputError(`${source.name}: ${reason}`)
  }
  const { gguf, title } = familyOf(config)
  if (config.layers > tensors.size) {
    refuse(`${config.layers} layers ask for more tensors than the ${tensors.size} there are`)
  }
  const recipes = gguf!.tensors(config, architecture)
  const known = new Set(recipes.map(({ name }) => name))
  const others = [...tensors.keys()].filter((name) => !known.has(name))
  if (others.length > 0) {
    refuse(`tensors that are not supported: ${quotedList(others)} (the metadata describes a ${title} without them)`)
  }
  for (const { name, shape } of recipes) {
    const found = tensors.get(name) ?? refuse(`tensor ${name} ${formatShape(shape)} is missing`)
    if (!sameShape(found.shape, shape)) {
      refuse(`tensor ${name} has shape ${formatShape(found.shape)}, but the metadata asks for ${formatShape(shape)}`)
    }
  }
  return recipes
}

async function readFinite({ source, tensors }: GgufFile, name: string): Promise<Float32Array> {
  const { type, byteOffset, byteLength } = tensors.get(name)!
  const data = decodeTensor(type, await source.read(byteOffset, byteLength))
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new InputError(`${source.name}: tensor ${name} holds ${data[bad]} at index ${bad}`)
  return data
}
