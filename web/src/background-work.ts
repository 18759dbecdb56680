import { effect, signal } from '@preact/signals'
import type { ViewName } from './view-names.js'

/** Work of a view that goes on while another is shown. */
export interface BackgroundWork {
  readonly view: ViewName
  /** What goes on, such as `A search is running: step 120 of 600.` */
  readonly text: string
}

/** What goes on; the page names it in other views, and warns before it is closed. */
export const backgroundWork = signal<BackgroundWork | undefined>(undefined)

/** Whether there is something that nobody has downloaded; the page warns before it is closed. */
export const hasUnsaved = signal(false)

const warn = (event: BeforeUnloadEvent) => event.preventDefault()

// Listened to only then: a page that listens always is not kept by the back button.
effect(() => {
  if (backgroundWork.value || hasUnsaved.value) addEventListener('beforeunload', warn)
  else removeEventListener('beforeunload', warn)
})
