/** The tokenizer in a GGUF file's metadata, as the `tokenizer.json` of a Hugging Face folder: so one reader serves both. */
import { LETTERS } from '../data/letter-tokenizer.js'
import type { GgufFile, Item } from '../gguf/index.js'
import { InputError, quoted } from '../safetensors/index.js'
import { byteCharacters } from './byte-level.js'
import { preTokenizers, tokenTypes } from './gguf-tokenizer.js'
import { splitsOf } from './merge-groups.js'
import type { JsonText, SpecialTokens } from './special-tokens.js'

/** What a folder would hold of it. */
export interface GgufTokenizerFiles {
  /** `tokenizer.json`. */
  readonly json: JsonText
  /** `tokenizer_config.json`. */
  readonly config: JsonText
}

/** The files, or none and why. */
export interface FoundTokenizer {
  readonly files: GgufTokenizerFiles | null
  readonly warnings: readonly string[]
}

/**
 * The tokenizer of a file: llama.cpp's models `gpt2` (byte-level BPE, words cut as GPT-2, Llama 3 or Qwen2 cut them) and `llama` (BPE by scores). Another
 * one is named in a warning; the model then runs on token numbers.
 * @param vocabulary V of the model
 * @throws InputError in one line where the metadata contradicts itself
 */
export function ggufTokenizerFiles(file: GgufFile, vocabulary: number): FoundTokenizer {
  const { name } = file.source
  const model = entryOf(file, 'model')
  if (model === undefined || model === 'none' || model === 'no_vocab') return { files: null, warnings: [] }
  const without = (what: string): FoundTokenizer => ({
    files: null,
    warnings: [`${name}: its tokenizer, ${what}, is not supported; --tokenizer may name another`],
  })
  if (model !== 'gpt2' && model !== 'llama') return without(`of the model ${quoted(model)}`)
  const pre = entryOf(file, 'pre')
  const isBytes = model === 'gpt2' && (entryOf(file, 'merges') as unknown[] | undefined)?.length === 0
  const isKnown = pre === 'gpt-2' || Object.hasOwn(preTokenizers, pre as string)
  if (model === 'gpt2' && !isBytes && !isKnown) return without(`with the pre-tokenizer ${quoted(pre ?? null)}`)
  const tokens = readTokens(file, vocabulary)
  // Letters are how `slt run` writes the tokens of a model that names no tokenizer.
  if (isBytes && tokens.every(({ text }, i) => text === LETTERS[i])) return { files: null, warnings: [] }
  const json = model === 'gpt2' ? byteLevelJson(file, tokens, pre as string) : sentencePieceJson(file, tokens)
  const addsBos = entryOf(file, 'add_bos_token') ?? (model === 'llama' || pre === 'llama-bpe')
  const addsEos = entryOf(file, 'add_eos_token') ?? false
  const bosToken = entryOf(file, 'bos_token_id') ?? (model === 'llama' ? 1 : undefined)
  const around = [
    ...(addsBos === true ? templateToken(tokens, bosToken) : []),
    { Sequence: { id: 'A', type_id: 0 } },
    ...(addsEos === true ? templateToken(tokens, entryOf(file, 'eos_token_id')) : []),
  ]
  const named = around.flatMap((part) => ('SpecialToken' in part ? [part.SpecialToken.id] : []))
  const template = {
    type: 'TemplateProcessing',
    single: around,
    pair: [],
    special_tokens: Object.fromEntries(named.map((id) => [id, { id, ids: [], tokens: [id] }])),
  }
  const added_tokens = tokens.flatMap(({ text, type }, id) => {
    const isAdded = type === tokenTypes.control || type === tokenTypes.userDefined || type === tokenTypes.unknown
    const special = type !== tokenTypes.userDefined
    return isAdded
      ? [{ id, content: text, single_word: false, lstrip: false, rstrip: false, normalized: false, special }]
      : []
  })
  const whole = { version: '1.0', added_tokens, ...json, post_processor: named.length > 0 ? template : null }
  const { bos, eos } = ggufSpecialTokens(file, vocabulary)
  const textOf = (token: SpecialTokens['eos']) => added_tokens.find(({ id }) => id === token)?.content ?? null
  return {
    files: {
      json: { text: JSON.stringify(whole), source: name },
      config: {
        text: JSON.stringify({
          tokenizer_class: 'PreTrainedTokenizerFast',
          bos_token: textOf(bos),
          eos_token: textOf(eos),
        }),
        source: name,
      },
    },
    warnings: [],
  }
}

