import './prune.css'
import { useEffect } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { useKeptFocus } from '../../ui/kept-focus.js'
import { Notice } from '../../ui/notice.js'
import { AttentionPart } from './attention-part.js'
import { askAgain, failure, followState } from './computed.js'
import { Controls } from './controls.js'
import { CurvePart } from './curve-part.js'
import { EntryPart } from './entry-part.js'
import { MatrixPart } from './matrix-part.js'
import { Results } from './results.js'
import { refused } from './state.js'

/** The view `#prune`: one attention head, pruned from a random source as the paper's Theorem 3 says, live. */
export default function PruneView() {
  useEffect(followState, [])
  const place = useKeptFocus<HTMLDivElement>({ onButton: false })
  return (
    <div class="prune" ref={place} tabIndex={-1}>
      {refused.value.length > 0 ? (
        <Notice kind="warning">
          The address says {refused.value.join(', ')}, which is no value here; the usual one is used instead.
        </Notice>
      ) : null}
      {failure.value === undefined ? null : (
        <Notice kind="error">
          {failure.value} <Button onClick={askAgain}>Try again</Button>
        </Notice>
      )}
      <Results />
      <Controls />
      <MatrixPart />
      <EntryPart />
      <AttentionPart />
      <CurvePart />
    </div>
  )
}
