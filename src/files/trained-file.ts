/** The dense models that `slt train` writes: float32 weights under Hugging Face names, their configuration in the metadata. */
import type { TokenizerName } from '../data/index.js'
import {
  type BaseConfig,
  checkConfig,
  checkWeights,
  familyOf,
  type ModelWeights,
  parametersOfStored,
  type WeightTensor,
} from '../families/index.js'
import {
  InputError,
  openSafetensors,
  parseJson,
  quoted,
  type SafetensorsFile,
  toFloat32,
} from '../safetensors/index.js'
import type { FileSource } from './files.js'

/** Key of the metadata of such a file. */
export const TRAINED_KEY = 'slt-dense'

/** An opened file: its configuration is checked, the weights are read when asked for. */
export interface TrainedFile {
  readonly config: BaseConfig
  readonly tokenizer: TokenizerName | null
  /** Of the run that trained it, unsigned 64-bit: an encoder is validated on the tokens that it hides. */
  readonly seed: bigint
  /** Tokens that it was trained on, windows that came again counted again; null where the file does not say. */
  readonly trainingTokens: number | null
  /** @throws InputError when a weight is missing, has another shape or dtype, or is not finite */
  readWeights(): Promise<ModelWeights>
}

/**
 * Opens a file of `slt train`.
 * @returns null when it is another safetensors file
 * @throws InputError when it is not a sound safetensors file, or its metadata is unsound
 */
export async function openTrainedFile(source: FileSource): Promise<TrainedFile | null> {
  const file = await openSafetensors(source)
  const text = file.metadata.get(TRAINED_KEY)
  if (text === undefined) return null
  try {
    const { version, settings } = parseJson(text) as {
      version: unknown
      settings: { config: BaseConfig; tokenizer: unknown; seed: unknown; steps: unknown; batch: unknown }
    }
    if (version !== '1') throw new RangeError(`version ${quoted(version)} is unknown`)
    const { config, tokenizer, seed, steps, batch } = settings
    checkConfig(config)
    if (typeof seed !== 'string' || !/^\d{1,20}$/.test(seed) || BigInt(seed) >= 2n ** 64n) {
      throw new RangeError(`"seed" expected the digits of an integer from 0 to 2^64-1, got ${quoted(seed)}`)
    }
    const known = tokenizer === 'bytes' || tokenizer === 'gpt2'
    return {
      config,
      tokenizer: known ? tokenizer : null,
      seed: BigInt(seed),
      trainingTokens: isCount(steps) && isCount(batch) ? steps * batch * config.positions : null,
      readWeights: () => readWeights(file, config),
    }
  } catch (error) {
    throw new InputError(`${source.name}: not a model of slt train: ${(error as Error).message}`)
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

async function readWeights(file: SafetensorsFile, config: BaseConfig): Promise<ModelWeights> {
  const weights = new Map<string, WeightTensor>()
  const recipes = familyOf(config).huggingFace.tensors(config)
  const expected = new Map(recipes.map(({ name, shape }) => [name, shape]))
  try {
    for (const name of expected.keys()) {
      const info = file.tensors.get(name)
      if (!info) continue // said below
      if (info.dtype !== 'F32') throw new RangeError(`${name} expected F32, got ${info.dtype}`)
      const data = toFloat32('F32', await file.readTensor(name))
      const bad = data.findIndex((value) => !Number.isFinite(value))
      if (bad >= 0) throw new RangeError(`${name} holds ${data[bad]} at index ${bad}`)
      weights.set(name, { shape: info.shape, data })
    }
    checkWeights(weights, expected)
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(`${file.source.name}: ${(error as Error).message}`)
  }
  return parametersOfStored(config, weights)
}
