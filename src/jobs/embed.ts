import { join } from 'node:path'
import { createGraphRunner } from '../engine/onnx.js'
import { openFile } from '../files/files.js'
import { encodeTruncated, type FolderTokenizer, readSentenceSettings, type SentenceSettings } from '../interop/index.js'
import { InputError } from '../safetensors/index.js'
import type { OpenOptions } from '../ticket/index.js'
import { type EmbedTokensOptions, embedTokens } from './embed-tokens.js'
import { literalNote } from './literal-note.js'
import type { ModelSource } from './model-source.js'
import { openEncoder } from './open-model.js'
import { loadModelTokenizer, paddingNotes } from './searched-text.js'

/** Texts at a time of a pruned ticket, whose matrices are made anew for each: 10^9 weights of all-MiniLM-L6-v2. */
const PRUNED_BATCH = 128

/** Which encoder embeds. */
export interface EmbedderOptions extends OpenOptions {
  /**
   * A Hugging Face folder with a `tokenizer.json`, for a ticket, which holds none; `bytes` or `gpt2` for a model of such tokens. Pooling,
   * normalisation and the longest text are those of this folder too. Default: the model's own.
   */
  readonly tokenizer?: string | undefined
  /** Threads of an operator; default: ONNX Runtime's choice. */
  readonly threads?: number | undefined
}

/** An encoder with its tokenizer, ready to embed texts. */
export interface Embedder extends SentenceSettings {
  readonly kind: ModelSource['kind']
  /** n', random products for a weight; null of what is no pruned ticket. */
  readonly items: number | null
  /** d: numbers of an embedding. */
  readonly width: number
  /** Most tokens of a text that are read, those around it included. */
  readonly maxLength: number
  /** Where a longer text is cut, as the tokenizer's folder says: at its end, or at its beginning. */
  readonly truncationSide: 'right' | 'left'
  /** What the user should know, a line each. */
  readonly warnings: readonly string[]
  /**
   * Embeds texts.
   * @throws RangeError for an empty text, one of white space alone, or one without tokens; the signal's reason when it aborts
   */
  embed(
    texts: readonly string[],
    options?: Pick<EmbedTokensOptions, 'batch' | 'signal' | 'onProgress'>,
  ): Promise<Embeddings>
  close(): Promise<void>
}

/** The embeddings of some texts. */
export interface Embeddings {
  /** Float32 [n, d], a row a text in their order. */
  readonly vectors: Float32Array
  /** Tokens read, those around texts included. */
  readonly tokens: number
  /** Numbers, from 0, of texts with more tokens than are read. */
  readonly truncated: readonly number[]
}

/**
 * Opens an encoder, a ticket's network or a folder's, that embeds texts as sentence-transformers does: a text's tokens, with those that the
 * tokenizer puts around it ([CLS], [SEP]), cut to the longest that is read; the last hidden states pooled to one vector; normalised where
 * the folder says so. It runs on the CPU; a pruned ticket's masks are applied literally.
 * @throws InputError for a file that is unsound, a model that is no encoder, or one without a tokenizer; RangeError for a tokenizer that
 *   does not fit
 */
