import { bytesOfTokens, type Corpus, createTokens, type Tokens, validationStarts } from '../data/index.js'
import { type DeviceName, openGraphRunner } from '../engine/device.js'
import { loadKernels } from '../engine/node.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import { runTernary } from '../engine/running-model.js'
import type { WeightsChoice, WeightsName } from '../engine/weights-choice.js'
import { familyOf } from '../families/family.js'
import type { Gpt2Config } from '../families/gpt2/config.js'
import type { Activations } from '../families/ternary-graph.js'
import { openCorpus } from '../files/corpus-files.js'
import { type ReadRecord, recordParts } from '../files/run-record.js'
import type { GraphRunner } from '../graph/index.js'
import { openLiteralModel } from '../prune/verify.js'
import { InputError } from '../safetensors/index.js'
import type { LossEvaluator } from '../search/loss-evaluator.js'
import { createMaskedValidation, type Hiding, hiddenText } from '../search/masked-validation.js'
import { createValidation, lastWindows } from '../search/validation.js'
import type { OpenOptions, SearchedTicket } from '../ticket/index.js'
import { literalNote } from './literal-note.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { chooseRun } from './open-model.js'
import { type KeptReport, keptReport } from './searched-kept.js'
import { createDenseLoss, createLogitsLoss, createSearchedLoss } from './searched-loss.js'
import { loadModelTokenizer, paddingNotes } from './searched-text.js'

/** Which part of a text is read: `valid` is its last tenth, `train` what comes before. */
export const textParts = ['all', 'train', 'valid'] as const
export type TextPart = (typeof textParts)[number]

/** What is to be evaluated. */
export interface EvalRequest extends OpenOptions {
  /** Path of a ticket, of a model of `slt train`, or of a Hugging Face folder. Of encoders only those of `slt search` and `slt train`. */
  readonly ticket: string
  /** A text, a folder of them or a file of tokens; see `openCorpus`. */
  readonly data: string
  /** Default: `valid` where the data is the very text of the ticket's search, `all` otherwise. */
  readonly part?: TextPart | undefined
  /** `bytes`, `gpt2` or a folder with a `tokenizer.json`; default: the ticket's or the folder's. */
  readonly tokenizer?: string | undefined
  /** Take the bytes of every file as they are; see `openCorpus`. */
  readonly raw?: boolean | undefined
  /** So many windows of the model's context, an integer >= 1, fewer where the text has room for fewer; default: 2^17 tokens of them, at least 32. */
  readonly windows?: number | undefined
  /** Windows at a time, an integer >= 1, which the loss does not depend on; default: as in the search, or 8, at most 64 and 1 GiB of logits. */
  readonly batch?: number | undefined
  /** Of an encoder: decides which tokens are hidden, unsigned 64-bit; default: the seed of the run that made it. */
  readonly hidingSeed?: bigint | undefined
  readonly device?: DeviceName | undefined
  readonly threads?: number | undefined
  /** How weights are held; `auto`, the default, is float32, because texts are read whole. See `OpenModelOptions`. */
  readonly weights?: WeightsName | undefined
  readonly activations?: Activations | undefined
  readonly signal?: AbortSignal | undefined
  onNote?(line: string): void
  onProgress?(done: number, total: number): void
}

/** How well a ticket, or the model of a folder, predicts a text. */
export interface EvalReport {
  /** Path of the ticket, model or folder. */
  readonly ticket: string
  readonly kind: ModelSource['kind']
  readonly data: string
  /** Files, bytes and tokens of the data. */
  readonly read: ReadRecord
  readonly part: TextPart
  readonly tokenizer: string
  readonly windows: number
  /** Tokens a window. */
  readonly length: number
  /** Whether what is predicted are tokens that were hidden from an encoder, and not the next ones. */
  readonly hidden: boolean
  /** Tokens predicted. */
  readonly tokens: number
  /** Bytes of text that these stand for. */
  readonly bytes: number
  /** Nats a token. */
  readonly loss: number
  readonly perplexity: number
  readonly bitsPerByte: number
  /** What the search recorded on its validation text, or null. */
  readonly recordedLoss: number | null
  /** Null for a pruned ticket and for a folder. */
  readonly kept: KeptReport | null
  /** A line each for what was not read of a folder, or was read as something else of the text. */
  readonly warnings: readonly string[]
  /** What its weights were held as, and why. */
  readonly weights: WeightsChoice
  readonly device: string
  readonly reason: string
  /** The same in a few words. */
  readonly summary: string
}

const MOST_BATCH = 64
const MOST_LOGITS = 2 ** 28

/**
 * The loss of a model on windows spread evenly over a text: every token of a window is predicted from those before it in the window. An encoder predicts the
 * tokens that are hidden from it instead. Of a searched ticket also how much of each matrix the masks keep.
 * @throws InputError for a file, or an encoder that has not learned hidden tokens; RangeError for a value, the signal's reason when it aborts
 */
