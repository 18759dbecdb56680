/** Searches and dense training on Node: corpus, device, run folder and loop put together. */

import { loadKernels } from '../engine/node.js'
import { optionOf } from '../files/run-difference.js'
import { ANEW, type RunFolder } from '../files/run-folder.js'
import {
  formatRunRecord,
  type ReadRecord,
  type RunRecord,
  recordParts,
  type TeacherRecord,
} from '../files/run-record.js'
import { InputError } from '../safetensors/index.js'
import { attentionDeviation } from '../search/attention-deviation.js'
import { deadWarning, sparseWarning } from '../search/dead-network.js'
import { differences } from '../search/fingerprint.js'
import { watchMasks } from '../search/mask-watch.js'
import { type MetricsRow, metricsLine } from '../search/metrics.js'
import { runSearch, type TimeSplit } from '../search/run.js'
import { createSampler } from '../search/sample.js'
import { openSearchSession, type SearchSession } from '../search/session.js'
import type { SearchSettings } from '../search/settings.js'
import { lastWindows } from '../search/validation.js'
import { closeRunModels } from './named-model.js'
import { type OpenRun, openRun, type RunRequest } from './open-run.js'
import { writeResult } from './search-result.js'
import { type TimedTeacher, timedTeacher } from './timed-teacher.js'

/** A request, and who hears of its progress. */
export interface SearchRequest extends RunRequest {
  onStart?(start: SearchStart): void
  onStep?(row: MetricsRow): void
  onSample?(step: number, text: string): void
  /** A checkpoint of this step lies in the run folder. The next step waits for it. */
  onCheckpoint?(step: number): Promise<void>
  /** A line that the user should read. */
  onNote?(line: string): void
}

/** What is known before the first step. */
export interface SearchStart {
  readonly settings: SearchSettings
  readonly run: string
  readonly out: string
  /** What the mask is called in its file, where it has a name. */
  readonly mask?: string
  /** Steps done already. */
  readonly from: number
  readonly device: string
  /** Why this device. */
  readonly reason: string
  /** The same in a few words. */
  readonly summary: string
  /** Weights, without learned norms. */
  readonly weights: number
  /** As many of them are kept before the first step: `keep`, rounded up for each matrix. */
  readonly kept: number
  readonly tokens: { readonly train: number; readonly valid: number }
  /** The corpus' name. */
  readonly corpus: string
  /** What was read: files, bytes and tokens of each part; empty for a task. */
  readonly read: readonly ReadRecord[]
  /** Standard deviation of the attention logits before the first step, over all layers and for each. */
  readonly attentionDeviation: { readonly all: number; readonly layers: readonly number[] }
  /** Absent without a teacher; `seconds` are those spent before this process. */
  readonly teacher?: TeacherRecord
}

/** What a finished run says. */
export interface SearchReport extends SearchStart {
  /** Nats a token on the validation text. */
  readonly validLoss: number
  readonly perplexity: number
  readonly bitsPerByte: number
  /** For a task: the part of the held-out lists that are answered right. */
  readonly accuracy?: number
  readonly matrices: readonly { readonly name: string; readonly kept: number; readonly count: number }[]
  /** Kept weights over all. */
  readonly keptFraction: number
  readonly outBytes: number
  /** Of the whole run, interruptions not counted. */
  readonly seconds: number
  /** Absent without a teacher; `share` is the part of the run's seconds that were spent in it, 0 to 1. */
  readonly teacher?: TeacherRecord & { readonly share: number }
  /** Of the steps of this process, with validation and checkpoints left out. */
  readonly tokensPerSecond: number
  readonly split: TimeSplit
}

/**
 * Searches for a ticket, or trains densely, and writes the result; see src/search/run.ts for the steps. The run folder
 * holds what an interrupted run needs to go on.
 * @throws RangeError or TypeError for a setting, InputError for a file, a folder or a loss that is not finite; the
 *   signal's reason when it aborts, after a checkpoint
 */
export async function search(request: SearchRequest): Promise<SearchReport> {
  const run = await openRun(request)
  const { folder, record, corpus, opened, models, notes } = run
  try {
    for (const note of notes) request.onNote?.(note)
    const { runner, device, reason, summary } = opened
    const teacher = models.teacher && timedTeacher(runner, models.teacher)
    const { settings } = record.identity
    const handed = { teacher: teacher?.open, start: models.start?.weights }
    const session = await openSearchSession(settings, corpus, runner, loadKernels, handed)
    try {
      return await runSession(session, run, { device, reason, summary }, teacher, request)
    } finally {
      await session.release()
    }
  } finally {
    await closeRunModels(models)
    await folder.close()
  }
}

