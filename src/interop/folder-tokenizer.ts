/** The tokenizer of a model's folder, in Node and in browsers. */
import { checkToken, createTokens, type EncodeOptions, oneStep, type Tokenizer, type Tokens } from '../data/index.js'
import { InputError, quoted } from '../safetensors/index.js'
import { parseObject } from './hugging-face-config.js'
import { loadSplitters, type TextSplitter } from './hugging-face-tokenizer.js'
import type { JsonText } from './special-tokens.js'
import { tokenBytes } from './token-bytes.js'
import { lowerCased, readTokenizerRules, type TokenizerRules } from './tokenizer-rules.js'
import { type OpenFile, openIfThere, readTextIfThere, textOf } from './weight-files.js'

/** A tokenizer of a folder. Its `documentEnd` is the token that ends a text there, or else one that separates or begins texts. */
export interface FolderTokenizer extends Tokenizer {
  readonly name: 'folder'
  /** One more than the highest token that it uses, at most V. */
  readonly used: number
  /** Tokens that `addSpecialTokens` puts before a text (`[CLS]`, `<s>`), and behind it (`[SEP]`). */
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** The token that stands in the place of a hidden one, and the one that fills up short texts; null where there is none. */
  readonly maskToken: number | null
  readonly padToken: number | null
  /** Most tokens of a text, special ones included, as `tokenizer_config.json` says; null where it does not. */
  readonly maxLength: number | null
  /** Where a longer text is cut: at its end (`right`, the default of transformers), or at its beginning. */
  readonly truncationSide: 'right' | 'left'
  /** Where transformers puts the tokens that fill up short texts. */
  readonly padding: 'left' | 'right'
  /** The same tokenizer, that makes a text small before anything else, special tokens in it left alone; see {@link lowerCased} of its rules. */
  lowerCased(): FolderTokenizer
}

/** A larger `model_max_length` means that there is no limit: transformers writes 1e30. */
const LONGEST = 2 ** 31

/**
 * The tokenizer of a folder: its `tokenizer.json`, and what `tokenizer_config.json` says beside it.
 * @param size V of the model, 1 <= V <= 2^24; numbers that the tokenizer does not use stand for no text. Default: as many as the tokenizer has
 * @throws InputError in one line where there is no `tokenizer.json`, where it has tokens beyond V, or where something in it is not supported
 */
export async function openFolderTokenizer(open: OpenFile, size?: number): Promise<FolderTokenizer> {
  const { source, error } = await openIfThere(open, 'tokenizer.json')
  if (!source)
    throw new InputError(`${(error as Error).message}; transformers writes it when it saves a fast tokenizer`)
  return readFolderTokenizer(await textOf(source), await readTextIfThere(open, 'tokenizer_config.json'), size)
}

/**
 * The tokenizer that two files describe; see {@link openFolderTokenizer}. A text becomes the tokens that Hugging Face's tokenizers makes of
 * it; `truncation` and `padding` of the file are left aside, as transformers does. Tokens become text as there, without transformers'
 * removal of spaces (`clean_up_tokenization_spaces`). A text is encoded in memory, in one step:
 * 0.6 to 1.4 s and about 100 MB for the 1.1 MB of tiny Shakespeare (2 busy cores).
 */
