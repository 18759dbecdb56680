/** A tokenizer as the metadata of a GGUF file, as llama.cpp reads it. */
import { LETTERS } from '../data/letter-tokenizer.js'
import { arrayOf, bool, type Metadata, type MetadataValue, text, uint32 } from '../gguf/index.js'
import { InputError, quoted } from '../safetensors/index.js'
import { byteCharacters } from './byte-level.js'
import { mergeGroups } from './merge-groups.js'
import type { JsonText, SpecialTokens } from './special-tokens.js'
import { type NamedToken, prependScheme } from './token-bytes.js'
import { partsOf, readTokenizerRules, type TokenizerRules } from './tokenizer-rules.js'
import type { Part } from './tokenizer-vocabulary.js'

/** `enum llama_token_type`. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** Regular expressions that cut words, by llama.cpp's name of the pre-tokenizer. */
export const preTokenizers = {
  'llama-bpe':
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  qwen2:
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
} as const

/** The token that ends a text to llama.cpp's model `gpt2` where none is named and there are as many. */
const DEFAULT_END = 11

/** What is known of a tokenizer beside its `tokenizer.json`. */
export interface GgufTokenizerOptions {
  /** V of the model; numbers that the tokenizer does not use are named `[PAD<number>]`. */
  readonly vocabulary: number
  readonly special: SpecialTokens
  /** `tokenizer_config.json`. */
  readonly config?: JsonText | null
  /** Tokens that the folder puts before and behind a text. */
  readonly before?: readonly number[]
  readonly after?: readonly number[]
}

/** Entries of the metadata, and what the user should know of them, a line each. */
export interface GgufTokenizer {
  readonly metadata: Metadata
  readonly notes: readonly string[]
}

/**
 * A token a letter, as `slt run` writes the tokens of a model that names no tokenizer: llama.cpp's programs do not run without one.
 * @param vocabulary V, at most 26
 * @param source what to call the model in messages
 */
export function letterGgufTokenizer(vocabulary: number, source: string): GgufTokenizer {
  // Of 11 tokens and fewer none is taken for the end.
  const end = vocabulary > DEFAULT_END ? DEFAULT_END : null
  const letters = Array.from(LETTERS.slice(0, vocabulary))
  const metadata = new Map<string, MetadataValue>([
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('qwen2')],
    ['tokenizer.ggml.merges', arrayOf('string', [])],
    ['tokenizer.ggml.tokens', arrayOf('string', letters)],
    [
      'tokenizer.ggml.token_type',
      arrayOf(
        'int32',
        letters.map(() => tokenTypes.normal),
      ),
    ],
    ['tokenizer.ggml.add_bos_token', bool(false)],
  ])
  const note = `${source}: names no token that ends a text, and llama.cpp takes token ${end} (${LETTERS[end ?? 0]}) for it`
  return { metadata, notes: end === null ? [] : [note] }
}

/**
 * A `tokenizer.json` for llama.cpp. Byte-level BPE becomes its model `gpt2`, where the words are cut as GPT-2, Llama 3 or Qwen2 cut them; BPE of
 * characters with a token a byte becomes its model `llama`, where the merges are those that SentencePiece makes of scores.
 * @throws InputError in one line for any other
 */
