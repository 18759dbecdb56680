import { batch } from '@preact/signals'
import { Button } from '../../ui/button.js'
import { address, PAPER_SCALE } from './address.js'

const { family, qk, init, algorithm, width } = address.values

/**
 * What scaling queries and keys does with the weights that are chosen, and weights with which it does what the paper says.
 * The losses are those of docs/performance.md, "The QK scale at the explorer's widths".
 */
export function QkNote() {
  const said = qk.value === 'without' ? WITHOUT : remarks[init.value]
  const isChosen = init.value === 'uniform' && width.value === '128'
  return (
    <div class="search-qk">
      <p class="field-help" role="status">
        {said}
        {qk.value === 'without' ? null : measuredOn()}
      </p>
      {qk.value === 'without' ? null : (
        <Button waits={isChosen} onClick={chooseRoom}>
          Uniform weights, width 128
        </Button>
      )}
    </div>
  )
}

/** What the losses were measured on, where something else is chosen. */
function measuredOn(): string {
  const others = [
    ...(family.value === 'gpt2' ? [] : ['GPT-2s']),
    ...(algorithm.value === 'edge-popup' ? [] : ['edge-popup']),
  ]
  return others.length === 0 ? '' : ` All of this was measured with ${others.join(' and ')}.`
}

const PAPERS = `The paper multiplies the random queries and keys by the fourth root of a head's width, ${PAPER_SCALE.toFixed(2)} here`

const WITHOUT = `${PAPERS}, so that attention logits that start near 0 grow.`

const SMALL_GAIN =
  'With uniform weights at width 128 attention logits start near 0.1, and scaling helps a little: 0.07 nats a byte after 1,000 steps.'

const AT_WIDTH_512 = 'At width 512 a factor of 2 lowers the loss by 0.47 after 120 steps (docs/performance.md).'

const near1 = (weights: string) =>
  `${weights} start with attention logits of a deviation near 1 (0.6 while masks are soft), where scaling has nothing to repair: expect the scaled search to be worse. ${SMALL_GAIN}`

const remarks: Readonly<Record<(typeof init)['value'], string>> = {
  'signed-constant': near1('Signed constants'),
  'fan-in': near1('Weights scaled by fan-in'),
  gpt2: `The paper's claim is for these weights, in networks of width 512 and more. Here they are too small: at width 128 they stay above the loss of byte frequencies alone, with scaling or without. ${AT_WIDTH_512}`,
  uniform: `${SMALL_GAIN} The paper's claim is for GPT-2's N(0, 0.02), which is too small to learn from at these widths. ${AT_WIDTH_512}`,
}

/** Settings at which scaling was measured to help. */
function chooseRoom(): void {
  batch(() => {
    init.value = 'uniform'
    width.value = '128'
  })
}
