/** Files that are dropped anywhere on the page, so that the browser never leaves it to show one. */
import { signal } from '@preact/signals'
import { runTicket } from './handed-ticket.js'
import { route, viewLink } from './route.js'
import { type ViewName, views } from './views.js'

/** What there is to say about the files that were dropped last. */
export const dropRemark = signal<string | undefined>(undefined)

/** Counts texts that were handed to the view of searches, which then shows the new one. */
export const handedTexts = signal(0)

/** What a dropped file is taken for. */
export type DroppedKind = 'ticket' | 'text' | 'result' | 'other'

const endings = {
  ticket: /\.safetensors$/i,
  result: /\.(jsonl|json|svg)$/i,
  text: /\.(txt|md|csv|tsv|log|tex|html?|xml)$/i,
}

/** By its name, or else by the type that the browser gives it. */
export function kindOfFile({ name, type }: { readonly name: string; readonly type: string }): DroppedKind {
  if (endings.ticket.test(name)) return 'ticket'
  if (endings.result.test(name)) return 'result'
  if (endings.text.test(name) || type.startsWith('text/')) return 'text'
  return 'other'
}

/** Which of some dropped files is taken, where it goes, and what is said about it. */
export interface Sorted<F> {
  readonly file: F
  readonly to: 'run' | 'search' | undefined
  readonly remark: string | undefined
}

/**
 * Sorts out dropped files: tickets are for the view that runs them, which also looks at any other file that is dropped on it; texts
 * are for searches.
 * @param files at least one
 */
export function sortOut<F extends { readonly name: string; readonly type: string }>(
  files: readonly F[],
  shown: ViewName,
): Sorted<F> {
  const wanted = shown === 'search' ? 'text' : 'ticket'
  const kinds: readonly DroppedKind[] = [wanted, 'ticket', 'text']
  const file = kinds.flatMap((kind) => files.filter((each) => kindOfFile(each) === kind))[0] ?? files[0]
  const kind = kindOfFile(file)
  const to = kind === 'ticket' || shown === 'run' ? 'run' : kind === 'text' ? 'search' : undefined
  const others = files.length - 1
  const left =
    others === 0 ? '' : ` One file at a time is opened: ${others} more ${others === 1 ? 'was' : 'were'} left.`
  if (to !== undefined) return { file, to, remark: others === 0 ? undefined : `${file.name} was taken.${left}` }
  const why =
    kind === 'result'
      ? `is opened in “${views.report.title}”, where a file host serves this page: drop it there, on the runs and figures`
      : 'is neither a ticket (.safetensors) nor a text: nothing here opens it'
  return { file, to, remark: `${file.name} ${why}.${left}` }
}

/** A larger text gains a small model nothing. */
const LARGEST_TEXT = 50_000_000

async function takeText(file: File): Promise<void> {
  if (file.size > LARGEST_TEXT) {
    dropRemark.value = `${file.name} has ${Math.round(file.size / 1e6)} MB, more than a search in a page takes (50 MB).`
    return
  }
  const bytes = new Uint8Array(await file.arrayBuffer())
  // Fetched now, because the page begins without that view.
  const [{ ownText }, { address }] = await Promise.all([
    import('./views/search/searches.js'),
    import('./views/search/address.js'),
  ])
  if (route.peek().view !== 'search') {
    location.hash = viewLink('search')
    await new Promise((done) => addEventListener('hashchange', done, { once: true })) // it sets the address' fields
  }
  address.values.text.value = 'own'
  ownText.value = { name: file.name, bytes }
  handedTexts.value++
}

function take(files: readonly File[]): void {
  const { file, to, remark } = sortOut(files, route.peek().view)
  dropRemark.value = remark
  if (to === 'run') runTicket(file)
  else if (to === 'search') {
    takeText(file).catch(() => {
      dropRemark.value = `${file.name} could not be read.`
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
