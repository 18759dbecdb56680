import type { Gpt2Config } from '../families/gpt2/config.js'
import type { Gpt2Weights, WeightTensor } from '../families/gpt2/weights.js'
import { InputError, toFloat32 } from '../safetensors/index.js'
import { findTensors } from './gpt2-tensors.js'
import { readGpt2Config } from './hugging-face-config.js'
import { type OpenFile, openWeightFiles, type WeightFiles } from './weight-files.js'

/** An opened Hugging Face GPT-2 folder: configuration and shapes are checked, weights are read when asked for. */
export interface Gpt2Folder {
  readonly config: Gpt2Config
  /** What messages call the weight file, or the index of several. */
  readonly source: string
  /** Bytes of the weight files. */
  readonly bytes: number
  /** What the model's weights are stored as. */
  readonly dtype: 'F32' | 'F16' | 'BF16' | 'F64' | 'mixed'
  /** A line each for keys of the configuration and tensors that were not read. */
  readonly warnings: readonly string[]
  /**
   * One weight as float32 (from F32, F16, BF16 or F64), by the name of `gpt2TensorShapes(config)`.
   * @throws InputError when it holds NaN or an infinity, naming the tensor and the index
   */
  readWeight(name: string): Promise<WeightTensor>
  /** Every weight. */
  readWeights(): Promise<Gpt2Weights>
  /** Closes the weight files. */
  close(): Promise<void>
}

/**
 * Opens a folder of `config.json` and `model.safetensors`, or shards with their `model.safetensors.index.json`, in Hugging
 * Face's GPT-2 layout. Names of tensors may lack their `transformer.` prefix and carry those of `unwrappedName`. The head is tied when
 * `tie_word_embeddings` is not false and `lm_head.weight` is absent or equal to the token embedding.
 * @throws InputError in one line that names what is missing, does not fit or is not supported
 */
export async function openGpt2Folder(open: OpenFile): Promise<Gpt2Folder> {
  const configFile = await open('config.json')
  const bytes = await configFile.read(0, configFile.size).finally(() => configFile.close?.())
  const { config, warnings } = readGpt2Config(new TextDecoder().decode(bytes), configFile.name)
  const files = await openWeightFiles(open)
  try {
    const { stored, tiedHead, warnings: unused } = findTensors(config, files)
    if (tiedHead !== undefined) await checkTied(stored.get('transformer.wte.weight')!, tiedHead, files)
    const readWeight = (name: string) => readFinite(files, stored, name)
    const dtypes = new Set([...stored.values()].map((name) => files.tensors.get(name)!.dtype))
    return {
      config,
      source: files.name,
      bytes: files.bytes,
      dtype: dtypes.size === 1 ? ([...dtypes][0] as Gpt2Folder['dtype']) : 'mixed',
      warnings: [...warnings, ...unused],
      readWeight,
      async readWeights() {
        const weights = new Map<string, WeightTensor>()
        for (const name of stored.keys()) weights.set(name, await readWeight(name))
        return weights
      },
      close: files.close,
    }
  } catch (error) {
    await files.close()
    throw error
  }
}

/** The whole of a folder; see {@link openGpt2Folder}. */
export async function readGpt2Folder(
  open: OpenFile,
): Promise<{ config: Gpt2Config; weights: Gpt2Weights; warnings: readonly string[] }> {
  const folder = await openGpt2Folder(open)
  try {
    return { config: folder.config, weights: await folder.readWeights(), warnings: folder.warnings }
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
    throw new InputError(
      `${file.name}: ${head} differs from the token embedding, though tie_word_embeddings is not false`,
    )
  }
}

async function readFinite(file: WeightFiles, found: ReadonlyMap<string, string>, name: string): Promise<WeightTensor> {
  const stored = found.get(name)
  if (stored === undefined) throw new RangeError(`"name" expected a weight of the model, got ${name}`)
  const { dtype, shape, source } = file.tensors.get(stored)!
  const data = toFloat32(dtype, await file.readTensor(stored))
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new InputError(`${source}: tensor ${stored} holds ${data[bad]} at index ${bad}`)
  return { shape, data }
}
