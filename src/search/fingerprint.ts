import { hashOf } from '../ticket/hash.js'
import type { CreateSha256 } from '../ticket/index.js'

/** JSON with the keys of every object sorted: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

/** SHA-256 of everything that determines a result, as 64 hexadecimal digits. */
export function fingerprintOf(createSha256: CreateSha256, value: object): string {
  return hashOf(createSha256, new TextEncoder().encode(canonicalJson(value)))
}

/**
 * What differs between two settings, in words: `keep is 0.3 there, 0.5 here`; undefined when nothing does.
 * @param there of the checkpoint or the run folder
 * @param here as asked for now
 * @param nameOf what the words call a setting, by its path; default: the path
 */
export function differences(there: object, here: object, nameOf = (path: string) => path): string | undefined {
  const [a, b] = [flat(there), flat(here)]
  const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name))
  const shown = (text = 'absent') => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
  const parts = names
    .slice(0, 4)
    .map((name) => `${nameOf(name)} is ${shown(a.get(name))} there, ${shown(b.get(name))} here`)
  if (names.length > 4) parts.push(`and ${names.length - 4} more`)
  return names.length ? parts.join('; ') : undefined
}

/** The leaves of nested objects by their path. */
function flat(value: object, prefix = '', into = new Map<string, string>()): Map<string, string> {
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) flat(each, `${prefix}${key}.`, into)
    else into.set(prefix + key, typeof each === 'string' ? each : JSON.stringify(each))
  }
  return into
}
