import { formatNumber } from '../../ui/axis.js'
import { Button } from '../../ui/button.js'
import { useKeptFocus } from '../../ui/kept-focus.js'
import { Slider } from '../../ui/slider.js'
import { MOST_ITEMS } from './choices.js'
import { askAgain, attention, busy, head, progress, stopHead, stopped } from './computed.js'
import type { AttentionReport } from './prune-worker.js'
import { keyWidth, state, targetWidth } from './state.js'

/** The slider that the view is about, and the numbers that follow it. They stay in sight. */
export function Results() {
  const { n } = state
  const width = keyWidth() * targetWidth()
  const found = head.value
  const run = attention.value
  return (
    <section class="panel prune-results" aria-label="Items and errors" aria-busy={busy.value}>
      <Slider
        label="Items a weight, n′"
        value={n.value}
        min={1}
        max={MOST_ITEMS}
        help={`Random products each entry chooses from. The source is ${(width * n.value).toLocaleString('en')} wide.`}
        onInput={(value) => {
          n.value = value
        }}
      />
      <dl>
        <Quantity
          name="largest entry error"
          value={found && formatNumber(found.largest)}
          note={found ? `median ${formatNumber(found.median)}` : ''}
        />
        <Quantity
          name="error of the output"
          value={run && formatNumber(run.error)}
          note={run ? `largest over ${run.rows} positions` : ''}
        />
        <Quantity
          name="targets in reach"
          value={found && (found.entries - found.outOfReach).toLocaleString('en')}
          note={found ? `of ${found.entries.toLocaleString('en')} entries` : ''}
        />
        <Quantity
          name="the proof’s bound"
          value={run && formatBound(run)}
          note={
            run
              ? `guaranteed for every input of norms ≤ ${formatNumber(run.alpha)}, of any length; says little until n′ is larger`
              : ''
          }
        />
      </dl>
      <Solving />
      <p class="visually-hidden" role="status">
        {found && !busy.value
          ? `${found.head.valueOutput.items} items a weight: largest error ${formatNumber(found.largest)}, ${found.outOfReach} targets out of reach.`
          : ''}
      </p>
    </section>
  )
}

/** A bound above the size of the output itself says nothing. */
const formatBound = ({ bound, outputSize }: AttentionReport) =>
  bound < outputSize ? formatNumber(bound) : 'nothing yet'

function Quantity({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string | undefined
  readonly note: string
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="prune-value">{value ?? '…'}</span> <span class="prune-note">{note}</span>
      </dd>
    </div>
  )
}

/** What the worker does or did, on a line that is always there. */
function Solving() {
  const place = useKeptFocus<HTMLDivElement>()
  const found = head.value
  const fraction = progress.value
  if (stopped.value) {
    return (
      <div class="prune-solving" ref={place} tabIndex={-1}>
        Stopped{found ? `: shown are ${found.head.valueOutput.items} items a weight.` : '.'}{' '}
        <Button onClick={askAgain}>Go on</Button>
      </div>
    )
  }
  if (busy.value && fraction !== undefined) {
    return (
      <div class="prune-solving" ref={place} tabIndex={-1}>
        <progress max={1} value={fraction} aria-label="Subset sums solved" />
        <Button onClick={stopHead}>Stop</Button>
      </div>
    )
  }
  return (
    <div class="prune-solving" ref={place} tabIndex={-1}>
      {found ? `${found.entries.toLocaleString('en')} subset sums solved exactly in ${formatTime(found.solved)}.` : ''}
    </div>
  )
}

const formatTime = (ms: number) => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`)
