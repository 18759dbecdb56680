import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { address } from './address.js'
import { phases } from './lane-panel.js'
import { hasTicket, isUnsaved } from './lane-ticket.js'
import {
  changeSettings,
  continueSearches,
  discardSearches,
  doneOf,
  downloadUnsaved,
  forgetTickets,
  isBusy,
  isChanging,
  isFetching,
  isHeld,
  isRunning,
  keepTickets,
  lanes,
  pauseSearches,
  question,
  startSearches,
  stopSearches,
} from './searches.js'

/** What the buttons are about. */
type State = 'ready' | 'busy' | 'ended' | 'changing' | 'asking'

function stateNow(): State {
  if (question.value !== undefined) return 'asking'
  if (isBusy.value) return 'busy'
  if (lanes.value.length === 0) return 'ready'
  return isChanging.value ? 'changing' : 'ended'
}

/**
 * Start; then pause or continue, and stop; then take the ticket, and start anew. A state is two lines, one of buttons and one
 * of text: where a click or Enter leads to a state in which something can be lost, the text lies under the pointer and has
 * the focus, so that a second click or Enter does nothing.
 */
export function RunButtons({ startable }: { readonly startable: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  const state = stateNow()
  const before = useRef(state)
  const hadFocus = place.current?.contains(document.activeElement) === true
  useLayoutEffect(() => {
    if (before.current === state) return
    before.current = state
    if (hadFocus) focusOf(state, place.current!)?.focus()
  })
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced at every button
    <div
      class="search-controls"
      ref={place}
      role="group"
      aria-label="Run the search"
      onKeyDown={({ key }) => {
        if (key === 'Escape' && state === 'asking') keepTickets()
      }}
    >
      {state === 'ready' ? (
        <ReadyState key={state} startable={startable} />
      ) : state === 'busy' ? (
        <BusyState key={state} />
      ) : state === 'ended' ? (
        <EndedState key={state} />
      ) : state === 'changing' ? (
        <ChangingState key={state} startable={startable} />
      ) : (
        <AskingState key={state} />
      )}
    </div>
  )
}

/** Where the focus goes when it was among the buttons of another state. */
function focusOf(state: State, place: HTMLElement): HTMLElement | null {
  if (state === 'busy') return place.querySelector('button') // to pause, which waits until something runs
  if (state === 'changing') return document.querySelector<HTMLElement>('.search-settings input')
  return place.querySelector<HTMLElement>('.search-said')
}

const Said = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="search-said" tabIndex={-1}>
    {children}
  </p>
)

const StartRow = ({ startable }: { readonly startable: boolean }) => (
  <div class="row">
    <Button primary waits={!startable} onClick={() => void startSearches()}>
      Start the search
    </Button>
    <Button onClick={address.reset}>Default settings</Button>
  </div>
)

function ReadyState({ startable }: { readonly startable: boolean }) {
  return (
    <>
      <StartRow startable={startable} />
      <Said>It runs on this machine alone; its ticket can be downloaded at any time.</Said>
    </>
  )
}

function BusyState() {
  return (
    <>
      <div class="row">
        {isHeld.value ? (
          <Button primary onClick={continueSearches}>
            Continue
          </Button>
        ) : (
          <Button primary waits={!isRunning.value} onClick={pauseSearches}>
            Pause
          </Button>
        )}
        <Button onClick={stopSearches}>Stop</Button>
        <Button waits={isFetching.value} onClick={discardSearches}>
          Discard
        </Button>
      </div>
      <Said>Settings are locked meanwhile. The search goes on while you look at other views.</Said>
    </>
  )
}

function EndedState() {
  const found = lanes.value.filter(hasTicket).some(({ history }) => history.steps > 0)
  const unsaved = lanes.value.filter(isUnsaved).length
  return (
    <>
      <Said>{endInWords()}</Said>
      <div class="row">
        {found ? (
          <Button primary={unsaved > 0} waits={unsaved === 0} onClick={() => void downloadUnsaved()}>
            {unsaved > 1 ? 'Download both' : 'Download'}
          </Button>
        ) : null}
        <Button primary={found && unsaved === 0} onClick={() => void startSearches()}>
          Start again
        </Button>
        <Button primary={!found} onClick={changeSettings}>
          Change the settings
        </Button>
      </div>
    </>
  )
}

function ChangingState({ startable }: { readonly startable: boolean }) {
  return (
    <>
      <StartRow startable={startable} />
      <Said>What was found before stays below until this search starts.</Said>
    </>
  )
}

function AskingState() {
  const several = lanes.value.filter(isUnsaved).length > 1
  const what = several ? 'The tickets that were found have' : 'The ticket that was found has'
  return (
    <>
      <Said>
        {what} not been downloaded. {question.value === 'start' ? 'A new search forgets' : 'This forgets'}{' '}
        {several ? 'them' : 'it'}.
      </Said>
      <div class="row">
        <Button primary onClick={() => void downloadUnsaved()}>
          Download first
        </Button>
        <Button onClick={keepTickets}>Keep {several ? 'them' : 'it'}</Button>
        <Button onClick={() => void forgetTickets()}>
          {question.value === 'start' ? 'Forget and start' : 'Forget'}
        </Button>
      </div>
    </>
  )
}

/** How the searches ended, and whether their tickets were downloaded. */
function endInWords(): string {
  const [lane, ...others] = lanes.value
  const unsaved = lanes.value.filter(isUnsaved).length
  if (others.length > 0) {
    const which = ['', '; one ticket has not been downloaded yet', '; their tickets have not been downloaded yet']
    return `Both searches have ended${which[unsaved]}.`
  }
  if (!hasTicket(lane)) return 'The search ended without a ticket.'
  if (lane.history.steps === 0) return 'Stopped before the first step.'
  const how = `${phases[lane.phase.value]} after step ${doneOf(lane)}.`
  return unsaved > 0 ? `${how} Its ticket has not been downloaded yet.` : `${how} Its ticket is downloaded.`
}
