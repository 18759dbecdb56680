/** Searches and dense trainings as jobs. */
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Corpus } from '../data/index.js'
import { matricesOf } from '../families/family.js'
import { makeFolder, readTextIfThere, writeTextAtomically } from '../files/files.js'
import { identityOf } from '../files/run-record.js'
import { type SearchReport, search } from '../jobs/search.js'
import { readMetricsRow } from '../search/metrics.js'
import { chooseSettings, type SearchSettings, type SettingsChoice } from '../search/settings.js'
import { createJob, type Job, type JobInput, type JsonObject } from './job.js'
import type { JobContext, JobFindings } from './kind.js'

/** A search or a training to be run. */
export interface SearchJobOptions {
  readonly label: string
  readonly choice: SettingsChoice
  /** Read from the inputs. */
  readonly corpus: Corpus
  /** The texts of the corpus in the store; absent for a task. */
  readonly inputs: { readonly data?: JobInput; readonly valid?: JobInput; readonly tokenizer?: JobInput }
  /** SHA-256 of a folder's tokenizer, which is among the inputs then. */
  readonly tokenizer?: string | undefined
  /** Stores the trained model beside what was found of it. Tickets are always stored. */
  readonly keepModel?: boolean
  /** Whether the texts' bytes were taken as they are. */
  readonly raw: boolean
  /** The last bits of a result depend on both. */
  readonly threads: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
  /** Steps between validations during the run; 0 is never. */
  readonly validateEvery: number
}

/** @throws RangeError or TypeError for a setting */
export function createSearchJob(options: SearchJobOptions): Job {
  const { label, choice, corpus, inputs, tokenizer, raw, threads, device, validateEvery } = options
  const keepModel = options.keepModel === true && choice.kind === 'train'
  const settings = chooseSettings(choice, corpus.tokenizer)
  const name = inputs.data?.name ?? corpus.name // it stands in the ticket
  const { seed, dataSeed, ...plain } = choice
  const request = {
    choice: JSON.parse(JSON.stringify(plain)),
    ...(seed !== undefined && { seed: String(seed) }),
    ...(dataSeed !== undefined && { dataSeed: String(dataSeed) }),
    tokenizer: settings.task || tokenizer !== undefined ? null : corpus.tokenizer.name,
    ...(keepModel && { keepModel }),
    raw,
    threads,
    device,
    validateEvery,
  } satisfies JsonObject
  const needs = { bytes: searchBytes(settings, corpus.train.length + corpus.valid.length), device }
  const forms = corpus.parts.map(({ files }) => files.map(({ form }) => form))
  const isPlain = forms.flat().every((form) => form === 'text')
  const shared = {
    ...{ name, threads, device, validateEvery },
    ...(keepModel && { keepModel }),
    ...(!isPlain && { forms }), // the same bytes may be read as they are, or as tokens
  }
  const identity = { ...identityOf(settings, corpus, tokenizer), ...shared }
  return createJob({ kind: 'search', label, request, inputs: { ...inputs }, needs }, identity)
}

