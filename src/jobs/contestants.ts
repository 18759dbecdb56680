import { isTokenizerName } from '../data/index.js'
import { familyOf } from '../families/index.js'
import { type CorpusOptions, openCorpus } from '../files/corpus-files.js'
import { nodeSha256 } from '../files/sha256.js'
import { InputError } from '../safetensors/index.js'
import type { OpenOptions } from '../ticket/index.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { type OwnTokenizer, tokenizerAt } from './own-tokenizer.js'
import { hidingOf, type TextPart } from './searched-eval.js'
import { loadModelTokenizer, paddingNotes } from './searched-text.js'

/** A model that is to be compared: what is known of it before it runs. */
export interface Contestant {
  readonly path: string
  /** Which mask of its ticket was asked for, or null. */
  readonly mask: string | null
  /** With the mask where one was asked for. */
  readonly name: string
  readonly kind: ModelSource['kind']
  /** Whether it predicts the next token, or reads a text as a whole. */
  readonly task: 'causal' | 'encoder'
  /** What its weights are stored as: `ticket`, `F32`, `F16`, ... */
  readonly dtype: ModelSource['dtype']
  /** Bytes on disk: of the file, or of a folder's weight files. */
  readonly bytes: number
  /** Of a searched ticket its masked weights and learned norms; of others those of its family, biases too. */
  readonly parameters: number
  readonly context: number
  readonly vocabulary: number
  /** Its own, or the one that was asked for where it names none: `bytes`, `gpt2`, or the folder whose tokenizer.json reads texts. */
  readonly tokenizer: string | null
  /** The same for all tokenizers that give the same tokens: the name of ours, or the SHA-256 of a tokenizer.json. */
  readonly tokenizerId: string | null
  /** A line each for what a folder holds and was not read. */
  readonly warnings: readonly string[]
  /** Of the corpus that a ticket was searched on, or null. */
  readonly learnt: string | null
  /** Of the run that made it, or null. */
  readonly seed: bigint | null
}

/**
 * Opens, checks and closes models, one after another.
 * @param otherwise tokenizer of those that name none: `bytes`, `gpt2` or a folder
 * @param options.memoryLimit of each ticket; see `openTicket`
 * @param options.masks which mask of each ticket; default: its first
 * @param options.hasLoss whether losses are computed: refuses an encoder that has none, and encoders beside models that write
 * @param options.isTimed whether models are timed: refuses encoders beside models that write
 * @throws InputError when one is unsound or refused; RangeError when a tokenizer's vocabulary is not the model's
 */
export async function openContestants(
  paths: readonly string[],
  otherwise: string | undefined,
  {
    hasLoss = false,
    isTimed = false,
    masks = [],
    memoryLimit,
  }: OpenOptions & { hasLoss?: boolean; isTimed?: boolean; masks?: readonly (string | undefined)[] | undefined } = {},
): Promise<Contestant[]> {
  const found: Contestant[] = []
  for (const [i, path] of paths.entries()) {
    const mask = masks[i]
    const source = await openModelSource(path, { memoryLimit, mask })
    try {
      const { name, kind, dtype, bytes, config, ticket } = source
      const { task } = familyOf(config)
      if (hasLoss) hidingOf(source)
      if (hasLoss || isTimed) expectSameTask({ path, task }, found[0])
      const own = source.tokenizer ?? (source.hasOtherTokenizer ? path : undefined)
      const tokenizer = own ?? otherwise ?? null
      const loaded = tokenizer === null ? null : await loadModelTokenizer(source, tokenizer) // does its vocabulary fit?
      found.push({
        path,
        mask: mask ?? null,
        name: mask === undefined ? name : `${name}, ${mask}`,
        kind,
        task,
        dtype,
        bytes,
        parameters: source.parameters,
        context: config.positions,
        vocabulary: config.vocabulary,
        tokenizer,
        tokenizerId:
          loaded &&
          (loaded.name === 'folder' ? await tokenizerSha256(tokenizer === path ? source : tokenizer!) : loaded.name),
        warnings: [...source.warnings, ...(loaded ? paddingNotes(path, loaded) : [])],
        learnt: ticket?.kind === 'searched' ? (ticket.metadata.search?.corpus.sha256 ?? null) : null,
        seed: source.seed,
      })
    } finally {
      await source.close()
    }
  }
  return found
}

type Tasked = Pick<Contestant, 'path' | 'task'>

/** Neither losses nor speeds of the two kinds compare. @throws InputError for models of two kinds */
function expectSameTask(one: Tasked, first: Tasked | undefined): void {
  if (first === undefined || one.task === first.task) return
  const [encoder, other] = one.task === 'encoder' ? [one, first] : [first, one]
  throw new InputError(
    `${encoder.path}: is an encoder, which predicts hidden tokens, and ${other.path} predicts the next one: neither loss nor speed compares (--runs 0 without --data compares sizes)`,
  )
}

/** Of the `tokenizer.json` of a model, or of a folder or a GGUF file. */
async function tokenizerSha256(from: OwnTokenizer | string): Promise<string> {
  const { openTokenizer } = typeof from === 'string' ? await tokenizerAt(from) : from
  const hash = nodeSha256()
  const file = await openTokenizer!('tokenizer.json')
  hash.update(await file.read(0, file.size).finally(() => file.close?.()))
  return hash.digest()
}

/** The last tenth where the text is that of any ticket's search, all of it otherwise. */
export async function commonPart(
  contestants: readonly Contestant[],
  data: string,
  options: Pick<CorpusOptions, 'raw' | 'signal'>,
): Promise<TextPart> {
  const names = new Set(
    contestants.flatMap(({ tokenizer }) => (tokenizer && isTokenizerName(tokenizer) ? [tokenizer] : [])),
  )
  for (const tokenizer of names) {
    const { sha256 } = await openCorpus({ data, tokenizer, ...options })
    if (contestants.some(({ learnt }) => learnt === sha256)) return 'valid'
  }
  return 'all'
}
