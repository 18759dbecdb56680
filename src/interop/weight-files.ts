import {
  type ByteSource,
  InputError,
  isMissingFile,
  openSafetensors,
  parseJson,
  quoted,
  quotedList,
  type SafetensorsFile,
  type TensorInfo,
} from '../safetensors/index.js'
import type { JsonText } from './special-tokens.js'

/**
 * Opens a file of a model folder by its name in the folder; rejects with InputError when it is missing, with an ENOENT
 * error as its `cause`, so that another name can be tried. In Node: `(name) => openFile(join(folder, name))`.
 */
export type OpenFile = (name: string) => Promise<ByteSource & { close?(): Promise<void> }>

/** The tensors of a model folder, in one safetensors file or in several. */
export interface WeightFiles {
  /** What messages call them: the file, or the index of the shards. */
  readonly name: string
  /** Bytes of the weight files together. */
  readonly bytes: number
  readonly tensors: ReadonlyMap<string, TensorInfo & { /** The file it lies in. */ readonly source: string }>
  /** A line for tensors in shards that the index does not name; they are read all the same, as transformers does. */
  readonly warnings: readonly string[]
  /** The bytes of one tensor, little-endian; InputError when there is none of that name. */
  readTensor(name: string): Promise<Uint8Array>
  close(): Promise<void>
}

const SINGLE = 'model.safetensors'
const INDEX = 'model.safetensors.index.json'

/** Files of PyTorch's pickle format, which runs code when it is loaded: never read. */
const pickles = ['pytorch_model.bin', 'pytorch_model.bin.index.json']

/** An index has a line a tensor; no published model has one near this size. */
const INDEX_LIMIT = 64 * 2 ** 20

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * @throws InputError in one line that names the file and what was wrong: no weights, a shard that is missing or lies outside
 *   the folder, a tensor that is not where the index says or in two shards
 */
export async function openWeightFiles(open: OpenFile): Promise<WeightFiles> {
  const single = await openIfThere(open, SINGLE)
  if (single.source) return joinFiles(single.source.name, [single.source])
  const index = await openIfThere(open, INDEX)
  if (!index.source) return refuseMissing(open, single.error)
  const { source } = index
  const places = await readIndex(source).finally(() => source.close?.())
  const shards: Source[] = []
  try {
    for (const shard of new Set(places.values())) shards.push(await open(shard))
  } catch (error) {
    for (const shard of shards) await shard.close?.()
    throw error
  }
  return joinFiles(source.name, shards, places)
}

type Source = Awaited<ReturnType<OpenFile>>

/** Opens a file of a folder, or says why it is not there. */
export async function openIfThere(open: OpenFile, name: string): Promise<{ source?: Source; error?: unknown }> {
  try {
    return { source: await open(name) }
  } catch (error) {
    if (!isMissingFile(error)) throw error
    return { error }
  }
}

/** The text of a small file, which is closed then. */
export async function textOf(source: Source): Promise<JsonText> {
  const bytes = await source.read(0, source.size).finally(() => source.close?.())
  return { text: new TextDecoder().decode(bytes), source: source.name }
}

/** The text of a small file of a folder; null where there is none. */
export async function readTextIfThere(open: OpenFile, name: string): Promise<JsonText | null> {
  const { source } = await openIfThere(open, name)
  return source ? textOf(source) : null
}

/** @param error what opening `model.safetensors` failed with */
async function refuseMissing(open: OpenFile, error: unknown): Promise<never> {
  for (const name of pickles) {
    const { source } = await openIfThere(open, name)
    if (!source) continue
    await source.close?.()
    throw new InputError(`${source.name}: PyTorch's pickle format is not read; save the model as safetensors`)
  }
  throw error
}

/** The file name of each tensor. */
async function readIndex(source: Source): Promise<Map<string, string>> {
  const refuse = (reason: string): never => {
    throw new InputError(`${source.name}: ${reason}`)
  }
  if (source.size > INDEX_LIMIT) refuse(`${source.size} bytes are too many for an index of shards`)
  const bytes = await source.read(0, source.size)
  let json: unknown
  try {
    json = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), { uniqueKeys: true })
  } catch (error) {
    refuse(error instanceof SyntaxError ? error.message : 'not JSON in UTF-8')
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return refuse('weight_map is not an object')
  const places = new Map<string, string>()
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[^/\\:]+\.safetensors$/.test(file) || file.startsWith('.')) {
      return refuse(`${quoted(tensor)} expected the name of a .safetensors file in the folder, got ${quoted(file)}`)
    }
    places.set(tensor, file)
  }
  if (places.size === 0) refuse('weight_map names no tensor')
  return places
}

/** @param places where an index says that each tensor is; every one must be there */
async function joinFiles(name: string, sources: readonly Source[], places?: Map<string, string>): Promise<WeightFiles> {
  const close = async () => {
    for (const source of sources) await source.close?.()
  }
  try {
    const files = new Map<string, SafetensorsFile>()
    const tensors = new Map<string, TensorInfo & { source: string }>()
    for (const source of sources) {
      const file = await openSafetensors(source)
      for (const [tensor, info] of file.tensors) {
        const other = files.get(tensor)
        if (other) throw new InputError(`${source.name}: tensor ${quoted(tensor)} is in ${other.source.name} too`)
        files.set(tensor, file)
        tensors.set(tensor, { ...info, source: source.name })
      }
    }
    for (const [tensor, shard] of places ?? []) {
      const found = tensors.get(tensor)
      if (!found) throw new InputError(`${name}: tensor ${quoted(tensor)} is missing from ${shard}`)
      if (!endsWithName(found.source, shard)) {
        throw new InputError(`${name}: tensor ${quoted(tensor)} is not in ${shard} but in ${found.source}`)
      }
    }
    const unlisted = places === undefined ? [] : [...tensors.keys()].filter((tensor) => !places.has(tensor))
    return {
      name,
      warnings: unlisted.length > 0 ? [`${name}: does not name what its shards hold: ${quotedList(unlisted)}`] : [],
      bytes: sources.reduce((sum, { size }) => sum + size, 0),
      tensors,
      async readTensor(tensor) {
        const file = files.get(tensor)
        if (!file) throw new InputError(`${name}: there is no tensor ${quoted(tensor)}`)
        return file.readTensor(tensor)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whether a path, of whatever platform, ends with a file's name. */
const endsWithName = (path: string, name: string): boolean =>
  path === name || (/[/\\]/.test(path.at(-name.length - 1) ?? '') && path.endsWith(name))
