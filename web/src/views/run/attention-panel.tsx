import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { formatNumber } from '../../ui/axis.js'
import { Figure } from '../../ui/figure.js'
import { Letters } from '../../ui/letters.js'
import { type Cell, MatrixPicture } from '../../ui/matrix-picture.js'
import { Pixels } from './pixels.js'
import type { SeenAttention } from './writing.js'

/** The head that is enlarged, and the entry that is read off. */
const chosen = signal<{ readonly layer: number; readonly head: number }>({ layer: 0, head: 0 })
const cell = signal<Cell | undefined>(undefined)

const RANGE = [0, 1] as const

/** What every head looks at, small, and one of them enlarged. */
export function AttentionPanel({
  seen,
  isCausal,
}: {
  readonly seen: SeenAttention
  /** Whether a token reads itself and those before it alone. */
  readonly isCausal: boolean
}) {
  const { labels, layers, heads, first } = seen
  const length = labels.length
  const layer = Math.min(chosen.value.layer, layers.length - 1)
  const head = Math.min(chosen.value.head, heads - 1)
  const values = useMemo(() => headOf(layers[layer], head, length), [layers, layer, head, length])
  const picked = cell.value && cell.value.row < length && cell.value.column < length ? cell.value : undefined
  const caption =
    first > 0
      ? `The last ${length} tokens, read as a text of their own. A row is a token that reads, a column one that is read; a row sums to 1.`
      : `A row is a token that reads, a column one that is read${isCausal ? ' (itself or one before)' : ''}; a row sums to 1.`
  return (
    <section class="ticket-attention" aria-labelledby="run-attention-title">
      <h2 id="run-attention-title">What its heads look at</h2>
      <div class="ticket-attention-parts">
        <div class="ticket-heads">
          {layers.map((all, l) => (
            <div class="ticket-heads-row" key={l}>
              <span class="ticket-heads-layer">layer {l + 1}</span>
              {Array.from({ length: heads }, (_, h) => (
                <button
                  key={h}
                  type="button"
                  class="ticket-head"
                  aria-label={`Layer ${l + 1}, head ${h + 1}`}
                  aria-pressed={l === layer && h === head}
                  onClick={() => {
                    chosen.value = { layer: l, head: h }
                  }}
                >
                  <SmallHead all={all} head={h} length={length} />
                </button>
              ))}
            </div>
          ))}
        </div>
        <Figure title={`Layer ${layer + 1}, head ${head + 1}`} caption={caption}>
          <Letters labels={labels} />
          <MatrixPicture
            name={`Attention of layer ${layer + 1}, head ${head + 1}`}
            rows={length}
            columns={length}
            values={values}
            palette="sequential"
            range={RANGE}
            rowLabel="reads"
            columnLabel="is read"
            selected={picked}
            onSelect={(next) => {
              cell.value = next
            }}
          />
          <p class="ticket-pair">
            {picked
              ? `“${labels[picked.row]}” (token ${first + picked.row + 1}) takes ${formatNumber(100 * values[picked.row * length + picked.column])} % from “${labels[picked.column]}” (token ${first + picked.column + 1}).`
              : labels.join('') === ''
                ? 'No text was read yet.'
                : `${length} tokens: ${labels.join('')}`}
          </p>
        </Figure>
      </div>
    </section>
  )
}

const headOf = (all: Float32Array, head: number, length: number) =>
  all.subarray(head * length * length, (head + 1) * length * length)

function SmallHead({
  all,
  head,
  length,
}: {
  readonly all: Float32Array
  readonly head: number
  readonly length: number
}) {
  const values = useMemo(() => headOf(all, head, length), [all, head, length])
  return <Pixels rows={length} columns={length} values={values} palette="sequential" range={RANGE} />
}
