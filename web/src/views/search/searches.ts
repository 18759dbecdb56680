/** The searches of this page. They are no part of the view, so that they go on while another is shown. */
import { batch, computed, effect, signal, untracked } from '@preact/signals'
import type { BaseConfig } from '../../../../src/families/config.js'
import { matricesOf } from '../../../../src/families/family.js'
import { backgroundWork, hasUnsaved } from '../../background-work.js'
import { isAbort, plainSentence } from '../../failure.js'
import { fetchSiteFile } from '../../site.js'
import { type AskedSearch, askedSearches, type Choices, contexts, currentChoices } from './address.js'
import { type SourceText, shortage } from './corpus-bytes.js'
import { type Lane, type Phase, startLane } from './lane.js'
import { hasTicket, isUnsaved, ticketOf } from './lane-ticket.js'

/** The text that was pasted or dropped. */
export const ownText = signal<SourceText | undefined>(undefined)

/** The searches that were started last; none before, and after they were forgotten. They stay until others really start. */
export const lanes = signal<readonly Lane[]>([])

/** Whether settings of a next search are chosen while those that ended are still shown. */
export const isChanging = signal(false)

/** What would forget a ticket that nobody has downloaded, and waits for an answer. */
export const question = signal<'start' | 'discard' | undefined>(undefined)

/** Whether the text is being fetched. */
export const isFetching = signal(false)

/** Why no search could be started, a sentence. */
export const refusal = signal<string | undefined>(undefined)

/** The matrix whose mask was asked for last. */
const wantedMatrix = signal('')

/** The matrix whose mask is shown of a model: the one that was asked for, where it has that, or else its first feed-forward map. */
export function shownIn(config: BaseConfig): string {
  const matrices = matricesOf(config)
  const wanted = matrices.find(({ name }) => name === wantedMatrix.value)
  return (wanted ?? matrices.find(({ role }) => role === 'feed-forward') ?? matrices[0]).name
}

/** Of all searches: whether one is under way; whether one computes; whether those that are under way wait. */
export const isBusy = computed(() => isFetching.value || isSome('starting', 'running', 'pausing', 'paused'))
export const isRunning = computed(() => isSome('running', 'pausing'))
export const isPaused = computed(() => isSome('paused') && !isRunning.value)
/** Whether those that are under way wait or are about to, so that they can be told to continue. */
export const isHeld = computed(() => isSome('pausing', 'paused') && !isSome('running'))

const isSome = (...phases: Phase[]) => lanes.value.some(({ phase }) => phases.includes(phase.value))

/** Seconds between two texts; two searches share the machine. */
const SAMPLE_SECONDS = 5

/** Starts the searches that the address asks for, or asks first whether the ones that are there may be forgotten. */
export async function startSearches(): Promise<void> {
  if (isBusy.peek()) return
  if (lanes.peek().some(isUnsaved)) question.value = 'start'
  else await begin()
}

let fetching = new AbortController()

async function begin(): Promise<void> {
  refusal.value = undefined
  isFetching.value = true
  fetching = new AbortController()
  try {
    const choices = currentChoices()
    const asked = askedSearches(choices)
    const text = await textOf(choices, fetching.signal)
    fetching.signal.throwIfAborted()
    batch(() => {
      closeAll()
      lanes.value = asked.map((each) => startLane(each, runInput(text, choices, asked)))
    })
  } catch (error) {
    if (!isAbort(error)) refusal.value = plainSentence(error)
  } finally {
    isFetching.value = false
  }
}

const runInput = (text: SourceText, { device, arithmetic }: Choices, asked: readonly AskedSearch[]) => {
  const sharers = asked.length
  const matrix = untracked(() => shownIn(asked[0].settings.config))
  return { text, device, arithmetic, sharers, matrix, sampleSeconds: SAMPLE_SECONDS * sharers }
}

async function textOf({ text: source, context }: Choices, signal: AbortSignal): Promise<SourceText> {
  if (source === 'shakespeare') {
    return { name: 'tiny Shakespeare', bytes: await fetchSiteFile('data/tinyshakespeare/input.txt', signal) }
  }
  const own = ownText.peek()
  if (!own) throw new Error('There is no text yet: paste one, or drop a file.')
  const lack = shortage(own.bytes.length, Number(context))
  const orShorter = shortage(own.bytes.length, Number(contexts[0])) === undefined ? ', or choose a shorter context' : ''
  if (lack !== undefined) throw new Error(`${lack}. Paste more of it, or drop a file${orShorter}.`)
  return own
}

/** Forgets the searches, after a question where that would lose something; they wait for its answer. */
export function discardSearches(): void {
  if (!lanes.peek().some(isUnsaved)) {
    forget()
    return
  }
  waits = !isHeld.peek()
  pauseSearches()
  question.value = 'discard'
}

/** Whether searches that ran wait for an answer. */
let waits = false

/** Unlocks the settings. What was found stays until another search starts; searches that found nothing go. */
export function changeSettings(): void {
  if (lanes.peek().some(hasTicket)) isChanging.value = true
  else forget()
}

/** The tickets are kept: all goes on as it was. */
export function keepTickets(): void {
  if (question.peek() === 'discard' && waits) continueSearches()
  question.value = undefined
}

/** The tickets may go: does what was asked for. */
export async function forgetTickets(): Promise<void> {
  const asked = question.peek()
  question.value = undefined
  if (asked === 'discard') forget()
  else if (asked === 'start' && !isBusy.peek()) await begin()
}

/** Downloads what nobody has downloaded, and keeps it here too; a search that waited goes on waiting, so that this is all of it. */
export async function downloadUnsaved(): Promise<void> {
  question.value = undefined
  for (const lane of lanes.peek()) if (isUnsaved(lane)) await ticketOf(lane).download()
}

/** Ends all workers and forgets what they found. */
function forget(): void {
  batch(() => {
    closeAll()
    refusal.value = undefined
  })
}

function closeAll(): void {
  for (const lane of lanes.peek()) lane.close()
  lanes.value = []
  isChanging.value = false
  question.value = undefined
}

export const pauseSearches = (): void => lanes.peek().forEach((lane) => void lane.pause())
export const continueSearches = (): void => lanes.peek().forEach((lane) => void lane.proceed())

/** Ends the searches, or the fetching of their text; their tickets stay. */
export function stopSearches(): void {
  if (isFetching.peek()) fetching.abort()
  else for (const lane of lanes.peek()) lane.stop()
}

/** Shows the mask of another matrix. */
export function showMatrix(matrix: string): void {
  wantedMatrix.value = matrix
  for (const lane of lanes.peek()) lane.show(matrix)
}

effect(() => {
  if (!isBusy.value) {
    backgroundWork.value = undefined
    return
  }
  const state = isPaused.value ? 'A search is paused' : 'A search is running'
  const [lane] = lanes.value
  backgroundWork.value = { view: 'search', text: lane ? `${state}: step ${doneOf(lane)}.` : `${state}.` }
})

/** Steps done of all, such as `120 of 600`; live where it is read. */
export function doneOf({ version, history, settings }: Lane): string {
  void version.value
  return `${history.steps.toLocaleString('en')} of ${settings.steps.toLocaleString('en')}`
}

effect(() => {
  hasUnsaved.value = lanes.value.some(isUnsaved)
})
