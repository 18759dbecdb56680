import { basename, join, resolve } from 'node:path'
import { isTokenizerName } from '../data/index.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import { networkWeights } from '../engine/searched-weights.js'
import { type BaseConfig, countParameters, familyOf, type ModelWeights } from '../families/index.js'
import { type FileSource, openFile, readTextIfThere } from '../files/files.js'
import { modelPathKind } from '../files/missing-model.js'
import { isFile } from '../files/path-kind.js'
import { parseRunRecord } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { openTrainedFile } from '../files/trained-file.js'
import type { TensorType } from '../gguf/index.js'
import {
  type JsonText,
  openGgufModel,
  openModelFolder,
  readSpecialTokens,
  refuseAdapter,
  type SpecialTokens,
  specialTokens,
  unfollowedGeneration,
} from '../interop/index.js'
import { createMemoryBudget, FORMAT_BYTES, InputError, whyNotSafetensors } from '../safetensors/index.js'
import { type OpenOptions, openTicket, rebuildBytes, type SearchedTicket, type Ticket } from '../ticket/index.js'
import { ggufTokenizerOf, isGgufFile, namedOnly, type OwnTokenizer, tokenizerAt } from './own-tokenizer.js'

/** A model in a file or a folder: checked, its weights not made or read yet. */
export interface ModelSource extends OwnTokenizer {
  /** A ticket found by search, one made by pruning, a model of `slt train`, a Hugging Face folder, or a GGUF file. */
  readonly kind: 'searched' | 'pruned' | 'trained' | 'folder' | 'gguf'
  /** The path it was opened by. */
  readonly path: string
  /** The folder's name, or the file's without `.slt.safetensors`, `.dense.safetensors` or `.gguf`. */
  readonly name: string
  readonly config: BaseConfig
  /** Bytes on disk: of the ticket, or of the folder's weight files. */
  readonly bytes: number
  /** What the weights are stored as; `ticket` where a seed and masks stand for them. */
  readonly dtype: 'ticket' | 'F64' | TensorType | 'mixed'
  /** Parameters of the model, a tied head counted once; a searched one has no biases; of a pruned ticket those of its target. */
  readonly parameters: number
  /** A line each for what a folder holds and was not read; see `ModelFolder`. Empty for files. */
  readonly warnings: readonly string[]
  /** Of the search or training that made the model, unsigned 64-bit; null where pruning or others made it. */
  readonly seed: bigint | null
  /** Tokens that the search or the training read; null where it is not known. */
  readonly trainingTokens: number | null
  /** Tensors of a folder's poolers and heads of tasks, which the model is without; none of files. */
  readonly leftOut: readonly string[]
  /** The ticket, or null for a dense model. */
  readonly ticket: Ticket | null
  /**
   * The weights of a dense model by the names of its family's parameters, float32. They are made or read once and kept: 4 bytes each.
   * @throws InputError for a pruned ticket, whose heads a dense model of its target's size cannot hold, for weights that are not what
   *   the file says, and for more of them than a ticket may ask memory for
   */
  weights(): Promise<ModelWeights>
  /**
   * The tokens that begin and end a text: of a folder those of its configuration (see `readSpecialTokens`), of others those of
   * their tokenizer.
   * @param tokenizer read by this one instead of its own: `bytes`, `gpt2`, or a folder, whose configuration says
   * @throws InputError for a folder whose configuration names what is no token
   */
  specialTokens(tokenizer?: string | null): Promise<SpecialTokens>
  close(): Promise<void>
}

/**
 * Opens a ticket file, searched or pruned, a model of `slt train`, a Hugging Face folder of a known family, or a GGUF file.
 * @param options.memoryLimit of a ticket or a GGUF file; see `openTicket`
 * @param options.mask of a searched ticket; see `openTicket`
 * @throws RangeError for a mask of what is no ticket; InputError in one line when it is missing, no sound ticket of a model or no sound folder
 */
export async function openModelSource(path: string, options: OpenOptions = {}): Promise<ModelSource> {
  const source = await ((await modelPathKind(path)) === 'folder' ? openFolder(path) : openModelFile(path, options))
  if (options.mask === undefined || source.ticket !== null) return source
  await source.close()
  throw new RangeError(`"mask" expected a ticket that holds it, got ${options.mask} for ${path}, which is none`)
}

