import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { backgroundWork } from './background-work.js'
import { catchFiles, dropRemark, handedTexts } from './dropped-files.js'
import { plainSentence } from './failure.js'
import { route, viewLink } from './route.js'
import { chooseTheme, currentTheme, themes } from './theme.js'
import { Button } from './ui/button.js'
import { Notice } from './ui/notice.js'
import { type ViewName, viewNames } from './view-names.js'
import { views } from './views.js'

/** The whole page: what stays, and the view that its address names. */
export function App() {
  const { view } = route.value
  const main = useRef<HTMLElement>(null)
  const shown = useRef(view)
  useLayoutEffect(() => {
    document.title = `${views[view].title} · Strong lottery tickets`
    if (shown.current === view) return
    shown.current = view
    scrollTo(0, 0)
    main.current?.focus({ preventScroll: true }) // a screen reader goes on with the new view
  }, [view])
  useLayoutEffect(catchFiles, []) // a file dropped on what is drawn must not make the browser leave the page
  return (
    <>
      {/* A button, because what stands after # in an address is the view. */}
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the view
      </button>
      <header class="site-header">
        <p class="site-name">
          <span class="site-mark" aria-hidden="true" />
          strong lottery tickets
        </p>
        <p class="site-line">Prune a random transformer, changing no weight, until it is the one you wanted.</p>
        <ThemeButton />
        <nav class="site-nav" aria-label="Views">
          {viewNames.map((name) => (
            <a key={name} href={viewLink(name)} aria-current={name === view ? 'page' : undefined}>
              {views[name].title}
            </a>
          ))}
        </nav>
      </header>
      <main class="site-main" ref={main} tabIndex={-1} aria-labelledby="view-title">
        <div class="view-intro">
          <h1 id="view-title">{views[view].title}</h1>
          <p>{views[view].lead}</p>
        </div>
        <BackgroundNote shown={view} />
        <DropNote />
        <LoadedView key={view === 'search' ? `search ${handedTexts.value}` : view} name={view} />
      </main>
      <footer class="site-footer">
        Everything is computed in this page: nothing is uploaded. After{' '}
        <a href="https://arxiv.org/abs/2511.04217">Otsuka et al., AAAI-26</a> and Ramanujan et al., CVPR 2020. It
        contains <a href="third-party.txt">work of others</a>.
      </footer>
    </>
  )
}

/** Where there is no `requestIdleCallback` (Safari), half a second is as good. */
const requestIdle = (work: () => void) => {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work)
  else setTimeout(work, 500)
}

/** Fetches the modules of the other views, which are small, so that they are there when the network no longer is. */
function loadAll(): void {
  for (const name of viewNames) views[name].load().catch(() => {}) // told when the view is shown
}

/** What goes on in another view than the one shown. */
function BackgroundNote({ shown }: { readonly shown: ViewName }) {
  const work = backgroundWork.value
  if (!work || work.view === shown) return null
  return (
    <p class="notice background-note">
      {work.text} <a href={viewLink(work.view)}>{views[work.view].title}</a>
    </p>
  )
}

/** What there is to say about the files that were dropped, until the visitor has read it. */
function DropNote() {
  const { value: remark } = dropRemark
  if (remark === undefined) return null
  return (
    <Notice kind="warning">
      {remark}{' '}
      <Button
        onClick={() => {
          dropRemark.value = undefined
        }}
      >
        Close
      </Button>
    </Notice>
  )
}

/** A view's module, fetched when it is first shown. */
function LoadedView({ name }: { readonly name: ViewName }) {
  const loaded = useSignal<{ readonly View: ComponentType } | undefined>(undefined)
  const failure = useSignal<string | undefined>(undefined)
  const load = () => {
    failure.value = undefined
    views[name].load().then(
      (module) => {
        loaded.value = { View: module.default }
        requestIdle(loadAll)
      },
      (error) => {
        failure.value = plainSentence(error)
      },
    )
  }
  useEffect(load, [name])
  if (loaded.value) {
    const { View } = loaded.value
    return <View />
  }
  if (failure.value === undefined) return null
  return (
    <Notice kind="error">
      This view could not be loaded. {failure.value} <Button onClick={load}>Try again</Button>
    </Notice>
  )
}

function ThemeButton() {
  const theme = currentTheme.value
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]
  return (
    <button
      type="button"
      class="theme-button"
      aria-label={`Colours: ${theme}. Change to ${next}.`}
      onClick={() => chooseTheme(next)}
    >
      <span class={`theme-icon theme-icon-${theme}`} aria-hidden="true" />
      {theme}
    </button>
  )
}
