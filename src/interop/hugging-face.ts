import { type BaseConfig, familyOf, type ModelWeights, parametersIn, type WeightTensor } from '../families/index.js'
import { InputError, quotedList, toFloat32 } from '../safetensors/index.js'
import { readModelConfig } from './hugging-face-config.js'
import { findTensors } from './model-tensors.js'
import { type OpenFile, openWeightFiles, type WeightFiles } from './weight-files.js'

/** An opened Hugging Face folder: configuration and shapes are checked, weights are read when asked for. */
export interface ModelFolder {
  readonly config: BaseConfig
  /** What messages call the weight file, or the index of several. */
  readonly source: string
  /** Bytes of the weight files. */
  readonly bytes: number
  /** What the model's weights are stored as. */
  readonly dtype: 'F32' | 'F16' | 'BF16' | 'F64' | 'mixed'
  /** A line each for keys of the configuration and tensors that were not read. */
  readonly warnings: readonly string[]
  /** Tensors of poolers and of heads of tasks, which no family of ours has. */
  readonly leftOut: readonly string[]
  /**
   * Every parameter as float32 (from F32, F16, BF16 or F64), by the names of its family, one stored tensor after another.
   * @throws InputError when one holds NaN or an infinity, naming the tensor and the index
   */
  readWeights(): Promise<ModelWeights>
  /** Closes the weight files. */
  close(): Promise<void>
}

/**
 * Opens a folder of `config.json` and `model.safetensors`, or shards with their `model.safetensors.index.json`, in the
 * layout of a known family. Names of tensors may lack or carry the prefixes that `unwrappedName` knows. A head is tied when
 * `tie_word_embeddings` says so and `lm_head.weight` is absent or equal to the token embedding.
 * @throws InputError in one line that names what is missing, does not fit or is not supported
 */
export async function openModelFolder(open: OpenFile): Promise<ModelFolder> {
  const configFile = await open('config.json')
  const bytes = await configFile.read(0, configFile.size).finally(() => configFile.close?.())
  const { config, warnings } = readModelConfig(new TextDecoder().decode(bytes), configFile.name)
  const files = await openWeightFiles(open)
  try {
    const { stored, tiedHead, leftOut, warnings: unused } = findTensors(config, files)
    const recipes = familyOf(config).huggingFace.tensors(config)
    if (tiedHead !== undefined) await checkTied(stored.get(recipes[0].name)!, tiedHead, files)
    const dtypes = new Set([...stored.values()].map((name) => files.tensors.get(name)!.dtype))
    return {
      config,
      source: files.name,
      bytes: files.bytes,
      dtype: dtypes.size === 1 ? ([...dtypes][0] as ModelFolder['dtype']) : 'mixed',
      warnings: [...warnings, ...files.warnings, ...unused],
      leftOut,
      async readWeights() {
        const weights = new Map<string, WeightTensor>()
        for (const recipe of recipes) {
          const data = await readFinite(files, stored.get(recipe.name)!)
          for (const [name, tensor] of parametersIn(recipe, data, config)) weights.set(name, tensor)
        }
        return weights
      },
      close: files.close,
    }
  } catch (error) {
    await files.close()
    throw error
  }
}

/** The whole of a folder; see {@link openModelFolder}. */
export async function readModelFolder(
  open: OpenFile,
): Promise<{ config: BaseConfig; weights: ModelWeights } & Pick<ModelFolder, 'warnings' | 'leftOut'>> {
  const folder = await openModelFolder(open)
  try {
    const { config, warnings, leftOut } = folder
    return { config, weights: await folder.readWeights(), warnings, leftOut }
  } finally {
    await folder.close()
  }
}

/**
 * An adapter beside a model changes what it computes: transformers loads one that lies there (with peft).
 * @throws InputError when `open` finds an `adapter_config.json`
 */
export async function refuseAdapter(open: OpenFile): Promise<void> {
  const adapter = await open('adapter_config.json').catch(() => undefined) // most folders have none
  if (adapter === undefined) return
  await adapter.close?.()
  throw new InputError(`${adapter.name}: adapters are not supported; merge it into the model, or move it elsewhere`)
}

/**
 * A head that is both stored and tied must hold the token embedding. Where it differs it is unclear which one is meant: transformers 4
 * drops the stored head, transformers 5 uses it.
 */
async function checkTied(embedding: string, head: string, file: WeightFiles): Promise<void> {
  const ofTokens = await file.readTensor(embedding)
  const ofHead = await file.readTensor(head)
  if (ofHead.length !== ofTokens.length || ofHead.some((byte, i) => byte !== ofTokens[i])) {
    throw new InputError(`${file.name}: ${head} differs from the token embedding, though config.json ties the head`)
  }
}

async function readFinite(file: WeightFiles, stored: string): Promise<Float32Array> {
  const { dtype, source } = file.tensors.get(stored)!
  const data = toFloat32(dtype, await file.readTensor(stored))
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new InputError(`${source}: tensor ${stored} holds ${data[bad]} at index ${bad}`)
  return data
}

/** What a model loses that is made of a folder: a line for the poolers and heads that are left out, or none. @param done to the rest of it */
export const leftOutLines = (name: string, leftOut: readonly string[], done: 'pruned' | 'exported'): string[] =>
  leftOut.length > 0 ? [`${name}: not ${done}: ${quotedList(leftOut)}`] : []
