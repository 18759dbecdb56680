/** The head of a compact ticket: all of a searched ticket's metadata, in the order that docs/ticket-format.md specifies. */
import type { BaseConfig, ConfigField } from '../families/config.js'
import { checkConfig, familyNamed, matricesOf } from '../families/family.js'
import { normKinds } from '../families/parameter.js'
import { keptCount } from '../mask/kept-count.js'
import type { Fields } from './compact-fields.js'
import { initsOf, sameInit } from './compact-inits.js'
import { optional, probe, summary, word } from './compact-search.js'
import { GENERATION_STRIDE, type SearchedMatrix, ticketTokenizers, usualScores } from './searched.js'
import type { SearchedContent } from './searched-write.js'
import { FIRST_FAMILY } from './version.js'

/** Most layers and weights of a compact ticket: what a text of some bytes may ask a reader for. */
export const COMPACT_LAYERS = 1024
export const COMPACT_WEIGHTS = 2 ** 24

/** The forms of a compact ticket: 1 is a GPT-2's, 2 any other family's. */
export const compactForms = [1, 2] as const
export type CompactForm = (typeof compactForms)[number]

export const formOf = ({ family }: BaseConfig): CompactForm => (family === undefined ? 1 : 2)

/** Choices of a field of words in the flags, by the form. A family may get words, up to so many. */
const wordChoices = { 1: 4, 2: 16 } as const

/** What the head says of a ticket; masks, generations and norms follow it. */
export interface CompactHead extends Omit<SearchedContent, 'seed' | 'matrices' | 'dense' | 'coding'> {
  readonly seed: bigint
  readonly coding: (typeof codings)[number]
  readonly matrices: readonly SearchedMatrix[]
}

const codings = ['bits', 'range'] as const
const tokenizers = [null, ...(Object.keys(ticketTokenizers) as (keyof typeof ticketTokenizers)[])] as const

/** Writes a head, or reads one and gives it back. @param head is not looked at by a reader */
export function compactHead(fields: Fields, head: CompactHead, form: CompactForm): CompactHead {
  const { isReader } = fields
  const family = form === 1 ? FIRST_FAMILY : word(fields, 'family', head.config.family ?? '')
  const { fields: configFields } = familyNamed(family)
  const flag = createFlags(fields, head, configFields, form)
  const seed = fields.long('seed', head.seed)
  const sizes = configFields.flatMap((field) => sizeOf(fields, field, head.config))
  const config = Object.fromEntries([
    ...(form === 1 ? [] : [['family', family]]),
    ...sizes,
    ...flag.config,
  ]) as unknown as BaseConfig
  checkConfig(config)
  const shapes = matricesOf(config)
  const weights = shapes.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  if (weights > COMPACT_WEIGHTS) {
    throw new RangeError(`a text holds tickets of at most ${COMPACT_WEIGHTS} weights, this one has ${weights}`)
  }
  const known = (i: number) => head.matrices[i]
  const each = <T>(read: (i: number) => T): T[] => shapes.map((_, i) => read(i))
  const streams = flag.streams
    ? each((i) => i)
    : each((i) => fields.integer('stream', isReader ? 0 : known(i).stream, GENERATION_STRIDE - 1))
  const scores = each((i): number | null => {
    if (flag.scores < 2) return flag.scores === 1 ? usualScores(i) : null
    return optional(fields, 'scores', isReader ? null : (known(i).scores ?? null))
  })
  const { layer, isRepeated } = layersOf(config)
  const inits = initsOf(
    fields,
    (i) => flag.repeats && isRepeated(i),
    layer,
    isReader ? [] : head.matrices.map(({ init }) => init),
    shapes.length,
  )
  const keep = flag.keep ? fields.number('keep', isReader ? 1 : commonKeep(head.matrices)!) : null
  const kept = shapes.map(({ shape }, i) => {
    const count = shape[0] * shape[1]
    return keep !== null ? keptCount(count, keep) : fields.integer('kept', isReader ? 0 : known(i).kept, count)
  })
  const generations = each((i) =>
    flag.generations ? fields.integer('generations', isReader ? 0 : known(i).generations, 255) : 0,
  )
  return {
    seed,
    config,
    norms: flag.norms,
    tokenizer: flag.tokenizer,
    coding: flag.coding,
    matrices: shapes.map(({ name, shape }, i) => {
      const [stream, init] = [streams[i], inits[i]]
      return { name, shape, stream, init, kept: kept[i], generations: generations[i], scores: scores[i] }
    }),
    search: flag.search ? summary(fields, head.search!) : null,
    probe: flag.probe ? probe(fields, head.probe!) : null,
  }
}

