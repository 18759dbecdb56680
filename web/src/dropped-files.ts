/** Files that are dropped anywhere on the page, so that the browser never leaves it to show one. */
import { signal } from '@preact/signals'
import { sortOut } from './dropped-kind.js'
import { unreadSentence } from './failure.js'
import { runTicket } from './handed-ticket.js'
import { route, viewLink } from './route.js'
import { views } from './views.js'

/** What there is to say about the files that were dropped last. */
export const dropRemark = signal<string | undefined>(undefined)

/** Counts texts that were handed to the view of searches, which then shows the new one. */
export const handedTexts = signal(0)

async function takeTextFile(file: File): Promise<void> {
  const { takeText, textOfFile } = await views.search.loadTaker()
  const text = await textOfFile(file)
  if (route.peek().view !== 'search') {
    location.hash = viewLink('search')
    await new Promise((done) => addEventListener('hashchange', done, { once: true })) // it sets the address' fields
  }
  takeText(text)
  handedTexts.value++
}

function take(files: readonly File[]): void {
  const { file, to, remark } = sortOut(files, route.peek().view)
  dropRemark.value = remark
  if (to === 'run') runTicket(file)
  else if (to === 'search') {
    takeTextFile(file).catch((error) => {
      dropRemark.value = unreadSentence(file, error)
    })
  }
}

/** Catches files until it is told to stop; what a view catches itself is its own. @returns stop */
export function catchFiles(): () => void {
  const zone = document.documentElement
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    zone.dataset.dropping = ''
  }
  const leave = (event: DragEvent) => {
    if (!event.relatedTarget) delete zone.dataset.dropping
  }
  const drop = (event: DragEvent) => {
    delete zone.dataset.dropping
    const files = [...(event.dataTransfer?.files ?? [])]
    if (event.defaultPrevented || files.length === 0) return
    event.preventDefault()
    take(files)
  }
  const pairs = [
    ['dragover', over],
    ['dragleave', leave],
    ['drop', drop],
  ] as const
  for (const [name, listener] of pairs) addEventListener(name, listener)
  return () => {
    for (const [name, listener] of pairs) removeEventListener(name, listener)
    delete zone.dataset.dropping
  }
}
