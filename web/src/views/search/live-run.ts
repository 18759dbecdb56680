/** One search in a worker: the loop of src/search, fed from the page and watched by it. */

import { encodeProbedTicket } from '../../../../src/engine/probed-ticket.js'
import { makeHere, rebuildSearched } from '../../../../src/engine/searched-weights.js'
import { webSha256 } from '../../../../src/engine/web-sha256.js'
import { matricesOf } from '../../../../src/families/family.js'
import type { GraphRunner } from '../../../../src/graph/runner.js'
import { getBit } from '../../../../src/mask/index.js'
import { InputError } from '../../../../src/safetensors/input-error.js'
import { attentionDeviation } from '../../../../src/search/attention-deviation.js'
import { checkFoundTicket, foundTicket } from '../../../../src/search/found-ticket.js'
import { chooseArithmetic } from '../../../../src/search/integer-products.js'
import { watchMasks } from '../../../../src/search/mask-watch.js'
import type { MetricsRow } from '../../../../src/search/metrics.js'
import { runSearch } from '../../../../src/search/run.js'
import { createSampler } from '../../../../src/search/sample.js'
import { openSearchSession, type SearchSession } from '../../../../src/search/session.js'
import type { SearchSettings } from '../../../../src/search/settings.js'
import { openEngine } from '../../engine.js'
import { loadKernels } from '../../kernels.js'
import { GPU_LOST } from '../../lost-gpu.js'
import type { TaskContext } from '../../worker-task.js'
import { corpusOfBytes, frequencyLoss } from './corpus-bytes.js'
import { createGate } from './gate.js'
import type { MaskPicture, RunEnd, RunInput, RunReport, TicketFile } from './messages.js'

/** Milliseconds between two reports of steps. */
const REPORT_EVERY = 200

/** Windows that a validation during the run reads, and bytes that the ticket's own reads. */
const VALID_WINDOWS = 32
const TICKET_VALIDATION = 2 ** 15

/** A search that can be watched, held and asked for its ticket. */
export interface LiveRun {
  /** Runs it to its end, or until it is stopped. */
  run(): Promise<RunEnd>
  /** Rejects when its GPU is lost, and never ends otherwise; null for WebAssembly. */
  readonly lost: Promise<never> | null
  stop(): void
  /** Makes it wait. @returns when it does, after its last step was reported */
  hold(): Promise<void>
  proceed(): void
  /** Shows another matrix, at once. */
  show(matrix: string): Promise<void>
  /** The ticket of the masks as they are: between two steps, or after the last. */
  ticket(): Promise<TicketFile>
}

const gpuLost = () => {
  throw new Error(`${GPU_LOST} WebAssembly works everywhere.`)
}

/** The settings with the arithmetic that is asked for, or the faster one here; and why, in a sentence. */
async function withArithmetic(
  runner: GraphRunner,
  { settings, arithmetic: asked }: RunInput,
): Promise<{ settings: SearchSettings; why: string }> {
  const { config, microBatch } = settings
  const { arithmetic, reason } =
    asked === 'auto'
      ? await chooseArithmetic(runner, settings, microBatch, config.positions)
      : { arithmetic: asked, reason: 'as asked' }
  const words = arithmetic === 'int8' ? '8-bit integers' : 'float32'
  return {
    settings: arithmetic === 'int8' ? { ...settings, arithmetic } : settings,
    why: `Linear maps in ${words}: ${reason}.`,
  }
}

/**
 * Opens a search, as `slt search` does: equal settings and text give the same random network and the same first masks.
 * @throws Error in a plain sentence for a device that is not there, InputError for a text that is too short
 */