/** Runs a search or a training, or goes on with one whose run folder was saved. */
export async function runSearchJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const asked = request as unknown as SearchJobRequest
  const { seed, dataSeed, keepModel, raw, threads, device, validateEvery } = asked
  const choice: SettingsChoice = {
    ...asked.choice,
    ...(seed !== undefined && { seed: BigInt(seed) }),
    ...(dataSeed !== undefined && { dataSeed: BigInt(dataSeed) }),
  }
  const { kind, ...settings } = choice
  const { inputs, signal } = context
  const tokenizer = inputs.tokenizer ?? asked.tokenizer
  const folder = join(context.folder, RUN)
  await makeFolder(folder) // the result goes there too
  const isBegun = (await readTextIfThere(join(folder, 'run.json'))) !== undefined
  const out = join(folder, kind === 'search' ? 'ticket.slt.safetensors' : 'trained.safetensors')
  let steps = 0 // known when it starts
  const report = await search({
    kind,
    choice: settings,
    ...(inputs.data !== undefined && { data: inputs.data, raw }),
    ...(inputs.valid !== undefined && { valid: inputs.valid }),
    ...(tokenizer !== null && { tokenizer }),
    out,
    ...(isBegun ? { resume: folder } : { run: folder }),
    cadence: { validateEvery, sampleEvery: 0, checkpointSeconds: context.checkpointSeconds },
    device,
    threads,
    signal,
    onStart(start) {
      steps = start.settings.steps
    },
    onStep: ({ step, loss }) => context.onProgress(step, steps, `loss ${loss.toPrecision(3)}`, loss),
    onNote: (line) => context.onNote(line),
    onCheckpoint(step) {
      const copy = small.filter((path) => existsSync(join(context.folder, path))) // a task has no text, and writes no samples
      return context.save(step, { link: [`${RUN}/checkpoint.safetensors`], copy })
    },
  })
  const curve = join(context.folder, 'curve.jsonl')
  await writeTextAtomically(curve, await curveText(join(folder, 'metrics.jsonl')), { replaces: 'anything' })
  const made = kind === 'search' ? { ticket: out } : keepModel && { model: out }
  return { values: valuesOf(report), files: { 'curve.jsonl': curve, ...made } }
}

const RUN = 'run'
const small = ['run.json', 'corpus.jsonl', 'metrics.jsonl', 'samples.txt'].map((name) => `${RUN}/${name}`)

interface SearchJobRequest {
  readonly choice: Omit<SettingsChoice, 'seed' | 'dataSeed'>
  readonly seed?: string
  readonly dataSeed?: string
  readonly tokenizer: string | null
  readonly keepModel?: boolean
  readonly raw: boolean
  readonly threads: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
  readonly validateEvery: number
}

/** What a run has found, without its times, which differ from run to run. */
function valuesOf(report: SearchReport): JsonObject {
  const { settings, weights, validLoss, perplexity, bitsPerByte, accuracy, keptFraction, attentionDeviation } = report
  const nonZero = report.matrices.reduce((sum, { kept }) => sum + kept, 0)
  const found = { settings, weights, nonZero, validLoss, perplexity, bitsPerByte, accuracy, keptFraction }
  return JSON.parse(JSON.stringify({ ...found, attentionDeviation, outBytes: report.outBytes }))
}

/** The lines of `metrics.jsonl` without seconds. */
async function curveText(path: string): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const row = readMetricsRow(line)
    if (row === undefined) continue
    const { seconds: _, tokensPerSecond: __, ...same } = row
    lines.push(`${JSON.stringify(same)}\n`)
  }
  return lines.join('')
}

/** A process with Node, ONNX Runtime and the kernels, before any array. */
const BASE_BYTES = 300e6

/**
 * An estimate of the most memory that a search or a training takes.
 * Each weight has six float32 in a search (weight, what the loss sees, gradient, score, two moments), four in training, and in int8 two codes. Weights of integers have two more
 * bytes, which the estimate takes every search to have. Activations are counted as the
 * loss graph keeps them: about 20 widths, 3 feed-forward widths and the attention's probabilities a layer, and three arrays of logits.
 * @param tokens of the corpus
 */
export function searchBytes({ kind, config, microBatch, arithmetic }: SearchSettings, tokens: number): number {
  const {
    layers,
    width,
    heads,
    positions,
    vocabulary,
    inner = 4 * width,
  } = config as SearchSettings['config'] & {
    readonly inner?: number
  }
  const weights = matricesOf(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const rows = microBatch * positions
  const activations = layers * rows * (20 * width + 3 * inner + 2 * heads * positions) + 3 * rows * vocabulary
  const codes = (arithmetic === 'int8' ? 2 * weights : 0) + (kind === 'search' ? 2 * weights : 0)
  return BASE_BYTES + 4 * ((kind === 'search' ? 6 : 4) * weights + activations) + codes + 4 * tokens
}
