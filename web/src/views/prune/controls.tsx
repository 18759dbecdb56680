import { batch } from '@preact/signals'
import { Segmented, Select } from '../../ui/choice-field.js'
import { Slider } from '../../ui/slider.js'
import { SeedField } from '../../ui/value-field.js'
import { LEAST_WIDTH, MOST_WIDTH } from './choices.js'
import { initialisation, isRotary, state } from './state.js'

const trained = { sorter: 'sorter', story: 'stories' } as const
const heads = (['sorter', 'story'] as const).flatMap((model) =>
  Array.from({ length: 9 }, (_, i) => ({
    value: `${model}.${Math.floor(i / 3)}.${i % 3}`,
    label: `${trained[model]}: layer ${Math.floor(i / 3) + 1}, head ${(i % 3) + 1}`,
  })),
)

const targets = {
  random: 'The head to imitate: random matrices of norm 1, the largest the theorem allows.',
  rotary: 'The head to imitate: the same, but it turns queries and keys by their positions (RoPE), at two frequencies.',
  sorter: 'The head to imitate: one of nine in a small trained model that sorts letters.',
  story:
    'The head to imitate: one of a trained Llama that tells stories. It turns queries and keys by their positions.',
}

const examples = [
  ['as it opens', '#prune'],
  ['the paper’s input, d = 2', '#prune?d=2&input=rotation'],
  ['Xavier, out of reach', '#prune?n=20&init=xavier'],
  ['a head that turns with the position', '#prune?target=rotary&d=4&input=rotation'],
  ['a trained head that sorts letters', '#prune?target=sorter&layer=1&n=16'],
  ['a trained head that turns', '#prune?target=story&n=16'],
] as const

const isTrained = () => state.target.value === 'sorter' || state.target.value === 'story'

/** What is pruned, and from what. */
export function Controls() {
  const { target, d, layer, head, init, seed } = state
  return (
    <section class="panel prune-controls" aria-label="Settings">
      <div class="controls">
        <div class="prune-control">
          <Segmented
            label="Target"
            value={isTrained() ? 'sorter' : target.value}
            options={[
              { value: 'random', label: 'Random' },
              { value: 'rotary', label: 'Rotary' },
              { value: 'sorter', label: 'Trained' },
            ]}
            onChange={(value) => {
              if (value !== 'sorter' || !isTrained()) target.value = value
            }}
          />
          <span class="field-help">{targets[target.value]}</span>
        </div>
        <div class="prune-control">
          {!isTrained() ? (
            <Slider
              label="Width d"
              value={d.value}
              min={LEAST_WIDTH}
              max={MOST_WIDTH}
              help={
                target.value === 'rotary'
                  ? 'Numbers a position has: four matrices of d × d for the scores, one for the values.'
                  : 'Numbers a position has: d × d entries to hit. The paper has 2.'
              }
              onInput={(value) => {
                d.value = value
              }}
            />
          ) : (
            <>
              <Select
                label="Which head"
                value={`${target.value}.${layer.value}.${head.value}`}
                options={heads}
                onChange={(value) => {
                  const [model, ofLayer, ofHead] = value.split('.')
                  batch(() => {
                    target.value = model === 'story' ? 'story' : 'sorter'
                    layer.value = Number(ofLayer)
                    head.value = Number(ofHead)
                  })
                }}
              />
              <span class="field-help">
                {target.value === 'story'
                  ? 'It reads 64 numbers. Its four frequencies have two matrices each, A and B.'
                  : 'Each reads 48 numbers and a constant 1 that carries its biases.'}
              </span>
            </>
          )}
        </div>
        <div class="prune-control">
          <Segmented
            label="Initialisation"
            value={initialisation()}
            options={[
              { value: 'theory', label: 'Theory' },
              // The theorem on rotary heads is about the other alone.
              ...(isRotary() ? [] : [{ value: 'xavier' as const, label: 'Xavier' }]),
            ]}
            onChange={(value) => {
              init.value = value
            }}
          />
          <span class="field-help">
            {initialisation() === 'theory' ? (
              <>
                W_Q, W_K from U(−n<sup>1/4</sup>, n<sup>1/4</sup>), the others from U(−1, 1): products as large as the
                targets.
              </>
            ) : (
              <>U(−r, r), r² = 6 / (fan in + fan out): the wider the source, the smaller its products.</>
            )}
          </span>
        </div>
        <div class="prune-control">
          <SeedField
            value={seed.value}
            onChange={(value) => {
              seed.value = value
            }}
          />
          <span class="field-help">Everything random here follows from it, the same on every machine.</span>
        </div>
      </div>
      <p class="prune-try">
        Try:{' '}
        {examples.map(([name, hash], i) => [
          i > 0 ? ' · ' : '',
          <a key={hash} href={hash}>
            {name}
          </a>,
        ])}
      </p>
    </section>
  )
}
