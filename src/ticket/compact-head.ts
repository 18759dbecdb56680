/** The head of a compact ticket: all of a searched ticket's metadata, in the order that docs/ticket-format.md specifies. */

import { gpt2Activations } from '../families/gpt2/config.js'
import { gpt2Matrices, normKinds } from '../families/gpt2/matrices.js'
import { keptCount } from '../mask/kept-count.js'
import { type Initialisation, initialisationScale } from '../random/index.js'
import type { Fields } from './compact-fields.js'
import { PROBE_LIMIT, type Probe } from './format.js'
import { GENERATION_STRIDE, type SearchedMatrix, type SearchSummary, ticketTokenizers } from './searched.js'
import type { SearchedContent } from './searched-write.js'

/** Most layers and weights of a compact ticket: what a text of some bytes may ask a reader for. */
export const COMPACT_LAYERS = 1024
export const COMPACT_WEIGHTS = 2 ** 24

/** The score stream of matrix i of a search (src/search/streams.ts): needs not be written. */
const usualScores = (matrix: number): number => 2 ** 45 + matrix

/** What the head says of a ticket; masks, generations and norms follow it. */
export interface CompactHead extends Omit<SearchedContent, 'seed' | 'matrices' | 'dense' | 'coding'> {
  readonly seed: bigint
  readonly coding: (typeof codings)[number]
  readonly matrices: readonly SearchedMatrix[]
}

const codings = ['bits', 'range'] as const
const tokenizers = [null, ...(Object.keys(ticketTokenizers) as (keyof typeof ticketTokenizers)[])] as const
const initialisations = ['uniform', 'normal', 'signed-constant'] as const
const words = {
  algorithm: ['edge-popup', 'iterand'],
  selection: ['per-layer', 'global'],
  initialisation: ['gpt2', 'fan-in', 'kaiming', 'xavier', 'uniform', 'signed-constant'],
  tokenizer: ['bytes', 'gpt2', 'letters'],
} as const

/** Writes a head, or reads one and gives it back. @param head is not looked at by a reader */
export function compactHead(fields: Fields, head: CompactHead): CompactHead {
  const { isReader } = fields
  const flag = createFlags(fields, head)
  const seed = fields.long('seed', head.seed)
  const config = {
    layers: fields.integer('layers', head.config.layers, COMPACT_LAYERS),
    width: fields.integer('width', head.config.width, 2 ** 16),
    heads: fields.integer('heads', head.config.heads),
    inner: fields.integer('inner', head.config.inner, COMPACT_WEIGHTS),
    positions: fields.integer('positions', head.config.positions, COMPACT_WEIGHTS),
    vocabulary: fields.integer('vocabulary', head.config.vocabulary, COMPACT_WEIGHTS),
    activation: flag.activation,
    layerNormEpsilon: fields.number('layerNormEpsilon', head.config.layerNormEpsilon),
    tiedHead: flag.tiedHead,
  }
  const shapes = gpt2Matrices(config)
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
  const inits = initsOf(
    fields,
    flag.repeats,
    config.layers,
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
      const own = { name, shape, stream: streams[i], init: inits[i], kept: kept[i], generations: generations[i] }
      return flag.coding === 'bits' ? own : { ...own, scores: scores[i] }
    }),
    search: flag.search ? summary(fields, head.search!) : null,
    probe: flag.probe ? probe(fields, head.probe!) : null,
  }
}

/** One integer of small choices, mixed radix: the first is the last digit. */
function createFlags(fields: Fields, head: CompactHead) {
  const { isReader } = fields
  const sizes: number[] = []
  const digits: number[] = []
  const declare = (size: number, digit: () => number) => {
    sizes.push(size)
    digits.push(isReader ? 0 : digit())
  }
  const { matrices } = head
  const usual = (value: (i: number) => boolean) => matrices.every((_, i) => value(i))
  declare(2, () => codings.indexOf(head.coding))
  declare(2, () => normKinds.indexOf(head.norms))
  declare(4, () => tokenizers.indexOf(head.tokenizer))
  declare(4, () => gpt2Activations.indexOf(head.config.activation))
  declare(2, () => (head.config.tiedHead ? 1 : 0))
  declare(2, () => (head.search ? 1 : 0))
  declare(2, () => (head.probe ? 1 : 0))
  declare(2, () => (usual((i) => matrices[i].stream === i) ? 1 : 0))
  declare(4, () => {
    if (usual((i) => (matrices[i].scores ?? null) === null)) return 0
    return usual((i) => matrices[i].scores === usualScores(i)) ? 1 : 2
  })
  declare(2, () =>
    initsRepeat(
      matrices.map(({ init }) => init),
      head.config.layers,
    )
      ? 1
      : 0,
  )
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
    activation: one('activation', gpt2Activations, 4),
    tiedHead: next(2) === 1,
    search: next(2) === 1,
    probe: next(2) === 1,
    streams: next(2) === 1,
    scores: one('scores', [0, 1, 2], 4),
    repeats: next(2) === 1,
    keep: next(2) === 1,
    generations: next(2) === 1,
  }
}

