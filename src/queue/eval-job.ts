/** Evaluations of tickets and models on a text as jobs. */
import { evaluateTicket, type TextPart } from '../jobs/searched-eval.js'
import { hashOfInput } from './inputs.js'
import { createJob, type Job, type JobInput, type JsonObject } from './job.js'
import type { JobContext, JobFindings } from './kind.js'

/** What an evaluation's result depends on beside model and text; see `EvalRequest`. */
export interface EvalSettings {
  readonly part?: TextPart
  readonly tokenizer?: string
  readonly raw?: boolean
  readonly windows?: number
  readonly batch?: number
}

/**
 * @param ticket a ticket, a model of `slt train`, or a Hugging Face folder
 * @param bytes of its weights as float32
 */
export function createEvalJob(options: {
  readonly label: string
  readonly settings: EvalSettings
  readonly ticket: JobInput
  readonly data: JobInput
  /** Of a folder; one that its name tells is among the settings. */
  readonly tokenizer?: JobInput
  readonly bytes: number
  readonly threads: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
}): Job {
  const { label, settings, ticket, data, tokenizer, bytes, threads, device } = options
  const needs = { bytes: 500e6 + 3 * bytes, device }
  const request = { ...settings, threads, device }
  const inputs = { ticket, data, ...(tokenizer && { tokenizer }) }
  const hashes = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, hashOfInput(input)]))
  return createJob({ kind: 'eval', label, request, inputs, needs }, { ...request, ...hashes })
}

export async function runEvalJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const { inputs, signal } = context
  const { threads, device, ...settings } = request as unknown as EvalSettings & {
    readonly threads: number
    readonly device: 'cpu' | 'webgpu' | 'cuda'
  }
  const report = await evaluateTicket({
    ...settings,
    ...(inputs as { readonly ticket: string; readonly data: string; readonly tokenizer?: string }),
    threads,
    device,
    signal,
    onNote: (line) => context.onNote(line),
    onProgress: (done, total) => context.onProgress(done, total, 'windows'),
  })
  const { kind, part, windows, length, hidden, tokens, bytes, loss, perplexity, bitsPerByte } = report
  return { values: { kind, part, windows, length, hidden, tokens, bytes, loss, perplexity, bitsPerByte }, files: {} }
}