/** The tokens that begin and end a text, by their numbers. */
export function ggufSpecialTokens(file: GgufFile, vocabulary: number): SpecialTokens {
  const token = (key: string): number | null => {
    const found = entryOf(file, `${key}_token_id`)
    return typeof found === 'number' && found < vocabulary ? found : null
  }
  const stops = ['eos', 'eot', 'eom'].flatMap((key) => token(key) ?? [])
  const [eos = null] = stops
  const isAlone = stops.length < 2
  return { bos: token('bos'), eos, stops: isAlone ? eos : stops, pad: token('padding') }
}

interface Token {
  readonly text: string
  readonly type: number
}

const entryOf = ({ metadata }: GgufFile, key: string): Item | readonly Item[] | undefined =>
  metadata.get(`tokenizer.ggml.${key}`)?.value

/** An array of the metadata with an item for each token. */
function listOf<T extends Item>(file: GgufFile, key: string, kind: 'string' | 'number', count?: number): readonly T[] {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source.name}: tokenizer.ggml.${key} ${reason}`)
  }
  const found = entryOf(file, key)
  if (!Array.isArray(found)) return refuse('is missing, or no array')
  const wrong = found.findIndex((item) => typeof item !== kind)
  if (wrong >= 0) refuse(`expected a ${kind} as its item ${wrong}, got ${quoted(found[wrong])}`)
  if (count !== undefined && found.length !== count) refuse(`expected ${count} items, got ${found.length}`)
  return found as T[]
}

function readTokens(file: GgufFile, vocabulary: number): Token[] {
  const texts = listOf<string>(file, 'tokens', 'string', vocabulary)
  const hasTypes = entryOf(file, 'token_type') !== undefined
  const types = hasTypes ? listOf<number>(file, 'token_type', 'number', vocabulary) : texts.map(() => tokenTypes.normal)
  const places = new Map<string, number>()
  return texts.map((text, i) => {
    const other = places.get(text)
    if (other !== undefined) {
      throw new InputError(`${file.source.name}: tokens ${other} and ${i} are both ${quoted(text)}`)
    }
    places.set(text, i)
    return { text, type: types[i] }
  })
}

function templateToken(tokens: readonly Token[], id: unknown) {
  const found = typeof id === 'number' ? tokens[id] : undefined
  return found === undefined ? [] : [{ SpecialToken: { id: found.text, type_id: 0 } }]
}

/** Tokens that stand for text, or for bytes of it. Others are added to the vocabulary, or unused. */
function vocabOf(tokens: readonly Token[]): Record<string, number> {
  const isOwn = ({ type }: Token) =>
    type === tokenTypes.normal || type === tokenTypes.byte || type === tokenTypes.unknown
  return Object.fromEntries(tokens.flatMap((token, id) => (isOwn(token) ? [[token.text, id] as const] : [])))
}

/** What every model of BPE says. */
const bpe = { type: 'BPE', dropout: null, continuing_subword_prefix: null, end_of_word_suffix: null }

function byteLevelJson(file: GgufFile, tokens: readonly Token[], pre: string) {
  const vocab = vocabOf(tokens)
  const merges = listOf<string>(file, 'merges', 'string')
  const isGpt2 = pre === 'gpt-2' && merges.length > 0
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: isGpt2 }
  const Regex = preTokenizers[pre as keyof typeof preTokenizers]
  const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }
  const ignore_merges = pre === 'llama-bpe'
  if (merges.length === 0 && byteCharacters.some((character) => vocab[character] === undefined)) {
    throw new InputError(`${file.source.name}: its tokenizer has no merges, and no token for some bytes`)
  }
  return {
    normalizer: null,
    pre_tokenizer: isGpt2 || merges.length === 0 ? byteLevel : { type: 'Sequence', pretokenizers: [split, byteLevel] },
    decoder: byteLevel,
    model: { ...bpe, unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges, vocab, merges },
  }
}

/** SentencePiece's merges: all pairs that make a token, tokens in the order of their scores. */
function sentencePieceJson(file: GgufFile, tokens: readonly Token[]) {
  const scores = listOf<number>(file, 'scores', 'number', tokens.length)
  const vocab = vocabOf(tokens)
  const isJoined = ({ type }: Token) => type === tokenTypes.normal
  const joined = tokens.flatMap((token, id) => (isJoined(token) ? [id] : []))
  joined.sort((a, b) => scores[b] - scores[a] || a - b)
  const merges = joined.flatMap((id) => splitsOf(tokens[id].text, vocab))
  const prepends = entryOf(file, 'add_space_prefix') !== false
  const prepend = prepends ? [{ type: 'Prepend', prepend: '\u2581' }] : []
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' }
  const strip = prepends ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []
  const unknown = tokens.find(({ type }) => type === tokenTypes.unknown)?.text ?? null
  return {
    normalizer: { type: 'Sequence', normalizers: [...prepend, replace] },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...strip,
      ],
    },
    model: { ...bpe, unk_token: unknown, fuse_unk: true, byte_fallback: true, ignore_merges: false, vocab, merges },
  }
}
