/**
 * Text to tokens by `@huggingface/tokenizers` 0.2.0, which is loaded here and nowhere else. It is mended where it differs from Hugging
 * Face's own program: white space and digits are Unicode's, Chinese characters above U+FFFF are words of BERT's too, a sigma at the end of a
 * word is made small as any other, `Metaspace` splits where it should. Added tokens are found
 * here (`added-sections.ts`): the package takes `<UNK>` for `<unk>` where capitals are made small.
 */
import { createCutter } from './added-sections.js'
import { prependScheme } from './token-bytes.js'
import { partsOf, type TokenizerRules } from './tokenizer-rules.js'
import type { AddedTokenJson, Part } from './tokenizer-vocabulary.js'

/** Makes tokens of texts. */
export interface TextSplitter {
  /** The texts of a text's tokens, without those that the folder puts around it. */
  split(text: string): readonly string[]
  /** The texts of the tokens that the folder puts before and behind a text. */
  around(): { readonly before: readonly string[]; readonly after: readonly string[] }
}

/** What is used of the package. Its own types do not load under TypeScript's NodeNext: their imports have no endings. */
interface Package {
  readonly Tokenizer: new (json: object, config: object) => HuggingFace
  readonly BertNormalizer: Class<Normalizer & { tokenize_chinese_chars(text: string): string }>
  readonly LowercaseNormalizer: Class<Normalizer>
  readonly StripNormalizer: Class<Normalizer>
  readonly BertPreTokenizer: Class<PreTokenizer>
  readonly ByteLevelPreTokenizer: Class<{ pattern: RegExp }>
  readonly DigitsPreTokenizer: Class<{ pattern: RegExp; readonly config: Part }>
  readonly WhitespaceSplitPreTokenizer: Class<PreTokenizer>
  readonly BPE: Class<{ cache: { get(word: string): string[] | undefined; put(word: string, tokens: string[]): void } }>
  readonly Unigram: Class<{ tokenize(word: string): string[]; encode(words: string[]): string[] }>
}
type Class<T> = abstract new (...values: never[]) => T
interface Normalizer {
  readonly config: Part
  normalize(text: string): string
}
interface PreTokenizer {
  pre_tokenize_text(text: string): string[]
}
interface HuggingFace {
  readonly model: (words: string[]) => string[]
  readonly normalizer: ((text: string) => string) | null
  readonly pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null
  readonly post_processor: {
    post_process(tokens: string[], second: null, special: boolean): { tokens: string[] }
  } | null
}

/**
 * Loads the package.
 * @returns what makes a splitter of the rules of a file, or of those without some of their added tokens
 */
export async function loadSplitters(): Promise<(rules: TokenizerRules) => TextSplitter> {
  const loaded = (await import('@huggingface/tokenizers')) as unknown as Package
  return (rules) => createSplitter(loaded, rules)
}

function createSplitter(loaded: Package, rules: TokenizerRules): TextSplitter {
  const made = new loaded.Tokenizer(structuredClone(describedOf(rules)), {})
  for (const part of objectsOf(made.normalizer)) mendNormalizer(loaded, part as Normalizer)
  for (const part of objectsOf(made.pre_tokenizer)) mendPreTokenizer(loaded, part)
  mendModel(loaded, made.model)
  const { model, normalizer, pre_tokenizer } = made
  const normalize = (text: string) => normalizer?.(text) ?? text
  // As Hugging Face's program: tokens that are normalized are found in the text that is.
  const isNormalized = ({ normalized, special }: AddedTokenJson) =>
    normalizer !== null && (normalized ?? special !== true)
  const cutFirst = createCutter(
    rules.added_tokens.filter((token) => !isNormalized(token)),
    ({ content }) => content,
  )
  const cutThen = createCutter(rules.added_tokens.filter(isNormalized), ({ content }) => normalize(content))
  const cutWord = cutAtSpaces(rules)
  return {
    split(text) {
      const sections = cutFirst(text).flatMap((section) =>
        section.isAdded ? [section] : cutThen(normalize(section.text)),
      )
      return sections.flatMap(({ text: own, isAdded }, section_index) => {
        if (isAdded) return [own]
        const words = pre_tokenizer?.(own, { section_index }) ?? [own]
        // One by one: the package joins unknown tokens of neighbouring words too.
        return (cutWord === null ? words : words.flatMap(cutWord)).flatMap((word) => model([word]))
      })
    },
    around() {
      if (made.post_processor === null) return { before: [], after: [] }
      const { tokens } = made.post_processor.post_process([TEXT], null, true)
      const at = tokens.indexOf(TEXT)
      return { before: tokens.slice(0, at), after: tokens.slice(at + 1) }
    },
  }
}