export async function readFolderTokenizer(
  file: JsonText,
  config: JsonText | null,
  size?: number,
): Promise<FolderTokenizer> {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.source}: ${reason}`)
  }
  const settings = readSettings(config)
  const rules = readTokenizerRules(file, size, settings)
  const createSplitter = await loadSplitters()
  const truncationSide = readTruncationSide(settings, config?.source)
  return createTokenizer(rules, { settings, vocabulary: rules.names.length, truncationSide, createSplitter, refuse })
}

interface TokenizerParts {
  readonly settings: Readonly<Record<string, unknown>>
  readonly vocabulary: number
  readonly truncationSide: 'left' | 'right'
  readonly createSplitter: (rules: TokenizerRules) => TextSplitter
  readonly refuse: (reason: string) => never
}

function createTokenizer(rules: TokenizerRules, parts: TokenizerParts): FolderTokenizer {
  const { settings, vocabulary, truncationSide, createSplitter, refuse } = parts
  const ids = new Map(rules.names.flatMap((name, token) => (name === undefined ? [] : [[name.text, token] as const])))
  const idOf = (text: string): number => ids.get(text) ?? refuse(`${quoted(text)} is no token`)
  const unknown = rules.unknown ?? undefined
  const whole = caught(() => createSplitter(rules), refuse)
  let letters: TextSplitter | undefined
  const splitterOf = (options: EncodeOptions | undefined): TextSplitter => {
    if (!options?.splitSpecialTokens) return whole
    letters ??= createSplitter({ ...rules, added_tokens: rules.added_tokens.filter(({ special }) => special !== true) })
    return letters
  }
  const around = caught(() => whole.around(), refuse)
  const before = around.before.map(idOf)
  const after = around.after.map(idOf)
  const { lengths, bytesOf } = tokenBytes(rules.names, rules.decoder)
  const special = (key: string): number | null => {
    const found = settings[key]
    const text = typeof found === 'object' && found !== null ? (found as { content?: unknown }).content : found
    return ids.get(text as string) ?? null
  }
  const encode = (text: string, options: EncodeOptions | undefined): Tokens => {
    const own = splitterOf(options).split(text)
    const add = options?.addSpecialTokens === true
    const tokens = createTokens(vocabulary, own.length + (add ? before.length + after.length : 0))
    if (add) tokens.set(before)
    for (let i = 0, at = add ? before.length : 0; i < own.length; i++)
      tokens[at + i] = ids.get(own[i]) ?? unknown ?? idOf(own[i])
    if (add) tokens.set(after, tokens.length - after.length)
    return tokens
  }
  const longest = settings.model_max_length
  return {
    name: 'folder',
    vocabulary,
    documentEnd: special('eos_token') ?? special('sep_token') ?? special('bos_token') ?? 0,
    endToken: special('eos_token'),
    byteLengths: lengths,
    used: rules.names.findLastIndex((name) => name !== undefined) + 1,
    before,
    after,
    maskToken: special('mask_token'),
    padToken: special('pad_token'),
    maxLength: Number.isSafeInteger(longest) && (longest as number) < LONGEST ? (longest as number) : null,
    truncationSide,
    padding: rules.padding,
    lowerCased: () => createTokenizer(lowerCased(rules), parts),
    encode: (text, options) => encode(typeof text === 'string' ? soundText(text) : utf8.decode(text), options),
    createEncoder(options) {
      const parts: Uint8Array[] = []
      return {
        push: (bytes) => oneStep(() => void parts.push(bytes.slice())),
        end: (take) =>
          oneStep(() => {
            const bytes = joined(parts)
            const text = utf8.decode(bytes)
            take(encode(text, options))
            return replacements(text) - replacements(new TextDecoder('latin1').decode(bytes), '\u00ef\u00bf\u00bd')
          }),
      }
    },
    decode(tokens, options) {
      const parts: Uint8Array[] = []
      let isFirst = options?.continues !== true
      for (let i = 0; i < tokens.length; i++) {
        checkToken(tokens[i], vocabulary)
        if (lengths[tokens[i]] === 0) continue
        parts.push(bytesOf(tokens[i], isFirst))
        isFirst = false
      }
      return joined(parts)
    },
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Without halves of surrogate pairs, which UTF-8 has not. */
const soundText = (text: string): string =>
  /\p{Surrogate}/u.test(text) ? utf8.decode(new TextEncoder().encode(text)) : text

const replacements = (text: string, of = '\ufffd'): number => text.split(of).length - 1

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function readSettings(config: JsonText | null): Record<string, unknown> {
  if (config === null) return {}
  return parseObject(config.text, (reason) => {
    throw new InputError(`${config.source}: ${reason}`)
  })
}

function readTruncationSide(
  { truncation_side: side = 'right' }: Record<string, unknown>,
  source = '',
): 'right' | 'left' {
  if (side === 'right' || side === 'left') return side
  throw new InputError(`${source}: "truncation_side" expected right or left, got ${quoted(side)}`)
}

/** Runs the package on a file: what it throws is a mistake in the file that was not seen before. */
function caught<T>(work: () => T, refuse: (reason: string) => never): T {
  try {
    return work()
  } catch (error) {
    return refuse((error as Error).message)
  }
}

/**
 * A text as an encoder reads it: with the tokens that the folder puts around it, and of its own as many as there is room for: the
 * first, or the last where the folder cuts texts at their beginning.
 * @param maxLength an integer, at least as many as those around it
 * @throws RangeError for a smaller one
 */
export function encodeTruncated(tokenizer: FolderTokenizer, text: string, maxLength: number): number[] {
  const { before, after } = tokenizer
  const room = maxLength - before.length - after.length
  if (!(room >= 0)) {
    throw new RangeError(`"maxLength" expected at least ${before.length + after.length} tokens, got ${maxLength}`)
  }
  const own = tokenizer.encode(text)
  const from = tokenizer.truncationSide === 'left' ? Math.max(0, own.length - room) : 0
  return [...before, ...own.subarray(from, from + room), ...after]
}
