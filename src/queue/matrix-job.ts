/** One matrix of a pruning as a job: how a large model is spread over workers. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { loadKernels } from '../engine/node.js'
import { writeAtomically } from '../files/files.js'
import { ERROR_BINS, type ErrorCounts } from '../prune/error-statistics.js'
import { pruneMatrix } from '../prune/prune-matrix.js'
import { runPruneTask } from '../prune/task.js'
import { InputError } from '../safetensors/index.js'
import type { PairMasks, PairReport, PairSpec } from '../ticket/index.js'
import { createJob, type Job, type JobInput, type JsonObject } from './job.js'
import type { JobContext, JobFindings } from './kind.js'
import type { StoredFile } from './objects.js'

/** What a matrix's masks depend on beside its values. */
export interface MatrixSettings {
  /** Unsigned 64-bit integer, in decimal. */
  readonly seed: string
  readonly method: 'balanced' | 'plain'
  readonly spec: PairSpec
  /** How the target's values lie in its file, little-endian, row-major [inputs, outputs]. */
  readonly dtype: 'float32' | 'float64'
}

/** @param file the matrix, which is to lie at `placeOfOnce` of the job */
export function createMatrixJob(settings: MatrixSettings, file: StoredFile): Job {
  const { spec } = settings
  const weights = spec.inputs * spec.outputs
  // Targets and errors in float64, the second mask, and the problems of a task.
  const needs = { bytes: 200e6 + 32 * weights + spec.hidden * (spec.outputs / 4 + 8), device: 'cpu' } as const
  const request = JSON.parse(JSON.stringify(settings)) as JsonObject
  const identity = { ...settings, spec: { ...spec, name: null }, target: file.sha256 } // its streams count, not its name
  const target: JobInput = { name: 'target', isFolder: false, files: { target: file }, once: true }
  return createJob({ kind: 'matrix', label: spec.name, request, inputs: { target }, needs }, identity)
}

export async function runMatrixJob(request: JsonObject, context: JobContext): Promise<JobFindings> {
  const { seed, method, spec, dtype } = request as unknown as MatrixSettings
  const bytes = await readFile(context.inputs.target)
  const kernels = await loadKernels()
  const { signal } = context
  let done = 0
  const pool = {
    threads: 1,
    async run(task: Parameters<typeof runPruneTask>[1]) {
      await setImmediate() // messages and signals come in between two tasks
      signal.throwIfAborted()
      return runPruneTask(kernels, task)
    },
  }
  const { masks, report, errors } = await pruneMatrix(pool, {
    seed: BigInt(seed),
    spec,
    targets: floatsOf(bytes, dtype),
    method,
    signal,
    onSolved(count) {
      done += count
      context.onProgress(done, spec.inputs * spec.outputs, 'weights')
    },
  })
  const path = join(context.folder, 'masks')
  await writeAtomically(path, async ({ write }) => {
    await write(0, littleEndian(masks.coordinate))
    await write(2 * spec.hidden, masks.second)
  })
  const counts = join(context.folder, 'errors')
  await writeAtomically(counts, async ({ write }) => {
    await write(0, littleEndian(errors.bins))
    await write(4 * errors.bins.length, littleEndian(errors.counts))
  })
  return { values: { ...report }, files: { masks: path, errors: counts } }
}

function floatsOf(bytes: Uint8Array, dtype: MatrixSettings['dtype']): Float64Array {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
  return dtype === 'float64' ? new Float64Array(buffer) : new Float64Array(new Float32Array(buffer))
}

const littleEndian = ({ buffer, byteOffset, byteLength }: Uint16Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** The masks that a job's file holds: coordinates as uint16, then the second mask's bits. @param bytes of the file */
export function readMatrixMasks(spec: PairSpec, bytes: Uint8Array): PairMasks {
  const own = new Uint8Array(bytes) // a Buffer's slices would share its memory, at any offset
  const size = 2 * spec.hidden
  return { spec, coordinate: new Uint16Array(own.buffer, 0, spec.hidden), second: own.slice(size) }
}

/**
 * How large the errors are: the file's bins as uint32, then as many counts.
 * @throws InputError for a file that does not count every weight once
 */
export function readMatrixErrors(spec: PairSpec, bytes: Uint8Array, max: number): ErrorCounts {
  const numbers = new Uint32Array(new Uint8Array(bytes).buffer, 0, bytes.length >> 2)
  const bins = numbers.subarray(0, numbers.length >> 1)
  const counts = numbers.subarray(bins.length)
  const isRising = bins.every((bin, i) => bin < ERROR_BINS && (i === 0 || bin > bins[i - 1]))
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (bytes.length % 8 !== 0 || !isRising || total !== spec.inputs * spec.outputs) {
    throw new InputError(
      `"${spec.name}": a worker's counts of errors are not those of ${spec.inputs * spec.outputs} weights`,
    )
  }
  return { bins, counts, max }
}

/** What a pruning records of the pair: with its names in the order in which a pruning here has them, so that the ticket is the same to the byte. */
export function readMatrixReport(values: JsonObject): PairReport {
  const { weights, unreachable, maxError, medianError, expectedGap } = values as unknown as PairReport
  return { weights, unreachable, maxError, medianError, expectedGap }
}
