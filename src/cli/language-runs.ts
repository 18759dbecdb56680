import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Corpus } from '../data/index.js'
import type { LanguageModelOutcome, LanguageModelRequest } from '../experiments/index.js'
import type { Device } from '../graph/device.js'
import type { JobEvents } from '../queue/events.js'
import type { Job, JsonObject } from '../queue/job.js'
import type { Store } from '../queue/store.js'
import type { SettingsChoice } from '../search/settings.js'
import { createSweepView } from './sweep-view.js'
import type { Terminal } from './terminal.js'

/** Where the language models of Figures 7 and 8 are run. */
export interface LanguageRunsOptions {
  readonly corpus: Corpus
  /** Paths of the corpus. */
  readonly data: string
  readonly valid?: string | undefined
  readonly raw: boolean
  readonly device: Device
  /** Threads of a run; default: one on the CPU with as many runs at a time as there are processors. */
  readonly threads?: number | undefined
  /** Folder of the figures: results go to its `store`, unless `store` is given. */
  readonly out: string
  readonly queue?: string | undefined
  readonly store?: string | undefined
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/**
 * Runs language models, here or by the workers of a queue; those whose results are in the store, or lie in `<out>/runs` as earlier versions kept
 * them, are not run again.
 * @throws InputError when one fails, after the others have ended; the signal's reason when it aborts
 */
export async function runLanguageModels(
  requests: readonly LanguageModelRequest[],
  options: LanguageRunsOptions,
): Promise<{ outcomes: Map<string, LanguageModelOutcome>; reused: number }> {
  const { corpus, data, valid, raw, device, out, queue, terminal, signal } = options
  const [
    { checkStore, openStore },
    { storeInput },
    { createSearchJob },
    { followSweep },
    { makingsOf },
    { findKeptRun },
    { InputError },
  ] = await Promise.all([
    import('../queue/open-store.js'),
    import('../queue/inputs.js'),
    import('../queue/search-job.js'),
    import('../queue/sweep-state.js'),
    import('../queue/results.js'),
    import('../jobs/kept-run.js'),
    import('../safetensors/index.js'),
  ])
  const outcomes = new Map<string, LanguageModelOutcome>()
  for (const request of requests) {
    const found = await findKeptRun(join(out, 'runs'), request.name, choiceOf(request), corpus)
    if (found)
      outcomes.set(request.name, { ...found, attentionDeviation: found.attentionDeviation.all, steps: request.steps })
  }
  const left = requests.filter(({ name }) => !outcomes.has(name))
  let reused = outcomes.size
  if (left.length === 0) return { outcomes, reused }
  const store = await openStore(options.store ?? join(out, 'store')).then(checkStore)
  const inputs = {
    data: await storeInput(store, data),
    ...(valid !== undefined && { valid: await storeInput(store, valid) }),
  }
  const threads = options.threads ?? (device === 'cpu' ? 1 : availableParallelism())
  const jobs = left.map((request) => {
    const shared = { corpus, inputs, raw, threads, device, validateEvery: 0 }
    return createSearchJob({ ...shared, label: described(request), choice: choiceOf(request) })
  })
  const byId = new Map(jobs.map((job, i) => [job.id, left[i]]))
  const state = followSweep(
    left.map(() => ({ options: {}, varied: {} })),
    jobs,
    () => {},
  )
  const view = createSweepView(terminal, state)
  const timer = setInterval(() => view.show(), 500)
  const failures: string[] = []
  const events: JobEvents = {
    ...state.events,
    onDone(job, execution) {
      state.events.onDone(job, execution)
      if (execution.found) reused++
      const request = byId.get(job.id)!
      outcomes.set(request.name, outcomeOf(request, execution.result.values))
      if (!execution.found)
        view.note(`${job.label}: validation loss ${outcomes.get(request.name)!.validLoss.toFixed(3)}`)
    },
    onFailed(job, message, log) {
      state.events.onFailed(job, message, log)
      failures.push(`${job.label}: ${message}`)
      view.note(`failed: ${job.label}: ${message}`)
    },
    onNote: (job, line) => view.note(`${job.label}: ${line}`),
  }
  try {
    await runJobs(jobs, { store, events, queue, device, threads, out, signal, note: view.note })
  } finally {
    clearInterval(timer)
    view.stop()
  }
  if (failures.length > 0)
    throw new InputError(`${failures.length} of ${requests.length} runs failed; the first: ${failures[0]}`)
  for (const { id } of jobs) {
    const request = byId.get(id)!
    const [first] = await makingsOf(store, id)
    outcomes.set(request.name, { ...outcomes.get(request.name)!, seconds: first?.seconds ?? 0 })
  }
  return { outcomes, reused }
}

interface Running {
  readonly store: Store
  readonly events: JobEvents
  readonly queue: string | undefined
  readonly device: Device
  readonly threads: number
  readonly out: string
  readonly signal: AbortSignal
  note(line: string): void
}

async function runJobs(jobs: readonly Job[], { store, events, queue, device, threads, out, signal, note }: Running) {
  if (queue === undefined) {
    const { runHere, usualRoom } = await import('../queue/run-here.js')
    const { slots, memory } = usualRoom(threads)
    const room = { slots: device === 'cpu' ? slots : 1, memory }
    return runHere(jobs, { ...events, ...room, store, scratch: join(out, '.scratch'), signal })
  }
  const [{ openRedis }, { runOnQueue }] = await Promise.all([
    import('../queue/redis.js'),
    import('../queue/run-on-queue.js'),
  ])
  const redis = await openRedis(queue)
  const onWarning = (line: string) => note(`warning: ${line}`)
  return runOnQueue(jobs, { ...events, redis, store, signal, onWarning })
}

function choiceOf(request: LanguageModelRequest): SettingsChoice {
  const { name: _, variant, width, keep, seed, ...same } = request
  const isSearch = variant === 'slt'
  return {
    ...same,
    kind: isSearch ? 'search' : 'train',
    model: 'mini', // whose every dimension is given, but for the activation
    width: String(width),
    initialisation: 'gpt2',
    ...(isSearch ? { algorithm: 'edge-popup', keep } : {}), // the paper's
    seed: BigInt(seed),
  }
}

function outcomeOf({ steps }: LanguageModelRequest, values: JsonObject): LanguageModelOutcome {
  const found = values as unknown as Omit<LanguageModelOutcome, 'attentionDeviation'> & {
    readonly attentionDeviation: { readonly all: number }
  }
  const { validLoss, bitsPerByte, weights, nonZero, attentionDeviation } = found
  return { validLoss, bitsPerByte, weights, nonZero, attentionDeviation: attentionDeviation.all, steps, seconds: 0 }
}

const described = ({ variant, width, qkScale, seed }: LanguageModelRequest): string =>
  variant === 'slt'
    ? `SLT, width ${width}, QK scale ${Number(qkScale.toFixed(2))}, seed ${seed}`
    : `trained, width ${width}, seed ${seed}`
