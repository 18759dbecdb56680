/** The ticket that is open in the view, and what is being done to it. */
import { batch, type Signal, signal } from '@preact/signals'
import type { ChosenWebDevice, WebDevice } from '../../../../src/engine/web.js'
import type { MaskPicture, TicketReport } from '../../../../src/inspect/index.js'
import { isAbort, plainSentence } from '../../failure.js'
import { matrixTitle } from '../../ui/matrix-title.js'
import { createWorkerClient } from '../../worker-client.js'
import type { Grown } from './grow.js'
import { address } from './run-address.js'
import { type Failure, gpuLost, runningFailure } from './run-failure.js'
import type { RunTasks } from './run-worker.js'
import type { SorterShape } from './sorter-shape.js'
import { type Fetched, fetchSource, type Source } from './sources.js'
import type { SeenAttention } from './writing.js'

/** The worker of the view. */
export const client = createWorkerClient<RunTasks>(
  () => new Worker(new URL('./run-worker.ts', import.meta.url), { type: 'module' }),
)

/** Something that takes a while. */
export interface Work {
  readonly label: string
  readonly fraction?: number | undefined
  readonly note?: string
}

/** What the open ticket runs on. */
export interface Running extends ChosenWebDevice {
  readonly sorter: SorterShape | null
}

export const work: Signal<Work | undefined> = signal(undefined)
export const failure: Signal<Failure | undefined> = signal(undefined)
export const source: Signal<Source | undefined> = signal(undefined)
export const report: Signal<TicketReport | undefined> = signal(undefined)
export const pictures: Signal<readonly MaskPicture[]> = signal([])
/** Part of each matrix whose weights are made. */
export const parts: Signal<ReadonlyMap<string, number>> = signal(new Map())
export const grown: Signal<Grown | undefined> = signal(undefined)
export const running: Signal<Running | undefined> = signal(undefined)
export const attention: Signal<SeenAttention | undefined> = signal(undefined)

let fetched: Fetched | undefined
let turn: AbortController | undefined

/** Opens a ticket; what was open or under way is given up. */
export function openSource(next: Source): Promise<void> {
  batch(() => {
    source.value = next
    report.value = undefined
    pictures.value = []
  })
  fetched = undefined
  return take(async (signal) => {
    fetched = next.kind === 'example' && next.example === 'pruned' ? await pruneHere(signal) : await load(next, signal)
    work.value = { label: 'Reading the masks' }
    report.value =
      (await client.call(
        'open',
        { ...fetched, isInspected: true },
        {
          signal,
          onReport(each) {
            if (each.kind === 'picture') pictures.value = [...pictures.peek(), each.picture]
            else
              work.value = {
                label: `Reading the masks: ${matrixTitle(each.name, 'token')}`,
                fraction: each.done / each.total,
              }
          },
        },
      )) ?? undefined
    await growAndStart(signal)
  })
}

/** Gives the open ticket up. */
export function closeSource(): void {
  if (work.peek()) client.stop()
  turn?.abort()
  fetched = undefined
  batch(() => {
    source.value = undefined
    report.value = undefined
    pictures.value = []
    forgetRunning()
  })
}

/** Runs the open ticket on another device, or again after a failure; what was not read yet is opened from the beginning. */
export function restart(): Promise<void> {
  const { value: last } = source
  if (!fetched || !report.peek()) return last ? openSource(last) : Promise.resolve()
  const own = fetched
  return take(async (signal) => {
    client.stop() // whatever the device did to the worker, a fresh one knows nothing of it
    work.value = { label: 'Reading the ticket' }
    await client.call('open', { ...own, isInspected: false }, { signal })
    await growAndStart(signal)
  })
}

/** Gives up what is under way. */
export function cancel(): void {
  turn?.abort()
  client.stop()
  batch(() => {
    work.value = undefined
    failure.value = { sentence: 'Stopped.', way: 'again' }
  })
}

/** Shows what a running network failed of. */
export function failRunning(error: unknown): void {
  failure.value = runningFailure(error, running.peek()?.device, failure.peek())
}

/** A GPU that is lost may leave a run without an end, so that its failing is not enough. */
function watchGpu(device: 'auto' | WebDevice, signal: AbortSignal): void {
  client.call('lost', { device }, { signal }).then(
    () => {
      failure.value = gpuLost
    },
    () => {}, // the worker was stopped, or another ticket is open
  )
}

function forgetRunning(): void {
  work.value = undefined
  failure.value = undefined
  running.value = undefined
  attention.value = undefined
  grown.value = undefined
  parts.value = new Map()
}

async function take(steps: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (turn) {
    turn.abort()
    // what a lost GPU was doing may never end
    if (work.peek() || failure.peek()?.way === 'wasm') client.stop()
  }
  const own = new AbortController()
  turn = own
  batch(() => {
    forgetRunning()
    work.value = { label: 'Fetching the ticket' }
  })
  try {
    await steps(own.signal)
  } catch (error) {
    if (own.signal.aborted || isAbort(error)) return
    failure.value = failureOf(error)
  } finally {
    if (turn === own) work.value = undefined
  }
}

/** A ticket that is refused stays so; what could not be fetched may come the next time. */
function failureOf(error: unknown): Failure {
  const sentence = plainSentence(error)
  const isOfFile = [error, (error as Error).cause].some((each) => each instanceof Error && each.name === 'InputError')
  if (isOfFile) return { sentence, way: 'another' }
  if (!report.peek()) return { sentence, way: 'again' }
  if (address.values.device.peek() !== 'wasm') return { sentence, way: 'wasm' }
  return { sentence, way: 'again' }
}

async function load(next: Source, signal: AbortSignal): Promise<Fetched> {
  const found = await fetchSource(next, signal)
  signal.throwIfAborted()
  return found
}

async function pruneHere(signal: AbortSignal): Promise<Fetched> {
  work.value = { label: 'Loading what the page computes with' }
  const device = address.values.device.peek()
  const from = await client.call(
    'prune',
    { device },
    {
      signal,
      onReport({ done, total }) {
        const note = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} weights`
        work.value = { label: 'Solving a subset sum for every weight', fraction: done / total, note }
      },
    },
  )
  return { name: 'pruned-sorter.slt.safetensors', from }
}

async function growAndStart(signal: AbortSignal): Promise<void> {
  work.value = { label: 'Growing the weights from the seed', fraction: 0 }
  grown.value = await client.call('grow', undefined, {
    signal,
    onReport({ done, total, name, part }) {
      batch(() => {
        parts.value = new Map(parts.peek()).set(name, part)
        const note = `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
        work.value = { label: 'Growing the weights from the seed', fraction: done / total, note }
      })
    },
  })
  parts.value = new Map(pictures.peek().map(({ name }) => [name, 1]))
  work.value = { label: 'Loading what the page computes with (the first time, 14 to 26 MB)' }
  const device = address.values.device.peek()
  running.value = await client.call('start', { device }, { signal })
  if (running.value.device === 'webgpu') watchGpu(device, signal)
}
