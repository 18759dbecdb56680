import { formatShape, sameShape } from '../graph/index.js'
import type { Gpt2Config } from '../model/gpt2-config.js'
import { type Gpt2Weights, gpt2TensorShapes, type WeightTensor } from '../model/gpt2-weights.js'
import { InputError, toFloat32 } from '../safetensors/index.js'
import { parseGpt2Config } from './hugging-face-config.js'
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
 * Face's GPT-2 layout. Tensor names may lack their `transformer.` prefix. The head is tied when `tie_word_embeddings` is not false and `lm_head.weight` is absent or
 * equal to the token embedding. Other tensors in the file (attention's causal `bias`) are let be.
 * @throws InputError in one line that names what is missing or does not fit
 */
export async function openGpt2Folder(open: OpenFile): Promise<Gpt2Folder> {
  const configFile = await open('config.json')
  const bytes = await configFile.read(0, configFile.size).finally(() => configFile.close?.())
  const config = parseGpt2Config(new TextDecoder().decode(bytes), configFile.name)
  const files = await openWeightFiles(open)
  try {
    const found = findTensors(config, files)
    if (config.tiedHead && files.tensors.has('lm_head.weight')) await checkTied(found, files)
    const readWeight = (name: string) => readFinite(files, found, name)
    const dtypes = new Set([...found.values()].map((stored) => files.tensors.get(stored)!.dtype))
    return {
      config,
      source: files.name,
      bytes: files.bytes,
      dtype: dtypes.size === 1 ? ([...dtypes][0] as Gpt2Folder['dtype']) : 'mixed',
      readWeight,
      async readWeights() {
        const weights = new Map<string, WeightTensor>()
        for (const name of found.keys()) weights.set(name, await readWeight(name))
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
export async function readGpt2Folder(open: OpenFile): Promise<{ config: Gpt2Config; weights: Gpt2Weights }> {
  const folder = await openGpt2Folder(open)
  try {
    return { config: folder.config, weights: await folder.readWeights() }
  } finally {
    await folder.close()
  }
}

/** The name in the file of every weight; all are there, with the shapes of the configuration. */
function findTensors(config: Gpt2Config, file: WeightFiles): Map<string, string> {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.name}: ${reason}`)
  }
  if (config.layers > file.tensors.size) {
    refuse(`n_layer ${config.layers} asks for more tensors than the ${file.tensors.size} there are`)
  }
  const found = new Map<string, string>()
  for (const [name, shape] of gpt2TensorShapes(config)) {
    const stored = [name, name.replace(/^transformer\./, '')].find((candidate) => file.tensors.has(candidate))
    if (stored === undefined) return refuse(`tensor ${name} ${formatShape(shape)} is missing`)
    const info = file.tensors.get(stored)!
    if (!sameShape(info.shape, shape)) {
      refuse(`tensor ${stored} has shape ${formatShape(info.shape)}, but config.json asks for ${formatShape(shape)}`)
    }
    if (!['F32', 'F16', 'BF16', 'F64'].includes(info.dtype)) {
      refuse(`tensor ${stored} has dtype ${info.dtype}, expected F32, F16, BF16 or F64`)
    }
    found.set(name, stored)
  }
  return found
}

/** A head that is both stored and tied must hold the token embedding: otherwise it is unclear which one is meant. */
async function checkTied(found: Map<string, string>, file: WeightFiles): Promise<void> {
  const embedding = await file.readTensor(found.get('transformer.wte.weight')!)
  const head = await file.readTensor('lm_head.weight')
  if (head.length !== embedding.length || head.some((byte, i) => byte !== embedding[i])) {
    throw new InputError(
      `${file.name}: lm_head.weight differs from the token embedding, though tie_word_embeddings is not false`,
    )
  }
}

async function readFinite(file: WeightFiles, found: Map<string, string>, name: string): Promise<WeightTensor> {
  const stored = found.get(name)
  if (stored === undefined) throw new RangeError(`"name" expected a weight of the model, got ${name}`)
  const { dtype, shape, source } = file.tensors.get(stored)!
  const data = toFloat32(dtype, await file.readTensor(stored))
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new InputError(`${source}: tensor ${stored} holds ${data[bad]} at index ${bad}`)
  return { shape, data }
}
