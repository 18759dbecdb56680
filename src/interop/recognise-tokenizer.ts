import { type TokenizerName, tokenizerNames } from '../data/index.js'
import { InputError, parseJson } from '../safetensors/index.js'
import { type ByteLevelBpe, byteLevelBpe } from './tokenizer-json.js'

/**
 * Which of our tokenizers a `tokenizer.json` describes: its vocabulary and merges are compared whole, and nothing beside them may turn a text into
 * other tokens.
 * @param text the file's content
 * @param source what to call it in messages
 * @returns null when it is another tokenizer
 * @throws InputError when it is not JSON
 */
export async function recogniseTokenizer(text: string, source: string): Promise<TokenizerName | null> {
  let json: Json
  try {
    json = parseJson(text) as Json
  } catch (error) {
    throw new InputError(`${source}: ${(error as Error).message}`)
  }
  const found = byteLevelOf(json)
  if (!found) return null
  for (const name of tokenizerNames) {
    // Where there are merges, it matters between which characters they stop, and whether they are followed.
    if (name !== 'bytes' && !(splitsWords(json) && followsMerges(json))) continue
    if (isSame(found, await byteLevelBpe(name))) return name
  }
  return null
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
    vocab: { ...(vocab as Record<string, number>), ...addedTokens(field(json, 'added_tokens')) },
    // "left right", or since tokenizers 0.20 ["left", "right"]
    merges: merges.map(
      (merge) => (typeof merge === 'string' ? merge.split(' ') : merge) as unknown as [string, string],
    ),
  }
}

/** Absent means yes, as it does to Hugging Face's reader. */
const splitsWords = (json: Json) => field(field(json, 'pre_tokenizer'), 'use_regex') !== false

const followsMerges = (json: Json) => field(field(json, 'model'), 'ignore_merges') !== true

/** Tokens beside the model's vocabulary; most files repeat those that it holds. */
function addedTokens(added: Json | undefined): Record<string, number> {
  if (!Array.isArray(added)) return {}
  return Object.fromEntries(added.map((token) => [field(token, 'content'), field(token, 'id')]))
}

function isSame(a: ByteLevelBpe, b: ByteLevelBpe): boolean {
  const names = Object.keys(a.vocab)
  return (
    names.length === Object.keys(b.vocab).length &&
    a.merges.length === b.merges.length &&
    names.every((name) => Object.hasOwn(b.vocab, name) && a.vocab[name] === b.vocab[name]) &&
    a.merges.every((merge, i) => Array.isArray(merge) && merge[0] === b.merges[i][0] && merge[1] === b.merges[i][1])
  )
}
