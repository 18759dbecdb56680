/** Prunings of whole models as jobs. One that is interrupted on a machine goes on there; on another it starts again. */
import { join } from 'node:path'
import { openFile } from '../files/files.js'
import { readModelFolder } from '../interop/index.js'
import { pruneModel } from '../jobs/prune.js'
import type { PruneReport } from '../prune/prune.js'
import { createJob, type Job, type JobInput, type JsonObject } from './job.js'
import type { JobContext, JobFindings } from './kind.js'

/** What a pruning's result depends on beside the model, as plain values; see `PruneOptions`. */
export interface PruneSettings {
  readonly items: number
  readonly embeddingItems?: number
  readonly scale?: 'auto' | number
  readonly method?: 'balanced' | 'plain'
  readonly attention?: 'merged' | 'factored' | 'rotary'
  readonly dense?: 'none' | 'embeddings'
  /** Unsigned 64-bit integer, in decimal. */
  readonly seed: string
}

/**
 * @param folder of the model, in the store
 * @param bytes of its weights
 * @param threads of the solver and of the comparison, whose last bits depend on them
 */
export function createPruneJob(options: {
  readonly label: string
  readonly settings: PruneSettings
  readonly folder: JobInput
  readonly bytes: number
  readonly threads: number
}): Job {
  const { label, settings, folder, bytes, threads } = options
  const needs = { bytes: 600e6 + 8 * bytes, device: 'cpu' } as const
  const request = { ...settings, threads }
  return createJob(
    { kind: 'prune', label, request, inputs: { folder }, needs },
    { ...withoutDefaults(request), folder: folder.files },
  )
}

/** Settings that are what they would be anyway do not make another job. */
function withoutDefaults({ method, scale, dense, ...others }: PruneSettings & { readonly threads: number }): object {
  return {
    ...others,
    ...(method !== undefined && method !== 'balanced' && { method }),
    ...(scale !== undefined && scale !== 'auto' && { scale }),
    ...(dense !== undefined && dense !== 'none' && { dense }),
  }
}

export async function runPruneJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const { seed, threads, ...options } = request as unknown as PruneSettings & { readonly threads: number }
  const { inputs, folder, signal } = context
  const { warnings, ...target } = await readModelFolder((name) => openFile(join(inputs.folder, name)))
  for (const warning of warnings) context.onNote(warning)
  const out = join(folder, 'ticket.slt.safetensors')
  const report = await pruneModel({
    ...options,
    target,
    seed: BigInt(seed),
    threads,
    graphThreads: threads,
    out,
    force: true,
    signal,
    onProgress: ({ pair, weightsDone, weightsTotal }) => context.onProgress(weightsDone, weightsTotal, pair),
  })
  return { values: valuesOf(report), files: { ticket: out } }
}

/** What a pruning has found, without its times. */
function valuesOf(report: PruneReport): JsonObject {
  const { pruneSeconds: _, seconds: __, solvesPerSecond: ___, resumed: ____, ...found } = report
  return JSON.parse(JSON.stringify(found))
}
