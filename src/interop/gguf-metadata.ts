/** What a GGUF file's metadata says of its model. */
import { type BaseConfig, checkConfig, families, type GgufKeys } from '../families/index.js'
import type { GgufFile, Item } from '../gguf/index.js'
import { InputError, quoted, quotedList } from '../safetensors/index.js'

/** The configuration of a model, and its architecture in the file. */
export interface GgufConfig {
  readonly config: BaseConfig
  readonly architecture: string
}

/**
 * Reads the configuration of a model. A key of the architecture that is neither read nor known to change no result is refused: it may change what the
 * model computes.
 * @throws InputError in one line that names the file, the key and what was wrong
 */
export function readGgufConfig(file: GgufFile): GgufConfig {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source.name}: ${reason}`)
  }
  const entry = (key: string): Item | readonly Item[] | undefined => file.metadata.get(key)?.value
  const architecture = entry('general.architecture')
  const known = families().filter(({ gguf }) => gguf !== undefined)
  const family = known.find(({ gguf }) => gguf!.architectures.includes(architecture as string))
  if (family?.gguf === undefined || typeof architecture !== 'string') {
    const names = known.flatMap(({ gguf }) => gguf!.architectures).join(', ')
    return refuse(`the architecture ${quoted(architecture ?? null)} is not supported; what is: ${names}`)
  }
  const parts = entry('split.count')
  if (parts !== undefined && parts !== 0 && parts !== 1) {
    refuse(`is one of ${quoted(parts)} parts of a model; join them first (llama-gguf-split --merge)`)
  }
  const read = new Set(family.gguf.withoutEffect)
  const config = family.gguf.read(createKeys(file, architecture, read, refuse), architecture)
  try {
    checkConfig(config)
  } catch (error) {
    refuse((error as Error).message)
  }
  const prefix = `${architecture}.`
  const unknown = [...file.metadata.keys()].filter(
    (key) => key.startsWith(prefix) && !read.has(key.slice(prefix.length)),
  )
  if (unknown.length > 0) refuse(`keys that are not supported: ${quotedList(unknown)}`)
  return { config, architecture }
}

function createKeys(
  { metadata, tensors }: GgufFile,
  architecture: string,
  read: Set<string>,
  refuse: (reason: string) => never,
): GgufKeys {
  const value = (key: string): Item | readonly Item[] | undefined => {
    read.add(key)
    return metadata.get(`${architecture}.${key}`)?.value
  }
  const given = <T>(
    key: string,
    fallback: T | undefined,
    expected: string,
    isSound: (value: unknown) => boolean,
  ): T => {
    const found = value(key) ?? fallback
    if (found === undefined) return refuse(`${architecture}.${key} is missing`)
    if (!isSound(found)) refuse(`${architecture}.${key} expected ${expected}, got ${quoted(found)}`)
    return found as T
  }
  return {
    size: (key, fallback) =>
      given(key, fallback, 'an integer >= 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1),
    positive(key, fallback) {
      const isSound = (value: unknown) => typeof value === 'number' && value > 0 && Number.isFinite(value)
      return shortest(given(key, fallback, 'a number > 0', isSound))
    },
    expect(key, ...values) {
      const found = value(key)
      if (found !== undefined && !values.includes(found as string)) {
        refuse(`${architecture}.${key} ${quoted(found)} is not supported`)
      }
    },
    shapeOf: (tensor) => tensors.get(tensor)?.shape,
    refuse,
  }
}

/** The shortest decimal that rounds to the same float32: 1e-5 is stored as 0.000009999999747378752. */
function shortest(value: number): number {
  const stored = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const decimal = Number(stored.toPrecision(digits))
    if (Math.fround(decimal) === stored) return decimal
  }
  return value
}
