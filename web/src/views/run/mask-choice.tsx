import type { MaskSummary } from '../../../../src/inspect/report.js'
import { Select } from '../../ui/choice-field.js'
import { openOtherMask } from './opening.js'
import { masks } from './run-session.js'

/** Which mask of a file that holds several is shown and run, and another to open; nothing where it holds one. */
export function MaskChoice() {
  if (!masks.value || masks.value.all.length < 2) return null
  const { shown, all } = masks.value
  return (
    <div class="ticket-mask-choice">
      <Select
        label={`One of ${all.length} masks over the same random weights`}
        value={shown}
        options={all.map((mask) => ({ value: mask.name, label: described(mask) }))}
        onChange={openOtherMask}
      />
    </div>
  )
}

const described = ({ name, fraction, search }: MaskSummary): string =>
  `${name}: keeps ${(100 * fraction).toFixed(1)} %${search ? `, learned from ${search.corpus.name}` : ''}`
