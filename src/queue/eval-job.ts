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
  readonly bytes: number
  readonly threads: number
  readonly device: 'cpu' | 'webgpu' | 'cuda'
}): Job {
  const { label, settings, ticket, data, bytes, threads, device } = options
  const needs = { bytes: 500e6 + 3 * bytes, device }
  const request = { ...settings, threads, device }
  const identity = { ...request, ticket: hashOfInput(ticket), data: hashOfInput(data) }
  return createJob({ kind: 'eval', label, request, inputs: { ticket, data }, needs }, identity)
}

export async function runEvalJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const { inputs, signal } = context
  const { threads, device, ...settings } = request as unknown as EvalSettings & {
    readonly threads: number
    readonly device: 'cpu' | 'webgpu' | 'cuda'
  }
  const { ticket, data } = inputs
  const report = await evaluateTicket({
    ...settings,
    ticket,
    data,
    threads,
    device,
    signal,
    onNote: (line) => context.onNote(line),
    onProgress: (done, total) => context.onProgress(done, total, 'windows'),
  })
  const { kind, part, windows, length, hidden, tokens, bytes, loss, perplexity, bitsPerByte } = report
  return { values: { kind, part, windows, length, hidden, tokens, bytes, loss, perplexity, bitsPerByte }, files: {} }
}
