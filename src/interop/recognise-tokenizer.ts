import { type AddedToken, type TokenizerName, tokenizerNames } from '../data/index.js'
import { InputError, parseJson } from '../safetensors/index.js'
import { type ByteLevelBpe, byteLevelBpe } from './tokenizer-json.js'

/** A tokenizer of ours, and the tokens that a file adds to it. */
export interface RecognisedTokenizer {
  readonly name: TokenizerName
  /** Numbered on from the tokenizer's own. */
  readonly added: readonly AddedToken[]
}

/**
 * Which of our tokenizers a `tokenizer.json` describes: its vocabulary and merges are compared whole, and nothing beside them may turn a text into
 * other tokens, but tokens that are added behind it (`[PAD]`).
 * @param text the file's content
 * @param source what to call it in messages
 * @returns null when it is another tokenizer
 * @throws InputError when it is not JSON
 */
export async function recogniseTokenizer(text: string, source: string): Promise<RecognisedTokenizer | null> {
  let json: Json
  try {
    json = parseJson(text) as Json
  } catch (error) {
    throw new InputError(`${source}: ${(error as Error).message}`)
  }
  const found = byteLevelOf(json)
  if (!found) return null
  const entries = field(json, 'added_tokens')
  const addedEntries = Array.isArray(entries) ? entries : []
  const addedIds = new Map(addedEntries.map((token) => [field(token, 'content'), field(token, 'id')]))
  const names = Object.keys(found.vocab)
  const count = names.length + [...addedIds.keys()].filter((name) => !Object.hasOwn(found.vocab, name as string)).length
  const idOf = (text: string) =>
    addedIds.get(text) ?? (Object.hasOwn(found.vocab, text) ? found.vocab[text] : undefined)
  for (const name of tokenizerNames) {
    // Where there are merges, it matters between which characters they stop, and whether they are followed.
    if (name !== 'bytes' && !(splitsWords(json) && followsMerges(json))) continue
    const own = await byteLevelBpe(name)
    if (found.merges.length !== own.merges.length) continue
    const texts = Object.keys(own.vocab)
    if (!texts.every((text) => idOf(text) === own.vocab[text]) || !sameMerges(found.merges, own.merges)) continue
    const added = addedEntries.filter((token) => (field(token, 'id') as number) >= texts.length).map(addedToken)
    // Every token beyond is one that is added, and they count on: others would be given other numbers when the file is read.
    if (count !== texts.length + added.length) return null
    if (!added.every((token, i): token is AddedToken => token !== null && token.token === texts.length + i)) return null
    return { name, added }
  }
  return null
}

/** Longest text of an added token. */
const LONGEST_TEXT = 255

/** Null for one that is found by another rule than its text alone. */
function addedToken(token: Json): AddedToken | null {
  const [text, id] = [field(token, 'content'), field(token, 'id')]
  if (['single_word', 'lstrip', 'rstrip'].some((rule) => field(token, rule) === true)) return null
  if (typeof text !== 'string' || text === '' || new TextEncoder().encode(text).length > LONGEST_TEXT) return null
  if (!Number.isSafeInteger(id)) return null
  return { text, token: id as number, isSpecial: field(token, 'special') === true }
}

type Json = { readonly [key: string]: Json | undefined } | readonly Json[] | string | number | boolean | null

const field = (json: Json | undefined, key: string): Json | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as { [key: string]: Json | undefined })[key]
    : undefined

/** The byte-level BPE that a tokenizer is, or undefined when it is anything more or else. */
function byteLevelOf(json: Json): ByteLevelBpe | undefined {
  const model = field(json, 'model')
  const before = field(json, 'pre_tokenizer')
  const isPlain =
    (field(json, 'normalizer') ?? null) === null &&
    field(before, 'type') === 'ByteLevel' &&
    field(before, 'add_prefix_space') !== true &&
    (field(model, 'type') ?? 'BPE') === 'BPE' &&
    (field(model, 'dropout') ?? null) === null &&
    (field(model, 'continuing_subword_prefix') || '') === '' &&
    (field(model, 'end_of_word_suffix') || '') === ''
  const vocab = field(model, 'vocab')
  const merges = field(model, 'merges')
  if (!isPlain || typeof vocab !== 'object' || vocab === null || !Array.isArray(merges)) return undefined
  return {
    vocab: vocab as Record<string, number>,
    // "left right", or since tokenizers 0.20 ["left", "right"]
    merges: merges.map(
      (merge) => (typeof merge === 'string' ? merge.split(' ') : merge) as unknown as [string, string],
    ),
  }
}

/** Absent means yes, as it does to Hugging Face's reader. */
const splitsWords = (json: Json) => field(field(json, 'pre_tokenizer'), 'use_regex') !== false

const followsMerges = (json: Json) => field(field(json, 'model'), 'ignore_merges') !== true

/** Of two lists of one length. */
const sameMerges = (a: ByteLevelBpe['merges'], b: ByteLevelBpe['merges']): boolean =>
  a.length === b.length && a.every((merge, i) => Array.isArray(merge) && merge[0] === b[i][0] && merge[1] === b[i][1])
