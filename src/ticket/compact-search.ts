/** What a compact ticket says of the search and of a short run. */
import type { Fields } from './compact-fields.js'
import { PROBE_LIMIT, type Probe } from './head.js'
import type { SearchSummary } from './searched.js'

/** Words that are written as numbers; their order is frozen. */
const words = {
  family: ['llama', 'bert'],
  algorithm: ['edge-popup', 'iterand'],
  selection: ['per-layer', 'global'],
  initialisation: ['gpt2', 'fan-in', 'kaiming', 'xavier', 'uniform', 'signed-constant'],
  tokenizer: ['bytes', 'gpt2', 'letters'],
} as const

/** An integer that may be left out: 0, or one more than it is. */
export function optional(fields: Fields, name: string, value: number | null): number | null {
  const written = fields.long(name, value === null ? 0n : BigInt(value) + 1n)
  return written === 0n ? null : Number(written - 1n)
}

/** A word: its number among those known from 1 on, or 0 and the word. */
export function word(fields: Fields, name: keyof typeof words, value: string): string {
  const known: readonly string[] = words[name]
  const number = fields.integer(name, known.indexOf(value) + 1, known.length)
  return number === 0 ? fields.text(name, value) : known[number - 1]
}

export function summary(fields: Fields, search: SearchSummary): SearchSummary {
  const { isReader } = fields
  const own = isReader ? undefined : search
  const corpus = own?.corpus
  const part = {
    algorithm: word(fields, 'algorithm', own?.algorithm ?? ''),
    keep: fields.number('search.keep', own?.keep ?? 0),
    selection: word(fields, 'selection', own?.selection ?? ''),
    qkScale: fields.number('search.qkScale', own?.qkScale ?? 0),
    initialisation: word(fields, 'initialisation', own?.initialisation ?? ''),
    steps: fields.integer('search.steps', own?.steps ?? 0),
    batch: fields.integer('search.batch', own?.batch ?? 0),
    length: fields.integer('search.length', own?.length ?? 0),
  }
  const product = part.steps * part.batch * part.length
  const tokens = optional(fields, 'search.tokens', own === undefined || own.tokens === product ? null : own.tokens)
  return {
    ...part,
    tokens: tokens ?? product,
    validLoss: fields.numberOrNull('search.validLoss', own?.validLoss ?? null),
    corpus: {
      name: fields.text('search.corpus.name', corpus?.name ?? ''),
      sha256: hexOf(fields.bytes('search.corpus.sha256', bytesOf(corpus?.sha256 ?? ''), 32)),
      tokenizer: word(fields, 'tokenizer', corpus?.tokenizer ?? ''),
    },
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

export function probe(fields: Fields, known: Probe): Probe {
  const own = fields.isReader ? undefined : known
  const list = <T>(name: string, values: readonly T[] | undefined, one: (value: T | undefined) => T): T[] => {
    const count = fields.integer(name, values?.length ?? 0, PROBE_LIMIT)
    return Array.from({ length: count }, (_, i) => one(values?.[i]))
  }
  return {
    tokens: list('probe.tokens', own?.tokens, (token) => fields.integer('probe.tokens', token ?? 0)),
    logits: list('probe.logits', own?.logits, (logit) => fields.number('probe.logits', logit ?? 0)),
    tolerance: fields.number('probe.tolerance', own?.tolerance ?? 0),
  }
}