export async function openEmbedder(path: string, options: EmbedderOptions = {}): Promise<Embedder> {
  const { tokenizer: name, threads, memoryLimit, mask } = options
  const opened = await openEncoder(path, { runner: createGraphRunner({ threads }), memoryLimit, mask })
  try {
    const { kind, config, encoder } = opened
    const loaded = await loadModelTokenizer(opened, name)
    const folder = name ?? (kind === 'folder' ? path : undefined)
    const isFolder = folder !== undefined && loaded.name === 'folder'
    const settings = isFolder
      ? await readSentenceSettings((file) => openFile(join(folder, file)), config)
      : plainSettings(config.positions)
    const { pooling, normalise, lowerCase, prompt } = settings
    const tokenizer = isFolder && lowerCase ? (loaded as FolderTokenizer).lowerCased() : loaded
    const {
      padToken = null,
      maxLength: longest = null,
      padding,
      truncationSide = 'right',
    } = tokenizer as Partial<FolderTokenizer>
    // Where sentence_bert_config.json does not say, sentence-transformers takes the tokenizer's model_max_length.
    const isSaid = settings.maxLength < config.positions
    const maxLength = isSaid ? settings.maxLength : Math.min(longest ?? config.positions, config.positions)
    if (isFolder) {
      const key = isSaid
        ? 'max_seq_length'
        : maxLength < config.positions
          ? 'model_max_length'
          : 'max_position_embeddings'
      expectRoom(folder, tokenizer as FolderTokenizer, maxLength, key)
    }
    return {
      kind,
      items: opened.ticket?.kind === 'pruned' ? opened.ticket.metadata.construction.items : null,
      width: config.width,
      pooling,
      normalise,
      lowerCase,
      prompt,
      maxLength,
      truncationSide,
      warnings: [
        ...opened.warnings,
        ...settings.warnings,
        ...paddingNotes(folder ?? path, tokenizer),
        ...(padding === 'left' ? [leftPadding(folder ?? path)] : []),
      ],
      async embed(texts, { batch = kind === 'pruned' ? PRUNED_BATCH : undefined, signal, onProgress } = {}) {
        expectTexts(texts)
        const truncated: number[] = []
        const read = texts.map((given, i) => {
          const text = (prompt + given).trim()
          const tokens = tokenizer.encode(text, { addSpecialTokens: true })
          if (tokens.length <= maxLength) return tokens
          truncated.push(i)
          return isFolder
            ? encodeTruncated(tokenizer as FolderTokenizer, text, maxLength)
            : tokens.subarray(0, maxLength)
        })
        const how = { pooling, normalise, padToken: padToken ?? undefined, batch, signal, onProgress }
        const vectors = await embedTokens(encoder, read, how)
        return { vectors, truncated, tokens: read.reduce((sum, { length }) => sum + length, 0) }
      },
      close: opened.close,
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/**
 * A text has room for the tokens that the tokenizer puts around it.
 * @param key which one gives the longest text
 */
function expectRoom(folder: string, { before, after }: FolderTokenizer, maxLength: number, key: string): void {
  const around = before.length + after.length
  if (maxLength >= around) return
  throw new InputError(
    `${folder}: ${key} expected at least ${around}, the tokens that the tokenizer puts around a text, got ${maxLength}`,
  )
}

/** Positions are counted from the first token of a batch's longest text, those that fill up included: an embedding depends on the texts beside it. */
const leftPadding = (folder: string): string =>
  `${folder}: its tokenizer fills up short texts on the left, so that sentence-transformers gives a text another embedding beside longer ones; here it has the one that it has alone`

/** Of a model that is read by bytes or by GPT-2's tokens: there is no folder to say more. */
const plainSettings = (positions: number): SentenceSettings => ({
  maxLength: positions,
  pooling: 'mean',
  normalise: false,
  lowerCase: false,
  prompt: '',
  warnings: [],
})

/** Throws RangeError for an empty text: that of a forgotten variable, whose embedding would be that of the tokens around it. */
function expectTexts(texts: readonly string[]): void {
  const empty = texts.findIndex((text) => text.trim() === '')
  if (empty >= 0) throw new RangeError(`text ${empty + 1} expected at least one letter, got an empty text`)
}

/** What is to be embedded, and by what. */
export interface EmbedRequest extends EmbedderOptions {
  /** Path of a ticket, of a model of `slt train`, or of a Hugging Face folder. */
  readonly model: string
  /** At least one; none empty. */
  readonly texts: readonly string[]
  /** Most texts at a time, an integer >= 1; default 32, of a pruned ticket 128. */
  readonly batch?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** A line for what the user should know: files that were not read, texts that were cut. */
  onNote?(line: string): void
  /** @param done of `total` texts */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** The embeddings of some texts, and how they were made. */
export interface EmbedReport extends Embeddings, Omit<Embedder, 'embed' | 'close'> {
  readonly model: string
  /** Number of texts, n. */
  readonly texts: number
}

/**
 * Sentence embeddings of some texts; see {@link openEmbedder}.
 * @throws as `openEmbedder` and `Embedder.embed` do; RangeError for no text at all
 */
export async function embedTexts(request: EmbedRequest): Promise<EmbedReport> {
  const { model, texts, batch, signal, onNote, onProgress } = request
  if (texts.length === 0) throw new RangeError('"texts" expected at least one text, got none')
  expectTexts(texts)
  const { embed, close, ...facts } = await openEmbedder(model, request)
  try {
    for (const warning of facts.warnings) onNote?.(warning)
    if (facts.items !== null) onNote?.(literalNote(facts.items))
    const found = await embed(texts, { batch, signal, onProgress })
    const cut = truncationNote(found.truncated, facts)
    if (cut !== undefined) onNote?.(cut)
    return { model, texts: texts.length, ...facts, ...found, warnings: cut ? [...facts.warnings, cut] : facts.warnings }
  } finally {
    await close()
  }
}

/** What is said of texts that were cut; undefined where there are none. */
function truncationNote(
  [first, ...more]: readonly number[],
  { maxLength, truncationSide }: Pick<Embedder, 'maxLength' | 'truncationSide'>,
): string | undefined {
  if (first === undefined) return undefined
  const which =
    more.length === 0 ? `text ${first + 1} is` : `${more.length + 1} texts, the first is text ${first + 1}, are`
  return `${which} longer than ${maxLength} tokens: the ${truncationSide === 'left' ? 'last' : 'first'} ${maxLength} are read`
}
