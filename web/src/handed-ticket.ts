import { signal } from '@preact/signals'
import { route } from './route.js'

/** A ticket file that a view hands to the run view; that takes it, and sets this to undefined. */
export const handedTicket = signal<File | undefined>(undefined)

/** Hands a ticket to the run view, and shows that view: nothing is uploaded or saved. */
export function runTicket(file: File): void {
  handedTicket.value = file
  if (route.peek().view !== 'run') location.hash = '#run?example=none' // or the view would open its own example first
}
