/** The ticket that is open in the view, and what is being done to it. */
import { batch, type Signal, signal } from '@preact/signals'
import type { ChosenWebDevice, WebDevice } from '../../../../src/engine/web.js'
import type { MaskSummary, TicketReport } from '../../../../src/inspect/report.js'
import { isAbort, plainSentence } from '../../failure.js'
import { createWorkerClient } from '../../worker-client.js'
import type { Grown } from './grow.js'
import type { TitledPicture } from './masks.js'
import type { BundledModel } from './prune-example.js'
import { address } from './run-address.js'
import { type Failure, gpuLost, runningFailure } from './run-failure.js'
import type { OpenedTicket, RunTasks } from './run-worker.js'
import type { SorterShape } from './sorter-shape.js'
import { bundledTokenizer, examples, type Fetched, fetchSource, type Source } from './sources.js'
import type { GivenTokenizer } from './texts.js'
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
/** What the open ticket's model does, and how its texts are read. */
export const opened: Signal<Pick<OpenedTicket, 'task' | 'reading'> | undefined> = signal(undefined)
/** Whether the visitor gave a tokenizer, and why it was refused. */
export const given: Signal<{ readonly isThere: boolean; readonly refusal: string }> = signal(noneGiven())
/** Whether the model that the ticket was pruned to writes beside it. */
export const hasBeside = signal(false)
/** The masks of the open file, and the one that is shown or about to be; absent where it holds none by name. */
export const masks: Signal<{ readonly shown: string; readonly all: readonly MaskSummary[] } | undefined> =
  signal(undefined)
export const pictures: Signal<readonly TitledPicture[]> = signal([])
/** Part of each matrix whose weights are made. */
export const parts: Signal<ReadonlyMap<string, number>> = signal(new Map())
export const grown: Signal<Grown | undefined> = signal(undefined)
export const running: Signal<Running | undefined> = signal(undefined)
export const attention: Signal<SeenAttention | undefined> = signal(undefined)

function noneGiven() {
  return { isThere: false, refusal: '' }
}

let fetched: Fetched | undefined
let turn: AbortController | undefined

/**
 * Opens a ticket; what was open or under way is given up.
 * @param mask which mask of a file that holds several, by its name; default: its first
 */
export function openSource(next: Source, mask?: string): Promise<void> {
  batch(() => {
    // Another mask of the same file: the choice stays, with its focus.
    const known = isSame(next, source.peek()) ? masks.peek() : undefined
    masks.value = known && { ...known, shown: mask ?? known.all[0].name }
    source.value = next
    forgetTicket()
  })
  fetched = undefined
  return take(async (signal) => {
    fetched = { ...(await load(next, signal)), mask }
    work.value = { label: 'Reading the masks' }
    const found = await client.call(
      'open',
      { ...fetched, isInspected: true },
      {
        signal,
        onReport(each) {
          if (each.kind === 'picture') pictures.value = [...pictures.peek(), each.picture]
          else work.value = { label: `Reading the masks: ${each.title}`, fraction: each.done / each.total }
        },
      },
    )
    const { tokenizer, target } = fetched
    batch(() => {
      opened.value = found
      given.value = { isThere: tokenizer !== undefined, refusal: '' }
      hasBeside.value = target !== undefined
      report.value = found.report ?? undefined
      masks.value = found.report?.mask == null ? undefined : { shown: found.report.mask, all: found.report.masks }
    })
    await growAndStart(signal)
  })
}

const isSame = (a: Source, b: Source | undefined): boolean =>
  a.kind === 'file' ? b?.kind === 'file' && a.file === b.file : JSON.stringify(a) === JSON.stringify(b)

/** Reads the texts of the open ticket by a tokenizer of the visitor. @param read gives it */
export async function giveTokenizer(read: () => Promise<GivenTokenizer>): Promise<void> {
  const own = fetched
  if (!own || !report.peek()) {
    if (!work.peek()) failure.value = { sentence: 'A tokenizer belongs to a ticket: open that first.', way: 'another' }
    return
  }
  try {
    const tokenizer = await read()
    await client.call('readBy', tokenizer)
    if (fetched !== own) return
    fetched = { ...own, tokenizer }
    given.value = { isThere: true, refusal: '' }
  } catch (error) {
    if (!isAbort(error) && fetched === own) given.value = { ...given.peek(), refusal: plainSentence(error) }
  }
}

function forgetTicket(): void {
  report.value = undefined
  opened.value = undefined
  given.value = noneGiven()
  hasBeside.value = false
  pictures.value = []
}

/** Gives the open ticket up. */
export function closeSource(): void {
  if (work.peek()) client.stop()
  turn?.abort()
  fetched = undefined
  batch(() => {
    source.value = undefined
    masks.value = undefined
    forgetTicket()
    forgetRunning()
  })
}

/** Runs the open ticket on another device, or again after a failure; what was not read yet is opened from the beginning. */
export function restart(): Promise<void> {
  const { value: last } = source
  if (!fetched || !report.peek())
    return last ? openSource(last, address.values.mask.peek() || undefined) : Promise.resolve()
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
  const { model = null, isBeside = false } = next.kind === 'example' ? examples[next.example] : {}
  const found = model === null ? await fetchSource(next, signal) : await pruneHere(model, signal)
  const further = model !== null && isBeside ? { target: model, tokenizer: await bundledTokenizer(model, signal) } : {}
  signal.throwIfAborted()
  return { ...found, ...further }
}

async function pruneHere(model: BundledModel, signal: AbortSignal): Promise<Fetched> {
  work.value = { label: 'Loading what the page computes with' }
  const device = address.values.device.peek()
  const from = await client.call(
    'prune',
    { device, model },
    {
      signal,
      onReport({ done, total }) {
        const note = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} weights`
        const label = done < total ? 'Solving a subset sum for every weight' : 'Comparing it with the trained model'
        work.value = { label, fraction: done / total, note }
      },
    },
  )
  return { name: `pruned-${model}.slt.safetensors`, from }
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
