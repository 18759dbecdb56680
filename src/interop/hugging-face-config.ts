import { type BaseConfig, type ConfigReader, checkConfig, type Family, families } from '../families/index.js'
import { InputError, parseJson, quoted, quotedList } from '../safetensors/index.js'
import { hasNoEffect, refused } from './config-keys.js'

/** What a `config.json` says. */
export interface ModelConfigFile {
  readonly config: BaseConfig
  /** A line for what is in it and was not read though it may change the result. */
  readonly warnings: readonly string[]
}

/**
 * Reads a model's `config.json`; `model_type` says the family (without one it is a GPT-2). Sizes must be there, under their own names or those
 * that transformers takes for them. Keys that change what a model computes and are not supported are refused, unless they hold their
 * default; keys that transformers does not know either are named in a warning.
 * @param text the file's content
 * @param source what to call it in messages
 * @throws InputError in one line that names the file, the key and what was wrong
 */
export function readModelConfig(text: string, source: string): ModelConfigFile {
  const refuse = (reason: string): never => {
    throw new InputError(`${source}: ${reason}`)
  }
  const json = parseObject(text, refuse)
  const read = new Set<string>()
  const reader = createReader(json, read, refuse)
  const { family, type } = familyOfFile(reader)
  const { fixed, withoutEffect } = family.huggingFace
  for (const [key, supported] of Object.entries(fixed)) {
    read.add(key)
    const found = json[key] // null is a value here: transformers takes it for false
    if (found !== undefined && found !== supported) refuse(`${key} ${quoted(found)} is not supported`)
  }
  for (const key of refused) {
    const found = reader.value(key)
    if (found !== undefined && !isEmpty(found)) refuse(`${key} ${quoted(found)} is not supported`)
  }
  const config = family.huggingFace.read(reader, type)
  try {
    checkConfig(config)
  } catch (error) {
    refuse((error as Error).message)
  }
  const isIdle = (key: string) => hasNoEffect(key) || withoutEffect.includes(key)
  const unknown = Object.keys(json).filter((key) => !read.has(key) && !isIdle(key) && json[key] !== null)
  const line = `${source}: not read, though it may change what the model computes: ${quotedList(unknown)}`
  return { config, warnings: unknown.length > 0 ? [line] : [] }
}

function createReader(
  json: Record<string, unknown>,
  read: Set<string>,
  refuse: (reason: string) => never,
): ConfigReader {
  const value = (key: string): unknown => {
    read.add(key)
    return json[key] ?? undefined
  }
  /** The value of a key that may be absent and may not be null. */
  const given = (key: string): unknown => {
    if (json[key] === null) refuse(`${key} null is not supported; without it the key has its default`)
    return value(key)
  }
  return {
    value,
    peek: (key) => json[key],
    size(key, { alias, fallback, whereNull } = {}) {
      const own = value(key) ?? (json[key] === null ? (whereNull ?? null) : undefined)
      const other = alias === undefined ? undefined : value(alias)
      if (own !== undefined && other !== undefined && own !== other) {
        refuse(`${key} ${quoted(own)} and ${alias} ${quoted(other)} mean the same, and differ`)
      }
      const found = own === undefined ? (other ?? fallback) : own
      if (!Number.isSafeInteger(found) || (found as number) < 1) {
        refuse(`${key} expected an integer >= 1, got ${found === undefined ? 'nothing' : quoted(found)}`)
      }
      return found as number
    },
    positive(key, fallback) {
      const found = given(key) ?? fallback
      if (typeof found !== 'number' || !(found > 0 && found < Number.POSITIVE_INFINITY)) {
        refuse(`${key} expected a number > 0, got ${quoted(found)}`)
      }
      return found as number
    },
    flag(key, fallback) {
      const found = given(key) ?? fallback
      if (typeof found !== 'boolean') refuse(`${key} expected true or false, got ${quoted(found)}`)
      return found as boolean
    },
    word(key, table, fallback) {
      const found = given(key) ?? fallback
      if (typeof found !== 'string' || !Object.hasOwn(table, found)) {
        return refuse(`${key} expected ${Object.keys(table).join(', ')}, got ${quoted(found)}`)
      }
      return table[found]
    },
    refuse,
  }
}

/** The family that `model_type` and `architectures` name. */
function familyOfFile(reader: ConfigReader): { family: Family; type: string } {
  const type = reader.value('model_type') ?? 'gpt2'
  const named = reader.value('architectures')
  if (named !== undefined && !Array.isArray(named)) {
    reader.refuse(`architectures expected a list of names, got ${quoted(named)}`)
  }
  const list = (named ?? []) as unknown[]
  const family = families().find(({ huggingFace }) => (huggingFace.modelTypes as readonly unknown[]).includes(type))
  if (family) {
    const { architectures } = family.huggingFace
    if (list.length === 0 || list.some((name) => architectures.includes(name as string))) {
      return { family, type: type as string }
    }
  }
  const found = `model_type ${quoted(type)}${list.length > 0 ? `, architectures ${quoted(list)}` : ''}`
  const types = families().flatMap(({ huggingFace }) => huggingFace.modelTypes)
  return reader.refuse(
    family
      ? `${found} is not supported; what is: model_type ${quoted(type)}, ${family.huggingFace.architectures.join(' or ')}`
      : `${found} is not supported; what is: model_type ${types.map(quoted).join(', ')}`,
  )
}

const isEmpty = (value: unknown): boolean =>
  value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

export function parseObject(text: string, refuse: (reason: string) => never): Record<string, unknown> {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (error) {
    refuse((error as Error).message)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse('not a JSON object')
  return json as Record<string, unknown>
}
