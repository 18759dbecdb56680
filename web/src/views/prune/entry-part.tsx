import { formatNumber } from '../../ui/axis.js'
import { Button } from '../../ui/button.js'
import { Figure } from '../../ui/figure.js'
import { Slider } from '../../ui/slider.js'
import { entryItems, type PrunedMatrix } from './prune-head.js'
import { chosenEntry, chosenMatrix, step } from './selection.js'
import { state } from './state.js'
import { SumSteps } from './sum-steps.js'

/** The subset-sum problem of one entry. */
export function EntryPart() {
  const matrix = chosenMatrix.value
  return (
    <section class="prune-part" aria-labelledby="prune-entry">
      <h2 id="prune-entry">One entry, one subset sum</h2>
      {matrix ? <Entry matrix={matrix} /> : <div class="prune-entry-room" />}
    </section>
  )
}

function Entry({ matrix }: { readonly matrix: PrunedMatrix }) {
  const { row, column } = chosenEntry.value
  const { outputs, items: count, target, weights, reachable, expectedGaps } = matrix
  const at = row * outputs + column
  const items = entryItems(matrix, row, column)
  const upTo = Math.min(step.value, count)
  const so = items.slice(0, upTo).reduce((sum, { value, kept }) => (kept ? sum + value : sum), 0)
  const kept = items.filter(({ kept }) => kept).length
  const gap = Math.abs(weights[at] - target[at])
  const last = items[upTo - 1]
  return (
    <div class="prune-entry">
      <Figure
        title={`Row ${row + 1}, column ${column + 1} of ${state.product.value === 'qk' ? 'query × key' : 'value × output'}`}
        legend={[
          { label: 'kept', colour: 1, mark: 'kept' },
          { label: 'dropped', colour: 1, mark: 'dropped' },
          { label: 'target', colour: 2 },
        ]}
        caption="One bar an item, a product of two random weights, from top to bottom. A kept one starts where the kept one before it ended; a dropped one is drawn from where it would have started."
      >
        <SumSteps items={items} upTo={upTo} target={target[at]} />
      </Figure>
      <div class="prune-entry-side">
        <Slider
          label="Step through the items"
          value={upTo}
          min={0}
          max={count}
          format={(value) => `${value} of ${count}`}
          help="Only the items up to here are added."
          onInput={(value) => {
            step.value = value
          }}
        />
        <div class="row">
          <Button
            disabled={upTo === 0}
            onClick={() => {
              step.value = upTo - 1
            }}
          >
            Back
          </Button>
          <Button
            disabled={upTo === count}
            onClick={() => {
              step.value = upTo + 1
            }}
          >
            Next item
          </Button>
          <Button
            onClick={() => {
              step.value = upTo === count ? 0 : count
            }}
          >
            {upTo === count ? 'From the start' : 'All'}
          </Button>
        </div>
        <p class="prune-step" aria-live="polite">
          {last
            ? `Item ${upTo} is ${formatNumber(last.value)}: ${last.kept ? 'kept' : 'dropped'}. The sum is ${formatNumber(so)}, ${formatNumber(Math.abs(target[at] - so))} from the target.`
            : `Nothing is added yet: the target is ${formatNumber(target[at])} away.`}
        </p>
        <dl class="prune-facts">
          <Fact name="target" value={target[at].toFixed(9)} />
          <Fact name={`sum of the ${kept} kept`} value={weights[at].toFixed(9)} />
          <Fact name="gap" value={formatNumber(gap)} />
          <Fact
            name="expected gap"
            value={expectedGaps[at] < 1e3 ? formatNumber(expectedGaps[at]) : 'far out of reach'}
          />
          <Fact name="target within reach" value={reachable[at] === 1 ? 'yes' : 'no'} />
        </dl>
        <p class="field-help">
          {`Of all ${(2 ** count).toLocaleString('en')} subsets, no other comes closer. The expected gap is the mean over items that look like these: `}
          2<sup>−(n′+1)</sup> √(2π) s exp((t − m)² / 2s²), with m half the items’ sum, s half the root of the sum of
          their squares.
        </p>
      </div>
    </div>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value.replace('-', '\u2212')}</dd>
    </div>
  )
}
