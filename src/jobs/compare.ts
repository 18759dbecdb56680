import { askChild } from '../engine/child-question.js'
import type { WeightsName } from '../engine/weights-choice.js'
import { InputError } from '../safetensors/index.js'
import type { OpenOptions } from '../ticket/index.js'
import { type LoadTiming, timeLoad } from './compare-load.js'
import type { MemoryAnswer } from './compare-probe.js'
import { type Contestant, commonPart, openContestants } from './contestants.js'
import { missingTokenizer } from './missing-tokenizer.js'
import { evaluateTicket, type TextPart } from './searched-eval.js'
import { loadModelTokenizer, namedTokenizer } from './searched-text.js'

/** What is to be compared, and on what. */
export interface CompareRequest extends Omit<OpenOptions, 'mask'> {
  /** Which mask of each ticket that holds several, in the order of the paths; default: its first. */
  readonly masks?: readonly (string | undefined)[] | undefined
  /** Tickets, models of `slt train` and Hugging Face folders; at least one. The others are compared with the first. */
  readonly paths: readonly string[]
  /** A text, a folder of them or a file of tokens. Without it no loss is computed. */
  readonly data?: string | undefined
  /** Default: `valid` where the data is the text of any ticket's search, else `all`; the same for all. */
  readonly part?: TextPart | undefined
  /** Tokenizer for models that name none: `bytes`, `gpt2` or a folder with a `tokenizer.json`. */
  readonly tokenizer?: string | undefined
  /** Take the bytes of every file of the data as they are; see `openCorpus`. */
  readonly raw?: boolean | undefined
  /** At most so many windows of a model's context; default: 2^17 tokens of them. */
  readonly windows?: number | undefined
  /** Loadings of each that count, an integer >= 0; default 5. With 0 nothing is timed. */
  readonly runs?: number | undefined
  /** Tokens that are generated and timed in each, an integer >= 1; default 64, less where a context is short. */
  readonly count?: number | undefined
  readonly threads?: number | undefined
  /** How weights are held where models write: default `auto`; see `OpenModelOptions`. Losses are computed with float32. */
  readonly weights?: WeightsName | undefined
  readonly signal?: AbortSignal | undefined
  onNote?(line: string): void
  onProgress?(done: number, total: number, what: string): void
}

/** One of those that are compared. */
export interface ComparedModel extends Omit<Contestant, 'seed'> {
  /** Bits of the file or folder over its parameters. */
  readonly bitsPerWeight: number
  /** On the text; null without one. */
  readonly loss: {
    readonly nats: number
    readonly bitsPerByte: number
    /** Predicted, and bytes of the text that they stand for. */
    readonly tokens: number
    readonly bytes: number
  } | null
  /** Medians over the loadings; null where none was asked for. */
  readonly speed: (LoadTiming & { readonly runs: number }) | null
  /** Most memory of a process that loads it and generates, Node and ONNX Runtime included; null where that is not known. */
  readonly peakBytes: number | null
}

/** A comparison. */
export interface CompareReport {
  readonly data: string | null
  readonly part: TextPart | null
  /** Whether losses in nats a token compare: all read the text as the same tokens. Bits a byte always do. */
  readonly sameTokens: boolean
  /** Tokens read and generated where speed was timed; encoders read so many tokens so many times. */
  readonly prompt: number
  readonly count: number
  readonly models: readonly ComparedModel[]
}

const PROMPT_TEXT = 'Once upon a time there was a seed'
const PROMPT_TOKENS = 16
const COUNT = 64
/** Longer than any of our models takes to load. */
const PATIENCE = 600_000 // ms

/**
 * Compares models side by side: size, loss on one text, time to load, tokens a second, memory. Encoders are compared with encoders: the loss is that of
 * the same hidden tokens for all, and the tokens are read. All run on the CPU. Timed
 * rounds alternate between the models, the order turned round each time, after one round that is not counted; each loads from scratch
 * (the files then lie in the system's cache).
 * @throws InputError for a file, RangeError for a value, the signal's reason when it aborts
 */
export async function compareModels(request: CompareRequest): Promise<CompareReport> {
  const { paths, data, runs = 5, signal } = request
  checkRequest(request)
  if (request.tokenizer !== undefined) await namedTokenizer(request.tokenizer) // checks it before models are opened
  const { memoryLimit, masks } = request
  const options = { memoryLimit, masks, hasLoss: data !== undefined, isTimed: runs > 0 }
  const contestants = await openContestants(paths, request.tokenizer, options)
  const onNote = onceEach((line) => request.onNote?.(line))
  for (const warning of contestants.flatMap(({ warnings }) => warnings)) onNote(warning)
  if (data !== undefined) {
    const nameless = contestants.find(({ tokenizer }) => tokenizer === null)
    if (nameless) throw new InputError(`${nameless.path}: ${missingTokenizer(nameless.vocabulary)}`)
  }
  const steps = contestants.length * ((data === undefined ? 0 : 1) + (runs > 0 ? runs + 2 : 0))
  let done = 0
  const step = (what: string) => {
    signal?.throwIfAborted()
    request.onProgress?.(done++, steps, what)
  }
  const { part, losses } = await lossesOf(contestants, { ...request, onNote }, step)
  const { prompt, count } = lengthsOf(contestants, request)
  const speeds = runs > 0 ? await timeAll(contestants, { prompt, count }, request, step) : null
  const models: ComparedModel[] = []
  for (const [i, contestant] of contestants.entries()) {
    const peakBytes = speeds ? await memoryOf(contestant, { prompt, count }, request, step) : null
    const bitsPerWeight = (8 * contestant.bytes) / contestant.parameters
    const { seed: _, ...known } = contestant
    models.push({ ...known, bitsPerWeight, loss: losses?.[i] ?? null, speed: speeds?.[i] ?? null, peakBytes })
  }
  const [first] = contestants
  const sameTokens = contestants.every(({ tokenizerId }) => tokenizerId !== null && tokenizerId === first.tokenizerId)
  return { data: data ?? null, part, sameTokens, prompt, count, models }
}

