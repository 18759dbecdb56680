/** The head of a compact ticket: all of a searched ticket's metadata, in the order that docs/ticket-format.md specifies. */
import type { BaseConfig, ConfigField } from '../families/config.js'
import { checkConfig, familyNamed, matricesOf } from '../families/family.js'
import { normKinds } from '../families/parameter.js'
import { keptCount } from '../mask/kept-count.js'
import type { Fields } from './compact-fields.js'
import { initsOf, sameInit } from './compact-inits.js'
import { optional, probe, summary, word } from './compact-search.js'
import type { TicketLayout } from './head.js'
import { dressFields, dressFlags, ROWS } from './packed-index.js'
import { DEFAULT_MASK } from './packed-metadata.js'
import { GENERATION_STRIDE, type SearchedMatrix, ticketTokenizers, usualScores } from './searched.js'
import type { SearchedContent } from './searched-write.js'
import { FIRST_FAMILY } from './version.js'

/** Most layers and weights of a compact ticket: what a text of some bytes may ask a reader for. */
export const COMPACT_LAYERS = 1024
export const COMPACT_WEIGHTS = 2 ** 24

/** The forms of a compact ticket: 1 is a GPT-2's, 2 any other family's; 3 and 4 the same of packed tickets. */
export const compactForms = [1, 2, 3, 4] as const
export type CompactForm = (typeof compactForms)[number]

export const formOf = ({ family }: BaseConfig, layout: TicketLayout): CompactForm => {
  if (layout === 'packed') return family === undefined ? 3 : 4
  return family === undefined ? 1 : 2
}

const isFirstFamily = (form: CompactForm): boolean => form === 1 || form === 3
const isPacked = (form: CompactForm): boolean => form > 2

/** Choices of a field of words in the flags, by the form. A family may get words, up to so many. */
const wordChoices = (form: CompactForm): number => (isFirstFamily(form) ? 4 : 16)

/** What a packed ticket has that versions 1 to 3 lack: bits of a number. */
const GAINS = 1
const NAMED = 2
const DRESSED = 4
const SHARED = 8

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
  const family = isFirstFamily(form) ? FIRST_FAMILY : word(fields, 'family', head.config.family ?? '')
  const { fields: configFields } = familyNamed(family)
  const flag = createFlags(fields, head, configFields, form)
  const added = flag.added ? fields.integer('contents', addedOf(head), GAINS + NAMED + DRESSED + SHARED) : 0
  const seed = fields.long('seed', head.seed)
  const sizes = configFields.flatMap((field) => sizeOf(fields, field, head.config))
  const config = Object.fromEntries([
    ...(isFirstFamily(form) ? [] : [['family', family]]),
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
  const name = added & NAMED ? fields.text('mask', head.maskName ?? '') : DEFAULT_MASK
  const shared =
    added & SHARED ? { sharedRow: fields.integer('sharedRow', head.sharedRow ?? 0, shapes[0].shape[0] - 1) } : {}
  const dress = each((i) => (added & DRESSED ? dressOf(fields, isReader ? null : known(i), shapes[i], kept[i]) : {}))
  return {
    layout: isPacked(form) ? 'packed' : 'separate',
    maskName: name,
    seed,
    config,
    norms: added & GAINS ? 'gains' : flag.norms,
    tokenizer: flag.tokenizer,
    ...shared,
    coding: flag.coding,
    matrices: shapes.map(({ name, shape }, i) => {
      const [stream, init] = [streams[i], inits[i]]
      return { name, shape, stream, init, kept: kept[i], generations: generations[i], scores: scores[i], ...dress[i] }
    }),
    search: flag.search ? summary(fields, head.search!) : null,
    probe: flag.probe ? probe(fields, head.probe!) : null,
  }
}

/** What of a ticket versions 1 to 3 lack. */
function addedOf({ norms, maskName = DEFAULT_MASK, sharedRow, matrices }: CompactHead): number {
  const isDressed = ({ coats, inverted, scale, usedRows }: SearchedMatrix) =>
    (coats ?? inverted ?? scale ?? usedRows) !== undefined
  return (
    (norms === 'gains' ? GAINS : 0) +
    (maskName === DEFAULT_MASK ? 0 : NAMED) +
    (matrices.some(isDressed) ? DRESSED : 0) +
    (sharedRow === undefined ? 0 : SHARED)
  )
}

/** What a matrix wears: the flags of the index of a packed ticket, and what they name. @param matrix null of a reader */
function dressOf(
  fields: Fields,
  matrix: SearchedMatrix | null,
  { name, shape }: Pick<SearchedMatrix, 'name' | 'shape'>,
  kept: number,
): Partial<SearchedMatrix> {
  const own = matrix ?? { name, shape, stream: 0, init: { kind: 'uniform', range: 1 }, kept, generations: 0 }
  const flags = dressFlags(fields, { ...own, generations: 0 })
  const rows = flags & ROWS ? { usedRows: fields.integer(`${name}.usedRows`, own.usedRows ?? 0, shape[0]) } : {}
  return { ...rows, ...dressFields(fields, own, flags) }
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
  declare(2, () => (head.norms === 'plain' ? 0 : 1)) // `gains` are told apart below
  declare(4, () => tokenizers.indexOf(head.tokenizer))
  for (const field of configFields) {
    if (field.kind === 'word') declare(wordChoices(form), () => field.words.indexOf(chosen[field.name]))
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
  // Last, so that a ticket without anything new has the flags of the forms before.
  if (isPacked(form)) declare(2, () => (addedOf(head) === 0 ? 0 : 1))
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
    norms: one('norms', normKinds.slice(0, 2), 2),
    tokenizer: one('tokenizer', tokenizers, 4),
    config: configFields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'word') return [[field.name, one<string>(field.name, field.words, wordChoices(form))]]
      return field.kind === 'boolean' ? [[field.name, next(2) === 1]] : []
    }),
    search: next(2) === 1,
    probe: next(2) === 1,
    streams: next(2) === 1,
    scores: one('scores', [0, 1, 2], 4),
    repeats: next(2) === 1,
    keep: next(2) === 1,
    generations: next(2) === 1,
    added: isPacked(form) && next(2) === 1,
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
