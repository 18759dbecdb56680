/**
 * What a `tokenizer.json` may say, so that `@huggingface/tokenizers` makes the tokens of it that Hugging Face's own program makes.
 * What that package leaves out, or does otherwise, is mended in `hugging-face-tokenizer.ts` or refused here by its name.
 */
import { InputError, quoted } from '../safetensors/index.js'
import { parseObject } from './hugging-face-config.js'
import type { JsonText } from './special-tokens.js'
import { type DecoderJson, type NamedToken, prependScheme } from './token-bytes.js'
import {
  type AddedTokenJson,
  field,
  isObject,
  namedTokens,
  type Part,
  type Refuse,
  readAddedTokens,
  readModel,
  splitsAtSpaces,
  unknownToken,
} from './tokenizer-vocabulary.js'

/** A `tokenizer.json` that was checked. */
export interface TokenizerRules {
  readonly normalizer: Part | null
  readonly pre_tokenizer: Part | null
  readonly post_processor: Part | null
  readonly decoder: DecoderJson
  readonly model: Part
  readonly added_tokens: readonly AddedTokenJson[]
  /** By number; undefined where a number is no token. */
  readonly names: readonly (NamedToken | undefined)[]
  /** The token of what is none; null where there is no such token. */
  readonly unknown: number | null
  /** Whether the words of a text can be encoded one by one. */
  readonly splitsAtSpaces: boolean
  /** Where the tokens go that fill up short texts. */
  readonly padding: 'left' | 'right'
}

/**
 * Checks a `tokenizer.json`.
 * @param vocabulary V of the model, at most 2^24: no token may have a higher number; undefined: as many as the file has
 * @param settings `tokenizer_config.json`. Of its `added_tokens_decoder` transformers adds what the file has not added; its class may make
 *   parts of the file anew (see {@link partsOfClass})
 * @throws InputError in one line that names the file, the part and what was wrong or is not supported
 */
export function readTokenizerRules(
  file: JsonText,
  vocabulary: number | undefined,
  settings: Readonly<Record<string, unknown>> = {},
): TokenizerRules {
  const refuse: Refuse = (reason) => {
    throw new InputError(`${file.source}: ${reason}`)
  }
  const json = parseObject(file.text, refuse)
  const part = (key: string, check: (part: Part, refuse: Refuse) => void): Part | null => {
    const found = json[key] ?? null
    if (found !== null) eachPart(found, key, check, refuse)
    return found as Part | null
  }
  const model = readModel(json.model, refuse)
  const added = readAddedTokens(json.added_tokens, settings.added_tokens_decoder ?? {}, refuse)
  const names = namedTokens(model, added, vocabulary, refuse)
  const decoder = part('decoder', checkDecoder)
  checkDecoderOrder(decoder, refuse)
  const own = {
    normalizer: part('normalizer', checkNormalizer),
    pre_tokenizer: part('pre_tokenizer', checkPreTokenizer),
    post_processor: part('post_processor', checkPostProcessor),
  }
  const side = settings.padding_side ?? field(json.padding, 'direction') ?? 'right'
  return {
    ...own,
    ...partsOfClass(settings, own.post_processor, refuse),
    decoder,
    model,
    added_tokens: added,
    names,
    unknown: unknownToken(model, names),
    splitsAtSpaces: splitsAtSpaces(model),
    padding: String(side).toLowerCase() === 'left' ? 'left' : 'right',
  }
}

/**
 * What transformers makes anew of a `BertTokenizer`: BERT's pre-tokenizer, the normalizer by `do_lower_case` (true by default), `strip_accents` and
 * `tokenize_chinese_chars` of `tokenizer_config.json`, and `[CLS]` and `[SEP]` around a text where the file puts nothing around it.
 */