function checkRequest({ paths, runs = 5, count, windows }: CompareRequest): void {
  if (paths.length === 0) throw new RangeError('"paths" expected at least one model, got none')
  if (!Number.isSafeInteger(runs) || runs < 0) throw new RangeError(`"runs" expected an integer >= 0, got ${runs}`)
  for (const [name, value] of Object.entries({ count, windows })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
      throw new RangeError(`"${name}" expected an integer >= 1, got ${value}`)
    }
  }
}

/** Passes a line on when it comes for the first time. */
function onceEach(note: (line: string) => void): (line: string) => void {
  const noted = new Set<string>()
  return (line) => {
    if (!noted.has(line)) note(line)
    noted.add(line)
  }
}

type Step = (what: string) => void

async function lossesOf(contestants: readonly Contestant[], request: CompareRequest, step: Step) {
  const { data, raw, windows, threads, signal } = request
  if (data === undefined) return { part: null, losses: null }
  const part = request.part ?? (await commonPart(contestants, data, { raw, signal }))
  const losses: NonNullable<ComparedModel['loss']>[] = []
  for (const { path, mask, name, tokenizer } of contestants) {
    step(`loss of ${name}`)
    const { loss, bitsPerByte, tokens, bytes } = await evaluateTicket({
      ticket: path,
      data,
      part,
      tokenizer: tokenizer!,
      raw,
      windows,
      hidingSeed: contestants[0].seed ?? undefined, // the same tokens are hidden from all
      threads,
      memoryLimit: request.memoryLimit,
      mask: mask ?? undefined,
      device: 'cpu',
      signal,
      onNote: (line) => request.onNote?.(line),
    })
    losses.push({ nats: loss, bitsPerByte, tokens, bytes })
  }
  return { part, losses }
}

/** Tokens of the prompt and tokens to generate: the same for all, within the shortest context, with the two that are not timed. */
function lengthsOf(contestants: readonly Contestant[], { count, runs }: CompareRequest) {
  const shortest = Math.min(...contestants.map(({ context }) => context))
  if (runs === 0) return { prompt: 0, count: 0 }
  if (shortest < 4)
    throw new InputError(`a context of ${shortest} tokens is too short to time (--runs 0 times nothing)`)
  const prompt = Math.min(PROMPT_TOKENS, Math.max(1, Math.floor(shortest / 4)))
  const room = shortest - prompt - 2
  if (count !== undefined && count > room) {
    throw new RangeError(`"count" expected at most ${room} tokens in a context of ${shortest}, got ${count}`)
  }
  return { prompt, count: count ?? Math.min(COUNT, room) }
}

interface Lengths {
  readonly prompt: number
  readonly count: number
}

/** The beginning of one text; of a model without a tokenizer, the first tokens of its vocabulary. */
async function promptOf({ vocabulary, tokenizer }: Contestant, length: number): Promise<number[]> {
  if (tokenizer === null) return Array.from({ length }, (_, i) => i % vocabulary)
  const named = { ...(await namedTokenizer(tokenizer)), config: { vocabulary } }
  const tokens = (await loadModelTokenizer(named)).encode(PROMPT_TEXT.repeat(length))
  return Array.from(tokens.subarray(0, length))
}

async function timeAll(contestants: readonly Contestant[], lengths: Lengths, request: CompareRequest, step: Step) {
  const { runs = 5, threads, memoryLimit, weights } = request
  const timings = contestants.map((): LoadTiming[] => [])
  for (let round = 0; round <= runs; round++) {
    const order = contestants.map((_, i) => (round % 2 === 0 ? i : contestants.length - 1 - i))
    for (const i of order) {
      const { path, name, task } = contestants[i]
      const mask = contestants[i].mask ?? undefined
      step(`${round === 0 ? 'warm-up' : `loading ${round} of ${runs}`} of ${name}`)
      const prompt = await promptOf(contestants[i], lengths.prompt)
      const isEncoder = task === 'encoder'
      const timing = await timeLoad({
        path,
        mask,
        isEncoder,
        prompt,
        count: lengths.count,
        threads,
        memoryLimit,
        weights,
      })
      if (round > 0) timings[i].push(timing)
    }
  }
  return timings.map((own) => {
    const middle = (of: (timing: LoadTiming) => number) => median(own.map(of))
    return {
      runs,
      load: middle(({ load }) => load),
      firstToken: middle(({ firstToken }) => firstToken),
      tokensPerSecond: middle(({ tokensPerSecond }) => tokensPerSecond),
      weights: own[0].weights,
    }
  })
}

async function memoryOf(contestant: Contestant, lengths: Lengths, request: CompareRequest, step: Step) {
  const { path, name, task } = contestant
  const mask = contestant.mask ?? undefined
  step(`memory of ${name}`)
  const prompt = await promptOf(contestant, lengths.prompt)
  const { threads, memoryLimit, weights } = request
  const isEncoder = task === 'encoder'
  const question = { path, mask, isEncoder, prompt, count: lengths.count, threads, memoryLimit, weights }
  const options = { patience: PATIENCE, signal: request.signal }
  const { answer, failure } = await askChild<typeof question, MemoryAnswer>('jobs/compare-probe.js', question, options)
  const error = failure ?? answer?.error
  if (error !== undefined) request.onNote?.(`${path}: its memory is not known: ${error}`)
  return answer?.peakBytes ?? null
}

/** Middle value, of an even number the mean of the two. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}