export function ggufTokenizer(file: JsonText, options: GgufTokenizerOptions): GgufTokenizer {
  const { vocabulary, config = null } = options
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source}: no tokenizer of llama.cpp: ${reason}`)
  }
  const settings = config === null ? {} : (JSON.parse(config.text) as Record<string, unknown>)
  const rules = readTokenizerRules(file, vocabulary, settings)
  if (rules.model.type !== 'BPE') refuse(`its model is ${rules.model.type}; what is written is BPE`)
  const own = rules.model.byte_fallback === true ? sentencePiece(rules, refuse) : byteLevel(rules, file.source, refuse)
  const names = rules.names.map((name, i) => name ?? { text: `[PAD${i}]`, isSpecial: false, isAdded: false })
  const ends = endEntries(rules, options, file.source)
  const metadata = new Map<string, MetadataValue>([
    ...own.entries,
    [
      'tokenizer.ggml.tokens',
      arrayOf(
        'string',
        names.map(({ text }) => text),
      ),
    ],
    [
      'tokenizer.ggml.token_type',
      arrayOf(
        'int32',
        rules.names.map((name, i) => typeOf(name, i === rules.unknown)),
      ),
    ],
    ...ends.entries,
    ...aroundEntries(options, ends.begin, refuse),
  ])
  return { metadata, notes: [...own.notes, ...ends.notes] }
}

type Refuse = (reason: string) => never
type Entry = readonly [string, MetadataValue]

function typeOf(name: NamedToken | undefined, isUnknown: boolean): number {
  if (name === undefined) return tokenTypes.unused
  if (isUnknown) return tokenTypes.unknown
  if (name.isSpecial) return tokenTypes.control
  if (name.isAdded) return tokenTypes.userDefined
  return byteToken.test(name.text) ? tokenTypes.byte : tokenTypes.normal
}

/** A token that stands for one byte. */
const byteToken = /^<0x[0-9A-F]{2}>$/

function byteLevel({ model, normalizer, pre_tokenizer }: TokenizerRules, source: string, refuse: Refuse) {
  const merges = model.merges as readonly (readonly [string, string])[]
  const pre = merges.length === 0 ? 'qwen2' : preTokenizerOf(model, partsOf(pre_tokenizer), refuse)
  if (!Object.keys(model.vocab as object).some((token) => token === byteCharacters[0])) refuse('it is not byte-level')
  const normalizers = partsOf(normalizer).map(({ type }) => type)
  const other = normalizers.find((type) => type !== 'NFC')
  if (other !== undefined) refuse(`its normalizer is ${other}`)
  const isComposed = normalizers.length > 0
  return {
    entries: [
      ['tokenizer.ggml.model', text('gpt2')],
      ['tokenizer.ggml.pre', text(pre)],
      [
        'tokenizer.ggml.merges',
        arrayOf(
          'string',
          merges.map((pair) => pair.join(' ')),
        ),
      ],
    ] satisfies Entry[],
    notes: isComposed
      ? [`${source}: llama.cpp does not compose characters (NFC) before it cuts a text into tokens`]
      : [],
  }
}

/** llama.cpp's name of what cuts a text into words. Without merges it does not matter where words end. */
function preTokenizerOf(model: Part, parts: readonly Part[], refuse: Refuse): string {
  const [first, second, ...more] = parts
  const isBytes = (part: Part | undefined) => part?.type === 'ByteLevel' && part.add_prefix_space !== true
  const follows = model.ignore_merges !== true
  if (second === undefined && isBytes(first) && first.use_regex !== false && follows) return 'gpt-2'
  if (first?.type === 'Split' && isBytes(second) && second.use_regex === false && more.length === 0) {
    const { Regex: pattern } = first.pattern as { Regex?: string }
    const found = Object.entries(preTokenizers).find(([, known]) => known === pattern)?.[0]
    if (found !== undefined && follows === (found !== 'llama-bpe')) return found
  }
  return refuse('words are cut neither as GPT-2, Llama 3 nor Qwen2 cut them')
}

function sentencePiece(rules: TokenizerRules, refuse: Refuse) {
  const { model, names } = rules
  const known = new Set(names.map((name) => name?.text))
  for (let byte = 0; byte < 256; byte++) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    if (!known.has(token)) refuse(`it has no token ${token}, which stands for a byte`)
  }
  const groups = mergeGroups(model.vocab as Record<string, number>, model.merges as [string, string][], refuse)
  const scores = names.map((name) => -(groups.get(name?.text ?? '') ?? 0))
  return {
    entries: [
      ['tokenizer.ggml.model', text('llama')],
      ['tokenizer.ggml.pre', text('default')],
      ['tokenizer.ggml.scores', arrayOf('float32', scores)],
      ['tokenizer.ggml.add_space_prefix', bool(prependsSpace(rules, refuse))],
    ] satisfies Entry[],
    notes: [],
  }
}

/** Whether a space is put before a text. Spaces become U+2581 by the normalizer or the pre-tokenizer. */
function prependsSpace({ normalizer, pre_tokenizer }: TokenizerRules, refuse: Refuse): boolean {
  const [normal, pre] = [partsOf(normalizer), partsOf(pre_tokenizer)]
  const isReplace = (part: Part | undefined) =>
    part?.type === 'Replace' && (part.pattern as { String?: string }).String === ' ' && part.content === '\u2581'
  const isPrepend = (part: Part | undefined) => part?.type === 'Prepend' && part.prepend === '\u2581'
  if (pre.length === 0 && normal.length === 2 && isPrepend(normal[0]) && isReplace(normal[1])) return true
  if (pre.length === 0 && normal.length === 1 && isReplace(normal[0])) return false
  if (normal.length === 0 && pre.length === 1 && pre[0].type === 'Metaspace') return prependScheme(pre[0]) !== 'never'
  return refuse(
    `its normalizer ${quoted(normalizer)} and pre-tokenizer ${quoted(pre_tokenizer)} are not SentencePiece's`,
  )
}