function partsOfClass(
  settings: Readonly<Record<string, unknown>>,
  around: Part | null,
  refuse: Refuse,
): Partial<Pick<TokenizerRules, 'normalizer' | 'pre_tokenizer' | 'post_processor'>> {
  if (!/^BertTokenizer(?:Fast)?$/.test(String(settings.tokenizer_class))) return {}
  const { do_lower_case = true, strip_accents = null, tokenize_chinese_chars = true } = settings
  for (const [key, value] of Object.entries({ do_lower_case, strip_accents, tokenize_chinese_chars })) {
    const isKnown = typeof value === 'boolean' || (key === 'strip_accents' && value === null)
    if (!isKnown) refuse(`${key} ${quoted(value)} of tokenizer_config.json expected true or false`)
  }
  const normalizer = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: tokenize_chinese_chars,
    strip_accents,
    lowercase: do_lower_case,
  }
  const own = { normalizer, pre_tokenizer: { type: 'BertPreTokenizer' } }
  if (around !== null) return own
  const textOf = (key: string, otherwise: string): string => {
    const found = settings[key] ?? otherwise
    return String(isObject(found) ? found.content : found)
  }
  const [cls, sep] = [textOf('cls_token', '[CLS]'), textOf('sep_token', '[SEP]')]
  const single = [special(cls), { Sequence: { id: 'A', type_id: 0 } }, special(sep)]
  const special_tokens = Object.fromEntries([cls, sep].map((id) => [id, { id, ids: [], tokens: [id] }]))
  return { ...own, post_processor: { type: 'TemplateProcessing', single, pair: [], special_tokens } }
}

const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } })

/** The rules of a tokenizer that makes a text small first: sentence-transformers puts `Lowercase` before its normalizer where it has none. */
export function lowerCased(rules: TokenizerRules): TokenizerRules {
  const { normalizer } = rules
  if (partsOf(normalizer).some(({ type }) => type === 'Lowercase')) return rules
  const normalizers = [{ type: 'Lowercase' }, ...(normalizer === null ? [] : [normalizer])]
  return { ...rules, normalizer: { type: 'Sequence', normalizers } }
}

/** The lists in which a Sequence holds its parts. */
const listKeys = ['normalizers', 'pretokenizers', 'processors', 'decoders']

/** All parts of a sequence, the sequences among them left out; of any other part the part itself. */
export function partsOf(part: Part | null): Part[] {
  if (part === null) return []
  if (part.type !== 'Sequence') return [part]
  return listKeys.flatMap((key) => ((part[key] ?? []) as Part[]).flatMap(partsOf))
}

function eachPart(found: unknown, key: string, check: (part: Part, refuse: Refuse) => void, refuse: Refuse): void {
  if (!isObject(found) || typeof found.type !== 'string') {
    refuse(`${key} expected an object with a type, got ${quoted(found)}`)
  }
  const own = found as unknown as Part
  if (own.type !== 'Sequence') {
    check(own, (reason) => refuse(`${key} ${quoted(own.type)}: ${reason}`))
    return
  }
  const lists = listKeys.filter((list) => Object.hasOwn(own, list))
  if (lists.length !== 1 || !Array.isArray(own[lists[0]])) refuse(`${key} Sequence expected a list of parts`)
  for (const each of own[lists[0]] as unknown[]) eachPart(each, key, check, refuse)
}

function checkNormalizer({ type, pattern }: Part, refuse: Refuse): void {
  const known = [
    'BertNormalizer',
    'Lowercase',
    'NFC',
    'NFD',
    'NFKC',
    'NFKD',
    'Prepend',
    'Replace',
    'Strip',
    'StripAccents',
  ]
  if (!known.includes(type)) refuse('not supported')
  if (type === 'Replace') checkPattern(pattern, refuse)
}

