/** The ticket of a search on its way out of the page, and whether it has been taken home. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { plainSentence } from '../../failure.js'
import { runTicket } from '../../handed-ticket.js'
import type { Lane } from './lane.js'
import type { TicketFile } from './messages.js'

/** What is known of a search's ticket. */
export interface LaneTicket {
  /** Whether it is being written. */
  readonly isMaking: ReadonlySignal<boolean>
  /** The last one that was written. */
  readonly made: ReadonlySignal<TicketFile | undefined>
  /** Why the last one could not be, a sentence; empty when it could. */
  readonly problem: ReadonlySignal<string>
  /** The step of the last one that was downloaded; 0 before. */
  readonly savedStep: ReadonlySignal<number>
  /** Writes the ticket of the masks as they are, and hands it to the browser as a download. */
  download(): Promise<void>
  /** Writes it, and opens it in the run view. */
  open(): Promise<void>
}

const tickets = new WeakMap<Lane, LaneTicket>()

/** What is known of the ticket of a search; the same object at every call. */
export function ticketOf(lane: Lane): LaneTicket {
  let known = tickets.get(lane)
  if (!known) {
    known = createLaneTicket(lane)
    tickets.set(lane, known)
  }
  return known
}

/** Whether a search has masks to write a ticket of; live where it is read. */
export const hasTicket = ({ phase }: Lane): boolean => phase.value !== 'starting' && phase.value !== 'failed'

/** Whether a search found something that nobody has downloaded; live where it is read. */
export function isUnsaved(lane: Lane): boolean {
  void lane.version.value
  return hasTicket(lane) && lane.history.steps > ticketOf(lane).savedStep.value
}

function createLaneTicket(lane: Lane): LaneTicket {
  const isMaking = signal(false)
  const made = signal<TicketFile | undefined>(undefined)
  const problem = signal('')
  const savedStep = signal(0)
  const make = async (use: (ticket: TicketFile) => void) => {
    if (isMaking.peek()) return
    isMaking.value = true
    problem.value = ''
    try {
      const ticket = await lane.ticket()
      made.value = ticket
      use(ticket)
    } catch (error) {
      problem.value = plainSentence(error)
    } finally {
      isMaking.value = false
    }
  }
  return {
    isMaking,
    made,
    problem,
    savedStep,
    download: () =>
      make(({ bytes, step }) => {
        download(bytes, fileName(lane, step))
        savedStep.value = step
      }),
    open: () => make(({ bytes, step }) => runTicket(new File([bytes], fileName(lane, step)))),
  }
}

function fileName({ settings }: Lane, step: number): string {
  const { config, qkScale, seed } = settings
  const scaled = qkScale === 1 ? '' : `-qk${qkScale}`
  return `search-${config.layers}x${config.width}${scaled}-seed${seed}-step${step}.slt.safetensors`
}

function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // some browsers read it later
}