export async function openLiveRun(
  input: RunInput,
  { report, signal, pause }: TaskContext<RunReport>,
): Promise<LiveRun> {
  const { text, sharers, sampleSeconds } = input
  const corpus = corpusOfBytes(text, input.settings.config.positions)
  const { runner, device, threads, reason, lost } = await openEngine(input.device, sharers)
  signal.throwIfAborted()
  const { settings, why } = await withArithmetic(runner, input)
  signal.throwIfAborted()
  checkFoundTicket(settings, corpus, { name: text.name, coding: 'range' })
  const session = await openSearchSession(settings, corpus, runner, loadKernels)
  signal.throwIfAborted()
  const { algorithm } = session
  const masks = algorithm.ticket!
  const gate = createGate()
  const stopping = new AbortController()
  const first = new Map(matricesOf(settings.config).map(({ name }) => [name, masks.mask(name)]))
  const sampler = createSampler(session)
  const watch = watchMasks(settings, masks)
  let shown = input.matrix
  let step = 0
  let rows: MetricsRow[] = []
  let reportedAt = Number.NEGATIVE_INFINITY
  let sampledAt = performance.now()

  const flush = (): Promise<void> => {
    const heard = report({ kind: 'advance', rows, picture: pictureOf(session, shown, first.get(shown)!, step) })
    rows = []
    reportedAt = performance.now()
    return heard
  }
  const sample = async () => {
    report({ kind: 'sample', step, text: await sampler(stopping.signal) })
    sampledAt = performance.now()
  }
  /** After a step is recorded: what waits here, and what is asked meanwhile, is of that step. */
  const betweenSteps = async () => {
    await pause()
    const isDue = step === 1 ? sampleSeconds < Infinity : performance.now() - sampledAt >= 1000 * sampleSeconds
    if (isDue) void gate.ask(sample).catch(() => {})
    await gate.pass(stopping.signal)
  }

  const window = Int32Array.from(corpus.valid.subarray(0, settings.config.positions))
  const effective = (name: string) => session.memory.matrix(name).effective
  const { all: deviation } = await attentionDeviation(runner, settings, effective, window)
  signal.throwIfAborted()
  const kept = session.kept()
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  report({
    kind: 'opening',
    device,
    threads,
    reason: `${reason} ${why}`,
    arithmetic: settings.arithmetic ?? 'float32',
    weights: total(kept.map(({ count }) => count)),
    kept: total(kept.map((matrix) => matrix.kept)),
    train: corpus.train.length,
    valid: corpus.valid.length,
    frequencyLoss: frequencyLoss(corpus),
    attentionDeviation: deviation,
  })
  flush()
  gate.enter()
  if (input.held) gate.hold()

  return {
    async run() {
      try {
        await gate.pass(stopping.signal)
        await runSearch({
          ...session,
          cadence: {
            validateEvery: Math.max(10, Math.ceil(settings.steps / 40)),
            sampleEvery: 0,
            checkpointEvery: 0,
            checkpointSeconds: 0,
          },
          from: { step: 0, seconds: 0 },
          signal: stopping.signal,
          validate: session.validation(VALID_WINDOWS, stopping.signal),
          record(row) {
            step = row.step
            rows.push(row)
            if (performance.now() - reportedAt >= REPORT_EVERY) flush()
          },
          onStep(row) {
            for (const line of watch(row)) report({ kind: 'warning', line })
          },
          async checkpoint() {}, // what a page has found lives as long as the page
          pause: betweenSteps,
          now: () => performance.now() - gate.spent(),
        })
        flush()
        if (sampleSeconds < Infinity) await sample()
        return { end: 'finished', step }
      } catch (error) {
        flush()
        if (!stopping.signal.aborted) throw withoutCheckpoint(error)
        return { end: 'stopped', step }
      } finally {
        gate.leave()
      }
    },
    lost: device === 'webgpu' ? lost().then(gpuLost) : null,
    stop: () => stopping.abort(new DOMException('Stopped.', 'AbortError')),
    hold() {
      gate.hold()
      return gate.ask(flush)
    },
    proceed: () => gate.proceed(),
    show: (matrix) =>
      gate.ask(() => {
        shown = matrix
        return flush()
      }),
    ticket: () =>
      gate.ask(async () => {
        const windows = Math.max(1, Math.floor(TICKET_VALIDATION / settings.config.positions))
        const { validLoss } = await session.validation(windows)()
        const found = foundTicket(session, { name: text.name, coding: 'range', steps: step, validLoss })
        const { bytes, sha256 } = await encodeProbedTicket('the ticket', found, corpus.valid, {
          runner,
          createSha256: webSha256,
          rebuild: async (ticket) => rebuildSearched(ticket, makeHere(await loadKernels())),
        })
        return { bytes: bytes as Uint8Array<ArrayBuffer>, sha256, step, validLoss }
      }),
  }
}

/** The loop speaks of checkpoints, which a page has none of. */
function withoutCheckpoint(error: unknown): unknown {
  if (!(error instanceof InputError)) return error
  const message = error.message.replace(/; (there is no checkpoint|the last good checkpoint).*$/, '')
  return message === error.message ? error : new InputError(message)
}

function pictureOf(
  { settings, algorithm }: SearchSession,
  matrix: string,
  first: Uint8Array,
  step: number,
): MaskPicture {
  const [rows, columns] = matricesOf(settings.config).find(({ name }) => name === matrix)!.shape
  const now = algorithm.ticket!.mask(matrix)
  const states = new Uint8Array(rows * columns)
  for (let i = 0; i < states.length; i++) {
    const [before, after] = [getBit(first, i), getBit(now, i)]
    states[i] = after ? (before ? 1 : 2) : before ? 3 : 0
  }
  return { matrix, rows, columns, step, states }
}
