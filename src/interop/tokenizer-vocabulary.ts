/** The model of a `tokenizer.json`, and the tokens that it and the list of added ones number. */
import { quoted } from '../safetensors/index.js'
import type { NamedToken } from './token-bytes.js'

/** A part of the file: a normalizer, a model... */
export interface Part {
  readonly type: string
  readonly [key: string]: unknown
}

export interface AddedTokenJson {
  readonly id: number
  readonly content: string
  readonly special?: boolean
  readonly [key: string]: unknown
}

/** What is kept of each number takes about 30 bytes. The largest vocabularies in use have a million tokens. */
const MOST_TOKENS = 2 ** 24

/** Throws an InputError that names the file. */
export type Refuse = (reason: string) => never

/**
 * The model of a `tokenizer.json`, checked, its type said and its merges as pairs.
 * @throws what `refuse` throws
 */
export function readModel(found: unknown, refuse: Refuse): Part {
  if (!isObject(found)) refuse(`model expected an object, got ${quoted(found)}`)
  const model = found as Record<string, unknown>
  const { vocab, merges } = model
  // Old files do not say which it is.
  const type = model.type ?? (Array.isArray(vocab) ? 'Unigram' : merges === undefined ? 'WordPiece' : 'BPE')
  const say: Refuse = (reason) => refuse(`model ${quoted(type)}: ${reason}`)
  if (type === 'Unigram') checkUnigram(model, say)
  else if (type === 'BPE') checkBpe(model, say)
  else if (type === 'WordPiece') checkWordPiece(model, say)
  else say('not supported; what is: BPE, WordPiece, Unigram')
  const pairs = Array.isArray(merges) ? merges.map(pairOf) : undefined
  return { ...model, type: type as string, ...(pairs && { merges: pairs }) }
}

function checkUnigram(
  { vocab, unk_id: unknown, byte_fallback: fallback }: Record<string, unknown>,
  refuse: Refuse,
): void {
  const isPair = (pair: unknown) => Array.isArray(pair) && typeof pair[0] === 'string' && Number.isFinite(pair[1])
  if (!Array.isArray(vocab) || vocab.length === 0 || !vocab.every(isPair))
    refuse('vocab expected a list of [text, score]')
  if (fallback === true) refuse('byte_fallback is not supported')
  if (!isToken(unknown) || unknown >= (vocab as unknown[]).length)
    refuse(`unk_id expected a token, got ${quoted(unknown)}`)
}

function checkBpe(model: Record<string, unknown>, refuse: Refuse): void {
  checkVocab(model.vocab, refuse)
  const vocab = model.vocab as object
  const isMerge = (merge: unknown) => {
    const pair = pairOf(merge)
    return Array.isArray(pair) && pair.length === 2 && Object.hasOwn(vocab, pair.join(''))
  }
  if (!Array.isArray(model.merges)) refuse(`merges expected a list, got ${quoted(model.merges)}`)
  const wrong = (model.merges as unknown[]).findIndex((merge) => !isMerge(merge))
  if (wrong >= 0)
    refuse(`merge ${wrong} expected two texts that make a token, got ${quoted((model.merges as unknown[])[wrong])}`)
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[key] || null) !== null) refuse(`${key} ${quoted(model[key])} is not supported`)
  }
}

/** "left right", or since tokenizers 0.20 ["left", "right"]. */
const pairOf = (merge: unknown): unknown => (typeof merge === 'string' ? merge.split(' ') : merge)

function checkWordPiece(
  { vocab, unk_token: unknown, continuing_subword_prefix: prefix }: Record<string, unknown>,
  refuse: Refuse,
) {
  checkVocab(vocab, refuse)
  if (typeof unknown !== 'string' || !Object.hasOwn(vocab as object, unknown)) {
    refuse(`unk_token expected a token, got ${quoted(unknown)}`)
  }
  if (typeof prefix !== 'string') refuse(`continuing_subword_prefix expected a text, got ${quoted(prefix)}`)
}