/**
 * The tokens that begin and end a text. llama.cpp takes a token that is ordinary for the end where none is named (number 11, or 2), so one is named
 * always: of bytes 0, which no text holds; else one that the tokenizer does not use, or the first.
 */
function endEntries(rules: TokenizerRules, { special }: GgufTokenizerOptions, source: string) {
  const { bos, eos, stops, pad } = special
  const listed = [stops ?? eos ?? []].flat()
  const isBytes = (rules.model.merges as unknown[]).length === 0
  const unused = rules.names.findLastIndex((name) => name === undefined || name.isSpecial)
  const ends = listed.length > 0 ? listed : [isBytes ? 0 : Math.max(0, unused)]
  const begin = bos ?? ends[0]
  const names = ['eos', 'eot', 'eom'] as const
  const entries: Entry[] = [
    ['tokenizer.ggml.bos_token_id', uint32(begin)],
    ...ends.slice(0, 3).map((end, i): Entry => [`tokenizer.ggml.${names[i]}_token_id`, uint32(end)]),
    ...(rules.unknown === null ? [] : [['tokenizer.ggml.unknown_token_id', uint32(rules.unknown)] as const]),
    ...(pad == null ? [] : [['tokenizer.ggml.padding_token_id', uint32(pad)] as const]),
  ]
  const more = ends.slice(3)
  const none = `${source}: names no token that ends a text, and llama.cpp wants one: it takes token ${ends[0]} for it`
  const left = `${source}: of ${ends.length} tokens that end a text llama.cpp is told the first three`
  return { entries, begin, notes: listed.length === 0 && !isBytes ? [none] : more.length > 0 ? [left] : [] }
}

/** What llama.cpp puts around a text: the token that begins one, and the one that ends it. */
function aroundEntries({ before = [], after = [], special }: GgufTokenizerOptions, begin: number, refuse: Refuse) {
  const [end] = [special.stops ?? special.eos ?? []].flat()
  const isFit = (around: readonly number[], token: number | undefined) =>
    around.length === 0 || (around.length === 1 && around[0] === token)
  if (!isFit(before, begin) || !isFit(after, end)) {
    refuse(`it puts the tokens ${[...before, '...', ...after].join(', ')} around a text`)
  }
  return [
    ['tokenizer.ggml.add_bos_token', bool(before.length > 0)],
    ['tokenizer.ggml.add_eos_token', bool(after.length > 0)],
  ] satisfies Entry[]
}