async function runSession(
  session: SearchSession,
  { folder, record, replaces }: OpenRun,
  device: Pick<SearchStart, 'device' | 'reason' | 'summary'>,
  teacher: TimedTeacher | undefined,
  request: SearchRequest,
): Promise<SearchReport> {
  const { settings, corpus, runner, memory, algorithm } = session
  const { signal } = request
  const { batch, config, steps } = settings
  const deviation = await attentionDeviation(
    runner,
    settings,
    (name) => memory.matrix(name).effective,
    Int32Array.from(corpus.valid.subarray(0, config.positions)),
  )
  const from = await restore(session, folder, record, request)
  const matrices = session.kept()
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const weights = total(matrices.map(({ count }) => count))
  const start: SearchStart = {
    settings,
    run: folder.path,
    out: record.out,
    ...(record.mask === undefined ? {} : { mask: record.mask }),
    from: from.step,
    ...device,
    weights,
    kept: total(matrices.map((matrix) => matrix.kept)),
    tokens: { train: corpus.train.length, valid: corpus.valid.length },
    corpus: corpus.name,
    read: recordParts(corpus.parts),
    attentionDeviation: deviation,
    ...(record.teacher ? { teacher: record.teacher } : {}),
  }
  request.onStart?.(start)
  note(request, sparseWarning(settings))
  const { validWindows, ...cadence } = record.cadence
  // Both are made before the first step: what they cannot read is refused then.
  const [validate, validateLast] = [validWindows, lastWindows(config.positions)].map((windows, i) =>
    session.validation(windows, i === 0 ? undefined : signal),
  )
  const sampler = createSampler(session)
  const watch = algorithm.ticket ? watchMasks(settings, algorithm.ticket) : () => []
  const keep = (changed: RunRecord) => folder.writeRun(formatRunRecord(changed))
  /** The record, with what the teacher has cost by now. */
  const recordNow = (): RunRecord =>
    record.teacher && teacher
      ? { ...record, teacher: { ...record.teacher, seconds: record.teacher.seconds + teacher.seconds() } }
      : record
  const { seconds, split } = await runSearch({
    ...session,
    cadence,
    from,
    signal,
    validate,
    async sample(step) {
      const text = await sampler()
      folder.samples.append(`== step ${step}\n${text}\n`)
      request.onSample?.(step, text)
    },
    record: (row) => folder.metrics.append(metricsLine(row)),
    async checkpoint(step, spent) {
      // Whoever has asked to stop is not kept waiting for the disk.
      const isDurable = !signal?.aborted
      await folder.saveCheckpoint({ step, seconds: spent, identity: record.identity }, algorithm.state, isDurable)
      if (teacher) await keep(recordNow())
      await request.onCheckpoint?.(step)
    },
    pause: () => new Promise((done) => setImmediate(done)),
    now: () => performance.now(),
    onStep(row) {
      request.onStep?.(row)
      for (const line of watch(row)) request.onNote?.(line)
    },
  })
  const validation = await validateLast() // whatever is read on the way
  if (!Number.isFinite(validation.validLoss)) {
    throw new InputError(`validation loss is ${validation.validLoss} at step ${steps}; ${record.out} is not written`)
  }
  note(request, deadWarning(settings, validation.validLoss))
  const last = recordNow()
  const outBytes = await writeResult({ session, record: last, replaces, keep }, validation).catch((error) => {
    if (!(error instanceof InputError)) throw error
    // Nothing of the search is lost: its last checkpoint is of its last step.
    throw new InputError(`${error.message}; --resume ${folder.path} goes on (--out names another file)`)
  })
  const kept = session.kept()
  const spent = split.graph + split.ticket + split.rest
  const { teacher: _, ...begun } = start
  return {
    ...begun,
    ...validation,
    perplexity: Math.exp(validation.validLoss),
    matrices: kept,
    keptFraction: total(kept.map((matrix) => matrix.kept)) / weights,
    outBytes,
    seconds,
    tokensPerSecond: spent > 0 ? ((steps - from.step) * batch * config.positions) / spent : 0,
    split: teacher ? { ...split, graph: split.graph - teacher.seconds(), teacher: teacher.seconds() } : split,
    ...(last.teacher ? { teacher: { ...last.teacher, share: seconds > 0 ? last.teacher.seconds / seconds : 0 } } : {}),
  }
}

function note({ onNote }: SearchRequest, line: string | undefined): void {
  if (line !== undefined) onNote?.(line)
}

/** Takes the state from the newest sound checkpoint, when there is one; cuts the logs back to it. */
async function restore({ algorithm }: SearchSession, folder: RunFolder, record: RunRecord, request: SearchRequest) {
  if (request.resume === undefined) return { step: 0, seconds: 0 }
  if (!(await folder.hasCheckpoint())) {
    request.onNote?.(`${folder.path}: stopped before its first checkpoint; it starts from the beginning`)
    folder.cutLogs({})
    return { step: 0, seconds: 0 }
  }
  const checkpoint = await folder.openCheckpoint((line) => request.onNote?.(line))
  try {
    const different = differences(checkpoint.identity, record.identity, optionOf)
    if (different !== undefined) {
      throw new InputError(`${folder.path}: holds a checkpoint of another configuration: ${different}; ${ANEW}`)
    }
    await checkpoint.restore(algorithm.state)
    algorithm.restored()
    folder.cutLogs(checkpoint.logs)
    return { step: checkpoint.step, seconds: checkpoint.seconds }
  } finally {
    await checkpoint.close()
  }
}