function checkVocab(vocab: unknown, refuse: Refuse): void {
  if (!isObject(vocab) || Object.keys(vocab).length === 0 || !Object.values(vocab).every(isToken))
    refuse('vocab expected an object of texts and their numbers')
}

/**
 * The tokens that are added to the model's.
 * @param listed `added_tokens` of `tokenizer.json`
 * @param more `added_tokens_decoder` of `tokenizer_config.json`, an object of tokens by their numbers: transformers adds those whose text the
 *   file has not added
 */
export function readAddedTokens(listed: unknown, more: unknown, refuse: Refuse): AddedTokenJson[] {
  const found: unknown = listed ?? []
  if (!Array.isArray(found)) return refuse(`added_tokens expected a list, got ${quoted(found)}`)
  const known = new Set(found.map((each) => field(each, 'content')))
  const others = Object.entries(isObject(more) ? more : {}).map(([id, each]) => ({
    ...(each as object),
    id: Number(id),
  }))
  const all = [...found, ...others.filter((each) => !known.has(field(each, 'content')))]
  for (const each of all) {
    const { content, id, single_word: single } = isObject(each) ? each : {}
    if (typeof content !== 'string' || content === '' || !isToken(id)) {
      refuse(`added_tokens expected a content and an id, got ${quoted(each)}`)
    }
    if (single === true) refuse(`added token ${quoted(content)}: single_word is not supported`)
  }
  return all
}

/** Every text of the model's own vocabulary. */
const textsOf = ({ vocab }: Part): string[] =>
  Array.isArray(vocab) ? vocab.map(([text]) => text as string) : Object.keys(vocab as object)

/**
 * All tokens by their numbers, [V]; undefined where a number is no token.
 * @param vocabulary V; default: one more than the highest number
 */
export function namedTokens(
  model: Part,
  added: readonly AddedTokenJson[],
  vocabulary: number | undefined,
  refuse: Refuse,
): (NamedToken | undefined)[] {
  const texts = textsOf(model)
  const ids = Array.isArray(model.vocab) ? texts.keys() : Object.values(model.vocab as Record<string, number>)
  const own = Array.from(ids, (id, i) => ({ id, text: texts[i], isSpecial: false, isAdded: false }))
  const others = added.map(({ id, content, special }) => {
    return { id, text: content, isSpecial: special === true, isAdded: true }
  })
  const last = [...own, ...others].reduce((last, token) => (token.id > last.id ? token : last))
  if (vocabulary !== undefined && last.id >= vocabulary) {
    refuse(`token ${last.id} (${quoted(last.text)}) is beyond the model's vocabulary of ${vocabulary}`)
  }
  const count = vocabulary ?? last.id + 1
  if (count > MOST_TOKENS) {
    const [own, most] = [count, MOST_TOKENS].map((number) => number.toLocaleString('en-US'))
    refuse(`a vocabulary of ${own} tokens is not supported; at most ${most} are`)
  }
  const names: (NamedToken | undefined)[] = new Array(count).fill(undefined)
  for (const token of [...own, ...others]) {
    const other = names[token.id]
    if (other !== undefined && !(token.isAdded && other.text === token.text)) {
      refuse(`tokens ${quoted(other.text)} and ${quoted(token.text)} are both ${token.id}`)
    }
    names[token.id] = token
  }
  return names
}

/** The token of what is none; null where there is no such token, as in BPE of bytes. */
export function unknownToken(
  { unk_id: id, unk_token: text }: Part,
  names: readonly (NamedToken | undefined)[],
): number | null {
  if (id !== undefined) return id as number
  const token = typeof text === 'string' ? names.findIndex((name) => name?.text === text) : -1
  return token < 0 ? null : token
}

/**
 * Whether the words of a text can be encoded one by one: the mark of a space is a token of BPE or Unigram, and no token goes on behind one.
 */
export function splitsAtSpaces(model: Part): boolean {
  const texts = model.type === 'WordPiece' ? [] : textsOf(model)
  return texts.includes('\u2581') && !texts.some((text) => text.replace(/^\u2581+/, '').includes('\u2581'))
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const field = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

const isToken = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