/** Matrices of one layer. */
const LAYER = 6

/** Whether every layer has the first one's initialisations. */
function initsRepeat(inits: readonly Initialisation[], layers: number): boolean {
  return inits.every(
    (init, i) => i < 2 + LAYER || i >= 2 + LAYER * layers || sameInit(init, inits[2 + ((i - 2) % LAYER)]),
  )
}

const sameInit = (a: Initialisation, b: Initialisation): boolean =>
  a.kind === b.kind && initialisationScale(a) === initialisationScale(b)

/** The initialisations: a table of the different ones, then for each matrix (of the first layer, where layers repeat) its place there. */
function initsOf(
  fields: Fields,
  repeats: boolean,
  layers: number,
  known: readonly Initialisation[],
  count: number,
): Initialisation[] {
  const isRepeated = (i: number) => repeats && i >= 2 + LAYER && i < 2 + LAYER * layers
  const table: Initialisation[] = []
  for (const init of known) if (!table.some((other) => sameInit(init, other))) table.push(init)
  const size = fields.integer('initialisations', table.length, count)
  if (size === 0) throw new RangeError('"initialisations" expected at least one, got none')
  const inits = Array.from({ length: size }, (_, i): Initialisation => {
    const kind = fields.integer('init.kind', table[i] ? initialisations.indexOf(table[i].kind) : 0, 2)
    return initOf(kind, fields.number('init.scale', table[i] ? initialisationScale(table[i]) : 1))
  })
  const isOwn = (i: number) => !isRepeated(i)
  const owners = Array.from({ length: count }, (_, i) => i).filter(isOwn)
  const places = placesOf(
    fields,
    owners.map((i) => (known[i] ? table.findIndex((other) => sameInit(known[i], other)) : 0)),
    size,
  )
  const all: Initialisation[] = []
  for (let i = 0, j = 0; i < count; i++) all.push(isOwn(i) ? inits[places[j++]] : all[i - LAYER])
  return all
}

/** Places in a table, in as few bits as its size needs each, least significant first. */
function placesOf(fields: Fields, places: readonly number[], size: number): number[] {
  const width = Math.ceil(Math.log2(size))
  const packed = new Uint8Array(Math.ceil((places.length * width) / 8))
  const bitsOf = (j: number) => Array.from({ length: width }, (_, b) => j * width + b)
  for (const [j, place] of places.entries()) {
    for (const [b, at] of bitsOf(j).entries()) packed[at >> 3] |= ((place >> b) & 1) << (at & 7)
  }
  const read = fields.bytes('init', packed, packed.length)
  return places.map((_, j) => {
    const place = bitsOf(j).reduce((sum, at, b) => sum | (((read[at >> 3] >> (at & 7)) & 1) << b), 0)
    if (place >= size) throw new RangeError(`"init" expected a place below ${size}, got ${place}`)
    return place
  })
}

function initOf(kind: number, scale: number): Initialisation {
  if (kind === 0) return { kind: 'uniform', range: scale }
  return kind === 1 ? { kind: 'normal', std: scale } : { kind: 'signed-constant', magnitude: scale }
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

/** An integer that may be left out: 0, or one more than it is. */
function optional(fields: Fields, name: string, value: number | null): number | null {
  const written = fields.long(name, value === null ? 0n : BigInt(value) + 1n)
  return written === 0n ? null : Number(written - 1n)
}

/** A word: its number among those known from 1 on, or 0 and the word. */
function word(fields: Fields, name: keyof typeof words, value: string): string {
  const known: readonly string[] = words[name]
  const number = fields.integer(name, known.indexOf(value) + 1, known.length)
  return number === 0 ? fields.text(name, value) : known[number - 1]
}

function summary(fields: Fields, search: SearchSummary): SearchSummary {
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

function probe(fields: Fields, known: Probe): Probe {
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