/** A size or number of the configuration; words and booleans are flags. */
function sizeOf(fields: Fields, { name, kind }: ConfigField, config: BaseConfig): [string, number][] {
  if (kind === 'word' || kind === 'boolean') return []
  const value = (config as unknown as Record<string, number>)[name]
  if (kind === 'number') return [[name, fields.number(name, value)]]
  const most = name === 'layers' ? COMPACT_LAYERS : name === 'width' ? 2 ** 16 : COMPACT_WEIGHTS
  return [[name, fields.integer(name, value, most)]]
}

/** Matrices of a layer, and which ones stand where the layer before has one. The tables of an embedding come before the layers. */
function layersOf(config: BaseConfig): { layer: number; isRepeated(matrix: number): boolean } {
  const one = matricesOf({ ...config, layers: 1 })
  const layer = matricesOf({ ...config, layers: 2 }).length - one.length
  const tables = one.findIndex(({ role }) => !role.endsWith('-embedding'))
  return { layer, isRepeated: (i) => i >= tables + layer && i < tables + layer * config.layers }
}

/** One integer of small choices, mixed radix: the first is the last digit. */
function createFlags(fields: Fields, head: CompactHead, configFields: readonly ConfigField[], form: CompactForm) {
  const { isReader } = fields
  const sizes: number[] = []
  const digits: number[] = []
  const declare = (size: number, digit: () => number) => {
    sizes.push(size)
    digits.push(isReader ? 0 : digit())
  }
  const { matrices } = head
  const usual = (value: (i: number) => boolean) => matrices.every((_, i) => value(i))
  const chosen = head.config as unknown as Record<string, never>
  declare(2, () => codings.indexOf(head.coding))
  declare(2, () => normKinds.indexOf(head.norms))
  declare(4, () => tokenizers.indexOf(head.tokenizer))
  for (const field of configFields) {
    if (field.kind === 'word') declare(wordChoices[form], () => field.words.indexOf(chosen[field.name]))
    if (field.kind === 'boolean') declare(2, () => (chosen[field.name] ? 1 : 0))
  }
  declare(2, () => (head.search ? 1 : 0))
  declare(2, () => (head.probe ? 1 : 0))
  declare(2, () => (usual((i) => matrices[i].stream === i) ? 1 : 0))
  declare(4, () => {
    if (usual((i) => (matrices[i].scores ?? null) === null)) return 0
    return usual((i) => matrices[i].scores === usualScores(i)) ? 1 : 2
  })
  declare(2, () => {
    const { layer, isRepeated } = layersOf(head.config)
    return usual((i) => !isRepeated(i) || sameInit(matrices[i].init, matrices[i - layer].init)) ? 1 : 0
  })
  declare(2, () => (commonKeep(matrices) === null ? 0 : 1))
  declare(2, () => (usual((i) => matrices[i].generations === 0) ? 0 : 1))
  const all = sizes.reduce((product, size) => product * size, 1)
  let rest = fields.integer(
    'flags',
    digits.reduceRight((sum, digit, i) => sum * sizes[i] + digit, 0),
    all - 1,
  )
  const next = (size: number) => {
    const digit = rest % size
    rest = Math.floor(rest / size)
    return digit
  }
  const one = <T>(name: string, of: readonly T[], size: number): T => {
    const digit = next(size)
    if (digit >= of.length) throw new RangeError(`"${name}" has an unknown number ${digit}`)
    return of[digit]
  }
  return {
    coding: one('coding', codings, 2),
    norms: one('norms', normKinds, 2),
    tokenizer: one('tokenizer', tokenizers, 4),
    config: configFields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'word') return [[field.name, one<string>(field.name, field.words, wordChoices[form])]]
      return field.kind === 'boolean' ? [[field.name, next(2) === 1]] : []
    }),
    search: next(2) === 1,
    probe: next(2) === 1,
    streams: next(2) === 1,
    scores: one('scores', [0, 1, 2], 4),
    repeats: next(2) === 1,
    keep: next(2) === 1,
    generations: next(2) === 1,
  }
}

/** The fraction with the fewest decimals (at most three) that gives every matrix' kept weights; null when there is none. */
function commonKeep(matrices: readonly SearchedMatrix[]): number | null {
  for (const denominator of [10, 100, 1000]) {
    for (let i = 1; i <= denominator; i++) {
      const keep = i / denominator
      if (matrices.every(({ shape, kept }) => keptCount(shape[0] * shape[1], keep) === kept)) return keep
    }
  }
  return null
}
