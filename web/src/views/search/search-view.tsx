import type { VNode } from 'preact'
import { Notice } from '../../ui/notice.js'
import { type AskedSearch, address, askedSearches, commandOf, currentChoices } from './address.js'
import { Curves } from './curves.js'
import type { Lane } from './lane.js'
import { LanePanel } from './lane-panel.js'
import { MaskPanel } from './mask-panel.js'
import { RunButtons } from './run-buttons.js'
import { isBusy, isChanging, isFetching, isPaused, isRunning, lanes, refusal } from './searches.js'
import { SettingsForm } from './settings-form.js'
import './search.css'

/** The view `#search`. */
export default function SearchView(): VNode {
  const running = lanes.value
  const refused = address.refused.value
  const { asked, problem } = askedOrWhy()
  const shown: readonly AskedSearch[] = running.length > 0 ? running : asked
  const settings = shown[0]?.settings
  return (
    <>
      {refused.length > 0 ? (
        <Notice kind="warning">
          The address holds what is no setting here ({refused.join(', ')}); defaults are used instead.
        </Notice>
      ) : null}
      <SettingsForm locked={isBusy.value || (running.length > 0 && !isChanging.value)} />
      <div class="search-run">
        <span class="visually-hidden" role="status">
          {stateInWords()}
        </span>
        <RunButtons startable={asked.length > 0} />
        {problem === undefined ? null : <Notice kind="error">{problem}</Notice>}
        {refusal.value === undefined ? null : <Notice kind="error">{refusal.value}</Notice>}
      </div>
      <div class="figures">
        {shown.map((each, i) => (
          <LanePanel key={i} asked={each} lane={running[i]} several={shown.length > 1} />
        ))}
      </div>
      {settings ? (
        <div class="figures">
          <div class="search-curves">
            <Curves lanes={running} settings={settings} />
          </div>
          <MaskPanel lanes={running} settings={settings} />
        </div>
      ) : null}
      {asked.length > 0 ? (
        <details class="search-more">
          <summary>The same on the command line</summary>
          {asked.map((each, i) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
            <pre key={each.title} tabIndex={0} role="group" aria-label={`Command: ${each.title}`}>
              {commandOf(
                found(each, running[i]),
                address.values.text.value === 'own' ? '<your text>' : 'data/tinyshakespeare/input.txt',
              )}
            </pre>
          ))}
        </details>
      ) : null}
    </>
  )
}

/** A search with what was chosen for it, once it runs: the command is to do the same, on whatever machine. */
const found = (asked: AskedSearch, lane: Lane | undefined): AskedSearch => ({
  ...asked,
  arithmetic: (asked.arithmetic === lane?.arithmetic && lane.opening.value?.arithmetic) || asked.arithmetic,
})

function askedOrWhy() {
  try {
    return { asked: askedSearches(currentChoices()), problem: undefined }
  } catch (error) {
    return { asked: [], problem: `${error instanceof Error ? error.message : error}.` }
  }
}

/** For screen readers: what changes now and then, not at every step. */
function stateInWords(): string {
  if (isFetching.value) return 'The text is being fetched.'
  if (isRunning.value) return 'The search is running.'
  if (isBusy.value) return isPaused.value ? 'The search is paused.' : 'The search is being loaded.'
  return lanes.value.length > 0 ? 'The search has ended.' : ''
}
