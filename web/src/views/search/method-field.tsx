import { Segmented } from '../../ui/choice-field.js'
import { address, algorithms } from './address.js'

const { algorithm } = address.values

/** Each method in a sentence. */
const explained: Readonly<Record<(typeof algorithms)[number], string>> = {
  annealed:
    'Annealed masks are soft at first, so that every weight counts in part, and harden until the end: the ticket becomes better, but before the end it lags behind the training loss.',
  'edge-popup': 'Edge-popup keeps the weights with the highest scores, from the first step on.',
}

/** How masks are found. */
export function MethodField() {
  return (
    <div class="search-device">
      <Segmented
        label="Method"
        value={algorithm.value}
        options={algorithms.map((value) => ({ value, label: value }))}
        onChange={(value) => {
          algorithm.value = value
        }}
      />
      <span class="field-help">{explained[algorithm.value]}</span>
    </div>
  )
}
