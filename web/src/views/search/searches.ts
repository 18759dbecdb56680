/** The searches of this page. They are no part of the view, so that they go on while another is shown. */
import { batch, computed, effect, signal } from '@preact/signals'
import { backgroundWork } from '../../background-work.js'
import { plainSentence } from '../../failure.js'
import { fetchSiteFile } from '../../site.js'
import { address, askedSearches, currentChoices } from './address.js'
import type { SourceText } from './corpus-bytes.js'
import { type Lane, type Phase, startLane } from './lane.js'

/** The text that was pasted or dropped. */
export const ownText = signal<SourceText | undefined>(undefined)

/** The searches that were started last; none before, and after a reset. */
export const lanes = signal<readonly Lane[]>([])

/** Whether the text is being fetched. */
export const isFetching = signal(false)

/** Why no search could be started, a sentence. */
export const refusal = signal<string | undefined>(undefined)

/** The matrix whose mask is shown. */
export const shownMatrix = signal('h.0.mlp.c_fc')

/** Of all searches: whether one is under way, whether those that are wait. */
export const isBusy = computed(() => isFetching.value || isSome('starting', 'running', 'pausing', 'paused'))
export const isPaused = computed(() => isBusy.value && !isSome('running', 'pausing'))
/** Whether those that are under way wait or are about to, so that they can be told to continue. */
export const isHeld = computed(() => isSome('pausing', 'paused') && !isSome('running'))

const isSome = (...phases: Phase[]) => lanes.value.some(({ phase }) => phases.includes(phase.value))

/** Seconds between two texts; two searches share the machine. */
const SAMPLE_SECONDS = 5

/** Starts the searches that the address asks for. */
export async function startSearches(): Promise<void> {
  if (isBusy.peek()) return
  closeAll()
  refusal.value = undefined
  isFetching.value = true
  try {
    const choices = currentChoices()
    const asked = askedSearches(choices)
    const text = await textOf(choices.text)
    lanes.value = asked.map((each) =>
      startLane(each, {
        text,
        device: choices.device,
        sharers: asked.length,
        matrix: shownMatrix.peek(),
        sampleSeconds: SAMPLE_SECONDS * asked.length,
      }),
    )
  } catch (error) {
    refusal.value = plainSentence(error)
  } finally {
    isFetching.value = false
  }
}

async function textOf(source: 'shakespeare' | 'own'): Promise<SourceText> {
  if (source === 'shakespeare') {
    return { name: 'tiny Shakespeare', bytes: await fetchSiteFile('data/tinyshakespeare/input.txt') }
  }
  const own = ownText.peek()
  if (!own) throw new Error('There is no text yet: paste one, or drop a file.')
  return own
}

/** Ends all workers and forgets what they found. */
export function resetSearches(): void {
  batch(() => {
    closeAll()
    refusal.value = undefined
  })
}

function closeAll(): void {
  for (const lane of lanes.peek()) lane.close()
  lanes.value = []
}

export const pauseSearches = (): void => lanes.peek().forEach((lane) => void lane.pause())
export const continueSearches = (): void => lanes.peek().forEach((lane) => void lane.proceed())
export const stopSearches = (): void => lanes.peek().forEach((lane) => void lane.stop())

/** Shows the mask of another matrix. */
export function showMatrix(matrix: string): void {
  shownMatrix.value = matrix
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
  // a matrix of a layer that is no longer there
  const layer = /^h\.(\d+)\./.exec(shownMatrix.value)
  if (layer && Number(layer[1]) >= address.values.layers.value) shownMatrix.value = 'h.0.mlp.c_fc'
})