async function openModelFile(path: string, options: OpenOptions): Promise<ModelSource> {
  const source = await openFile(path)
  try {
    if (await isGgufFile(path)) return await openGgufFile(path, source, options)
    const other = whyNotSafetensors(await source.read(0, Math.min(FORMAT_BYTES, source.size)))
    if (other !== undefined) throw new InputError(`${path}: is neither a ticket nor a folder (${other})`)
    const trained = await openTrainedFile(source)
    if (trained) {
      const { config, tokenizer, seed, trainingTokens, readWeights } = trained
      return {
        kind: 'trained',
        path,
        name: basename(path).replace(/(\.dense)?\.safetensors$/, ''),
        config,
        ...namedOnly(tokenizer),
        bytes: source.size,
        dtype: 'F32',
        parameters: countParameters(config),
        warnings: [],
        seed,
        trainingTokens,
        leftOut: [],
        ticket: null,
        weights: once(readWeights),
        specialTokens: async (name = tokenizer) => specialTokensOf(name),
        close: source.close,
      }
    }
    const ticket = await openTicket(source, nodeSha256, options)
    const { config } = ticket.metadata
    if (!config) throw new InputError(`${ticket.name}: holds loose pairs (kind ${ticket.kind}), not a model that runs`)
    const tokenizer = ticket.kind === 'searched' ? ticket.metadata.tokenizer : null
    return {
      kind: ticket.kind === 'searched' ? 'searched' : 'pruned',
      path,
      name: basename(path).replace(/(\.slt)?\.safetensors$/, ''),
      config,
      ...namedOnly(tokenizer),
      bytes: ticket.bytes,
      dtype: 'ticket',
      parameters: ticket.kind === 'searched' ? searchedParameters(ticket) : countParameters(config),
      warnings: [],
      seed: ticket.kind === 'searched' ? ticket.seed : null,
      trainingTokens: ticket.kind === 'searched' ? (ticket.metadata.search?.tokens ?? null) : null,
      leftOut: [],
      ticket,
      weights: once(() => ticketWeights(ticket)),
      specialTokens: async (name = tokenizer) => specialTokensOf(name),
      close: source.close,
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

function searchedParameters({ metadata }: SearchedTicket): number {
  const sizes = [...metadata.matrices, ...metadata.dense].map(({ shape }) => shape as readonly number[])
  return sizes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
}

async function ticketWeights(ticket: Ticket): Promise<ModelWeights> {
  if (ticket.kind !== 'searched') {
    throw new InputError(
      `${ticket.name}: is a pruned ticket, whose heads no dense ${familyOf(ticket.metadata.config!).title} of its target's size holds exactly`,
    )
  }
  ticket.memory.expect(rebuildBytes(ticket), 'make its weights')
  return networkWeights(await rebuildTicket(ticket))
}

async function openGgufFile(path: string, source: FileSource, { memoryLimit }: OpenOptions): Promise<ModelSource> {
  const model = await openGgufModel(source, createMemoryBudget(path, memoryLimit))
  const { config, dtype, warnings } = model
  return {
    kind: 'gguf',
    path,
    name: basename(path).replace(/\.gguf$/, ''),
    config,
    ...(await ggufTokenizerOf(model)),
    bytes: source.size,
    dtype,
    parameters: countParameters(config),
    warnings,
    seed: null,
    trainingTokens: null,
    leftOut: [],
    ticket: null,
    weights: once(model.readWeights),
    specialTokens: async (name) => (name == null ? model.specialTokens : specialTokensOf(name)),
    close: source.close,
  }
}

/** Refuses a folder without a `config.json`: of a run it says where the result lies. A `config.json` that cannot be read is told by who reads it. */
async function refuseFolder(path: string): Promise<void> {
  const config = join(path, 'config.json')
  if ((await readJsonIfThere(config)) !== null) return
  const run = await readJsonIfThere(join(path, 'run.json'))
  if (run === null) throw new InputError(`${path}: holds no model (no config.json in it)`)
  const { out } = parseRunRecord(run.source, run.text)
  const advice = (await isFile(out)) ? `its result is ${out}` : `it is not finished (--resume ${path} goes on)`
  throw new InputError(`${path}: is the folder of a run, not a model; ${advice}`)
}

async function openFolder(path: string): Promise<ModelSource> {
  if (!(await isFile(join(path, 'config.json')))) await refuseFolder(path)
  const open = (name: string) => openFile(join(path, name))
  await refuseAdapter(open)
  const folder = await openModelFolder(open)
  try {
    const { config, bytes, dtype, leftOut } = folder
    const unfollowed = unfollowedGeneration(...(await generationFiles(path)))
    const warnings = unfollowed === undefined ? folder.warnings : [...folder.warnings, unfollowed]
    return {
      kind: 'folder',
      path,
      name: basename(resolve(path)),
      config,
      ...(await tokenizerAt(path)),
      bytes,
      dtype,
      parameters: countParameters(config),
      warnings,
      seed: null,
      trainingTokens: null,
      leftOut,
      ticket: null,
      weights: once(() => folder.readWeights()),
      specialTokens: () => folderSpecialTokens(path),
      close: folder.close,
    }
  } catch (error) {
    await folder.close()
    throw error
  }
}

const folderSpecialTokens = async (folder: string): Promise<SpecialTokens> =>
  readSpecialTokens(...(await generationFiles(folder)))

/** Those of a tokenizer of ours or of a folder; none of no tokenizer. */
const specialTokensOf = async (tokenizer: string | null): Promise<SpecialTokens> =>
  tokenizer === null || isTokenizerName(tokenizer) ? specialTokens(tokenizer) : folderSpecialTokens(tokenizer)

/** `config.json`, and `generation_config.json` where there is one. */
async function generationFiles(folder: string): Promise<[config: JsonText, generation: JsonText | null]> {
  const config = await readJsonIfThere(join(folder, 'config.json'))
  if (config === null) throw new InputError(`${join(folder, 'config.json')}: no such file`)
  return [config, await readJsonIfThere(join(folder, 'generation_config.json'))]
}

async function readJsonIfThere(source: string): Promise<JsonText | null> {
  const text = await readTextIfThere(source)
  return text === undefined ? null : { text, source }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
