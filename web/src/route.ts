import { type ReadonlySignal, signal } from '@preact/signals'
import { type ViewName, viewNames } from './view-names.js'

/** What an address names: `#prune?d=8&n=12` is a view and its parameters; `#ticket=…` and `#ticket10=…` (docs/ticket-format.md) are the run view's. */
export interface Route {
  readonly view: ViewName
  readonly parameters: URLSearchParams
}

/** Reads the part of an address after `#`; an unknown view is the first one. */
export function parseHash(hash: string): Route {
  const text = hash.replace(/^#\/?/, '')
  if (/^ticket(10)?=/.test(text)) return { view: 'run', parameters: new URLSearchParams(text) }
  const [name, query = ''] = split(text, '?')
  const view = viewNames.find((each) => each === name) ?? 'prune'
  return { view, parameters: new URLSearchParams(view === name ? query : '') }
}

function split(text: string, at: string): [string, string?] {
  const index = text.indexOf(at)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

/** The address of a view with parameters, from `#` on. */
export function formatHash({ view, parameters }: Route): string {
  const query = parameters.toString()
  return query === '' ? `#${view}` : `#${view}?${query}`
}

const current = signal(parseHash(location.hash))

/** The address that was last read or written here. Where it is another, a link or the back button was used and its event is on its way. */
let known = location.hash
addEventListener('hashchange', () => {
  known = location.hash
  current.value = parseHash(known)
})

/** Where the page is. Follows links and the back button; a view's own changes of its parameters do not change it. */
export const route: ReadonlySignal<Route> = current

const remembered = signal<Partial<Record<ViewName, string>>>({})

/** The link to a view as the visitor left it. */
export const viewLink = (view: ViewName): string => remembered.value[view] ?? `#${view}`

let timer: ReturnType<typeof setTimeout> | undefined
let waiting: { readonly view: ViewName; readonly hash: string } | undefined

/** Writes what waits into the address, if its view is still shown and the visitor has not gone elsewhere. */
function settle(): void {
  clearTimeout(timer)
  if (waiting && current.peek().view === waiting.view && location.hash === known) {
    history.replaceState(history.state, '', waiting.hash)
    known = location.hash
  }
  waiting = undefined
}

/** Puts a view's parameters into its link at once, and into the address soon (browsers limit how often), when it is shown. */
export function rememberParameters(view: ViewName, parameters: URLSearchParams): void {
  const hash = formatHash({ view, parameters })
  remembered.value = { ...remembered.peek(), [view]: hash }
  if (current.peek().view !== view) return
  clearTimeout(timer)
  waiting = { view, hash }
  timer = setTimeout(settle, 200)
}

/** Leaves the address as it is to the back button: what the view shown changes from here on is written into a new entry. */
export function beginEntry(): void {
  settle()
  history.pushState(history.state, '', location.href)
}
