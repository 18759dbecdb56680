import { signal } from '@preact/signals'

/** A ticket that one view hands to the run view, without a server or a file. */
export interface HandedTicket {
  /** A file name, ending in `.slt.safetensors`. */
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The ticket that waits to be opened; the run view takes it and sets this to undefined. */
export const handedTicket = signal<HandedTicket | undefined>(undefined)

/** Hands a ticket to the run view, and shows that view. */
export function runTicket(ticket: HandedTicket): void {
  handedTicket.value = ticket
  location.hash = '#run'
}