export async function evaluateTicket(request: EvalRequest): Promise<EvalReport> {
  const source = await openModelSource(request.ticket, request)
  try {
    const { config, ticket } = source
    const hiding = hidingOf(source, request.hidingSeed)
    const search = ticket?.kind === 'searched' ? ticket.metadata.search : null
    const tokenizer = await loadModelTokenizer(source, request.tokenizer)
    const { signal } = request
    const { data, raw } = request
    const corpus = await openCorpus({ data, tokenizer, raw, signal })
    const warnings = [...source.warnings, ...paddingNotes(source.path, tokenizer), ...corpus.warnings]
    for (const warning of warnings) request.onNote?.(warning)
    if (ticket?.kind === 'pruned') request.onNote?.(literalNote(ticket.metadata.construction.items))
    const isOwn = search !== null && search.corpus.sha256 === corpus.sha256
    const part = request.part ?? (isOwn ? 'valid' : 'all')
    const text = partOf(corpus, part)
    const length = config.positions
    const room = Math.floor((text.length - 1) / length)
    if (room < 1) {
      const found = part === 'all' ? '' : ` in the part "${part}"`
      throw new InputError(`${data}: ${text.length} tokens${found}; the model's context needs at least ${length + 1}`)
    }
    const windows = request.windows ?? lastWindows(length)
    const batch = Math.min(request.batch ?? usualBatch(config, search?.batch), windows, room)

    const kept = ticket?.kind === 'searched' ? await keptReport(ticket) : null
    const opened = await openGraphRunner({ device: request.device, threads: request.threads })
    const { runner, device, reason, summary } = opened
    const weights = await chooseRun(source, runner, request, false)
    const evaluator =
      weights.weights === '2bit'
        ? await createTernaryLoss(ticket as SearchedTicket, runner, request, batch, length)
        : await createLoss(source, runner, batch, length)
    try {
      const starts = validationStarts(text.length, length, windows)
      const count = starts.length
      let done = 0
      const counted = {
        ...evaluator,
        async run() {
          const losses = await evaluator.run()
          done = Math.min(done + batch, count)
          request.onProgress?.(done, count)
          return losses
        },
      }
      const validated = { name: data, text, tokenizer, batch, windows }
      const hidden = hiding && hiddenText(counted, validated, hiding)
      const validate = hiding
        ? createMaskedValidation(counted, validated, hiding, signal)
        : createValidation(counted, validated, signal)
      const { validLoss, bitsPerByte } = await validate()
      return {
        ticket: request.ticket,
        kind: source.kind,
        data,
        read: recordParts(corpus.parts)[0],
        part,
        tokenizer: tokenizer.name,
        windows: count,
        length,
        hidden: hidden !== undefined,
        tokens: hidden?.tokens ?? count * length,
        bytes:
          hidden?.bytes ??
          starts.reduce(
            (sum, start) => sum + bytesOfTokens(tokenizer, text.subarray(start + 1, start + 1 + length)),
            0,
          ),
        loss: validLoss,
        perplexity: Math.exp(validLoss),
        bitsPerByte,
        recordedLoss: search?.validLoss ?? null,
        kept,
        warnings,
        weights,
        device,
        reason,
        summary,
      }
    } finally {
      await evaluator.release()
    }
  } finally {
    await source.close()
  }
}

/**
 * How tokens are hidden from an encoder; undefined for other models.
 * @param seed default: the seed of the run that made it
 * @throws InputError for an encoder that neither a search nor `slt train` made: the head by which it predicts hidden tokens is not read
 */
export function hidingOf({ path, config, seed: own }: ModelSource, seed = own): Hiding | undefined {
  const { task, title } = familyOf(config)
  if (task === 'causal') return undefined
  if (own !== null && seed !== null) return { config, seed }
  throw new InputError(
    `${path}: is a ${title}, an encoder that neither slt search nor slt train made, and has no loss (its head for hidden tokens is not read); slt embed embeds texts with it`,
  )
}

/** Windows that are evaluated at a time unless said otherwise. @param searched as many as a step of the search had */
export function usualBatch(
  { positions, vocabulary }: Pick<Gpt2Config, 'positions' | 'vocabulary'>,
  searched = 8,
): number {
  return Math.max(1, Math.min(MOST_BATCH, searched, Math.floor(MOST_LOGITS / (positions * vocabulary))))
}

/** The tokens of a part of a corpus. */
export function partOf({ train, valid, tokenizer }: Corpus, part: TextPart): Tokens {
  if (part !== 'all') return part === 'train' ? train : valid
  const all = createTokens(tokenizer.vocabulary, train.length + valid.length)
  all.set(train)
  all.set(valid, train.length)
  return all
}

async function createTernaryLoss(
  ticket: SearchedTicket,
  runner: GraphRunner,
  { activations }: EvalRequest,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  const { model, release } = await runTernary(runner, await loadKernels(), ticket, activations)
  return { ...createLogitsLoss(model, batch, length), release }
}

async function createLoss(
  { ticket, config, weights }: ModelSource,
  runner: GraphRunner,
  batch: number,
  length: number,
): Promise<LossEvaluator> {
  if (ticket === null) return createDenseLoss(runner, config, await weights(), batch, length)
  if (ticket.kind === 'searched') {
    return createSearchedLoss(runner, await rebuildTicket(ticket), batch, length)
  }
  const model = await openLiteralModel({ runner, kernels: await loadKernels() }, ticket)
  return { ...createLogitsLoss(model, batch, length), release: () => model.release() }
}