function checkPreTokenizer(part: Part, refuse: Refuse): void {
  const { type } = part
  const known = ['BertPreTokenizer', 'ByteLevel', 'Digits', 'Metaspace', 'Split', 'WhitespaceSplit']
  if (!known.includes(type)) refuse('not supported')
  if (type === 'Split') {
    checkPattern(part.pattern, refuse)
    const isKnown = part.behavior === 'Removed' || (part.behavior === 'Isolated' && part.invert !== true)
    if (!isKnown) refuse(`behavior ${quoted(part.behavior)}, invert ${quoted(part.invert ?? false)} is not supported`)
  }
  if (type === 'Metaspace') {
    const scheme = prependScheme(part)
    if (!['always', 'first', 'never'].includes(scheme as string))
      refuse(`prepend_scheme ${quoted(scheme)} is not supported`)
    if ((part.replacement ?? '\u2581') !== '\u2581') refuse(`replacement ${quoted(part.replacement)} is not supported`)
  }
}

function checkPattern(pattern: unknown, refuse: Refuse): void {
  const { String: text, Regex: expression } = (isObject(pattern) ? pattern : {}) as Record<string, unknown>
  const found = text ?? expression
  if (typeof found !== 'string' || found === '') refuse(`pattern expected a String or a Regex, got ${quoted(pattern)}`)
}

function checkPostProcessor(part: Part, refuse: Refuse): void {
  const { type, cls, sep } = part
  if (!['BertProcessing', 'ByteLevel', 'RobertaProcessing', 'TemplateProcessing'].includes(type))
    refuse('not supported')
  if (type === 'TemplateProcessing') checkTemplate(part, refuse)
  if (type !== 'BertProcessing' && type !== 'RobertaProcessing') return
  for (const pair of [cls, sep]) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string') refuse(`cls and sep expected a token, got ${quoted(pair)}`)
  }
}

/** A text stands once in a template of one text, and each special token in it is one token of its own name. */
function checkTemplate({ single, special_tokens: tokens }: Part, refuse: Refuse): void {
  const items: unknown[] = Array.isArray(single) ? single : []
  const texts = items.filter((item) => field(field(item, 'Sequence'), 'id') === 'A')
  const named = items.filter((item) => !texts.includes(item)).map((item) => field(field(item, 'SpecialToken'), 'id'))
  const isItself = (name: unknown) => {
    const own = typeof name === 'string' ? field(field(tokens, name), 'tokens') : undefined
    return Array.isArray(own) && own.length === 1 && own[0] === name
  }
  if (texts.length !== 1 || !named.every(isItself)) refuse(`single ${quoted(single)} is not supported`)
}

function checkDecoder(part: Part, refuse: Refuse): void {
  const { type } = part
  const known = ['ByteFallback', 'ByteLevel', 'Fuse', 'Metaspace', 'Replace', 'Strip', 'WordPiece']
  if (!known.includes(type)) refuse('not supported')
  if (type === 'Replace') {
    const { String: text } = (isObject(part.pattern) ? part.pattern : {}) as Record<string, unknown>
    if (typeof text !== 'string' || text === '') refuse(`pattern expected a String, got ${quoted(part.pattern)}`)
    if (typeof part.content !== 'string') refuse(`content expected a text, got ${quoted(part.content)}`)
  }
  if (type === 'Strip' && !(part.content === ' ' && (part.start === 0 || part.start === 1) && part.stop === 0)) {
    refuse('expected at most one space to be stripped, at the start of the text')
  }
}

/** `Strip` takes from each token what comes before `Fuse`, and from the text what comes behind: the latter alone is supported. */
function checkDecoderOrder(decoder: Part | null, refuse: Refuse): void {
  const types = partsOf(decoder).map(({ type }) => type)
  const fuse = types.indexOf('Fuse')
  const behind = fuse < 0 ? [] : types.slice(fuse + 1)
  const before = fuse < 0 ? types : types.slice(0, fuse)
  if (before.includes('Strip') || behind.some((type) => type !== 'Strip')) {
    refuse(`decoder ${types.join(', ')}: expected Fuse before Strip, and nothing else behind it`)
  }
}