/** What the package is given: it finds no added tokens, and decodes nothing. */
const describedOf = ({ normalizer, pre_tokenizer, post_processor, model }: TokenizerRules) => {
  return { normalizer, pre_tokenizer: explicit(pre_tokenizer), post_processor, model, added_tokens: [], decoder: null }
}

/** Stands for a text in the tokens around it. */
const TEXT = '\0text'

/** Metaspaces with their `prepend_scheme`: the package does not know the older key. */
function explicit(part: Part | null): Part | null {
  if (part?.type === 'Metaspace') return { ...part, prepend_scheme: prependScheme(part) }
  return part?.type === 'Sequence' ? { ...part, pretokenizers: (part.pretokenizers as Part[]).map(explicit) } : part
}

/** A part of the package's, or those of a sequence. */
function objectsOf(part: object | null): object[] {
  if (part === null) return []
  const { normalizers, tokenizers } = part as { normalizers?: (object | null)[]; tokenizers?: (object | null)[] }
  return (normalizers ?? tokenizers)?.flatMap(objectsOf) ?? [part]
}

/**
 * Cuts what is encoded as a word. `Metaspace` cuts before every mark of a space unless it says otherwise. Elsewhere a word ends before a run
 * of them where no token goes on behind one: the tokens are the same, and words are found in the package's cache.
 */
function cutAtSpaces({ pre_tokenizer, splitsAtSpaces }: TokenizerRules): ((word: string) => string[]) | null {
  const isCutAlready = partsOf(pre_tokenizer).some(({ type, split }) => type === 'Metaspace' && split !== false)
  if (isCutAlready) return (word) => word.split(/(?=\u2581)/)
  return splitsAtSpaces ? (word) => word.split(/(?<=[^\u2581])(?=\u2581)/) : null
}

// JavaScript's \s has U+FEFF and lacks U+0085, and its \d has ASCII's digits alone.

const gpt2Words =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

const bertWords = /[^\p{White_Space}\p{P}!-/:-@[-`{-~]+|[\p{P}!-/:-@[-`{-~]/gu

function mendPreTokenizer(loaded: Package, part: object): void {
  if (part instanceof loaded.ByteLevelPreTokenizer) part.pattern = gpt2Words
  else if (part instanceof loaded.DigitsPreTokenizer) {
    part.pattern = part.config.individual_digits === true ? /\P{N}+|\p{N}/gu : /\P{N}+|\p{N}+/gu
  } else if (part instanceof loaded.BertPreTokenizer) part.pre_tokenize_text = (text) => text.match(bertWords) ?? []
  else if (part instanceof loaded.WhitespaceSplitPreTokenizer) {
    part.pre_tokenize_text = (text) => text.match(/\P{White_Space}+/gu) ?? []
  }
}

function mendNormalizer(loaded: Package, part: Normalizer): void {
  const { config } = part
  if (part instanceof loaded.StripNormalizer) {
    const left = config.strip_left === true ? /^\p{White_Space}+/u : /^/
    const right = config.strip_right === true ? /\p{White_Space}+$/u : /$/
    part.normalize = (text) => text.replace(left, '').replace(right, '')
  }
  if (part instanceof loaded.BertNormalizer) part.tokenize_chinese_chars = (text) => text.replace(chinese, ' $& ')
  const makesSmall =
    part instanceof loaded.BertNormalizer ? config.lowercase : part instanceof loaded.LowercaseNormalizer
  if (makesSmall) {
    // JavaScript makes a sigma at the end of a word another small letter.
    const normalize = part.normalize.bind(part)
    part.normalize = (text) => normalize(text.replaceAll('\u03a3', '\u03c3'))
  }
}

/** Words whose tokens are remembered; then memory is emptied. */
const REMEMBERED = 2 ** 16

/** Longer words are not remembered. Characters; the package has a like limit for BPE. */
const LONGEST_REMEMBERED = 255

/**
 * The package's memory of BPE's words moves a word to the end of a `Map` whenever it is found, which leaves a hole where later look-ups of the
 * word pass: "ab " 200,000 times took 15 s. Unigram remembers nothing there, and fails on a word of 100,000 tokens.
 */
function mendModel(loaded: Package, model: object): void {
  const remembered = new Map<string, string[]>()
  const put = (word: string, tokens: string[]): void => {
    if (remembered.size === REMEMBERED) remembered.clear()
    remembered.set(word, tokens)
  }
  if (model instanceof loaded.BPE) model.cache = { get: (word) => remembered.get(word), put }
  else if (model instanceof loaded.Unigram) {
    const tokenize = (word: string): string[] => {
      const known = remembered.get(word)
      if (known) return known
      const tokens = model.tokenize(word)
      if (word.length <= LONGEST_REMEMBERED) put(word, tokens)
      return tokens
    }
    model.encode = (words) => words.flatMap(tokenize)
  }
}

/** BERT's Chinese characters: CJK ideographs, their extensions A to E, and the compatibility ideographs. */
const chinese =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu
