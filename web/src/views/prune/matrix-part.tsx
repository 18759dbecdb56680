import { useMemo } from 'preact/hooks'
import { rotaryFrequencies } from '../../../../src/paper/rotary-attention.js'
import { formatNumber } from '../../ui/axis.js'
import { Segmented } from '../../ui/choice-field.js'
import { Figure } from '../../ui/figure.js'
import { type Cell, MatrixPicture } from '../../ui/matrix-picture.js'
import { paletteRange } from '../../ui/palette.js'
import { ROTARY_KEY_WIDTH, ROTARY_THETA, STORY_KEY_WIDTH, STORY_THETA } from './choices.js'
import type { PrunedMatrix } from './prune-head.js'
import { chosenEntry, chosenMatrix, step } from './selection.js'
import { isRotary, state } from './state.js'

/** The second halves of the keys are pruned whole and not shown. */
const rotaryNames = ['W_K, first half', 'W_Q, both halves'] as const
/** Radians a position, of the random rotary head and of the storyteller's. */
const frequencies = {
  rotary: Array.from(rotaryFrequencies(ROTARY_KEY_WIDTH, ROTARY_THETA), formatNumber),
  story: Array.from(rotaryFrequencies(STORY_KEY_WIDTH, STORY_THETA), formatNumber),
}

/** How A and B of a frequency make its part of a score. */
function RotaryScore() {
  const x = (position: string) => (
    <>
      <i>x</i>
      <sub>{position}</sub>
    </>
  )
  return (
    <p class="field-help">
      A turning head has two matrices for each frequency θ. It scores position <i>m</i> against position <i>n</i> by cos
      Δ · {x('m')}′ <i>A</i>
      {x('n')} + sin Δ · {x('m')}′ <i>B</i>
      {x('n')}, where Δ = (<i>m</i> − <i>n</i>) θ. The pictures have <i>A</i>′ and −<i>B</i>′, a row for each input of
      the keys.
    </p>
  )
}

/** The random source under its masks, and what it amounts to beside what was wanted. */
export function MatrixPart() {
  const matrix = chosenMatrix.value
  const rotary = isRotary() && state.product.value === 'qk'
  const ofTarget = frequencies[state.target.value === 'story' ? 'story' : 'rotary']
  const names = rotary
    ? rotaryNames
    : state.product.value === 'qk'
      ? (['W_Q', 'W_K'] as const)
      : (['W_V', 'W_O′'] as const)
  return (
    <section class="prune-part" aria-labelledby="prune-source">
      <div class="prune-head">
        <h2 id="prune-source">The random source, and what is kept of it</h2>
        <Segmented
          label="Which product"
          value={state.product.value}
          options={[
            { value: 'qk', label: 'query × key' },
            { value: 'vo', label: 'value × output' },
          ]}
          onChange={(value) => {
            state.product.value = value
          }}
        />
        {rotary ? (
          <Segmented
            label="Frequency, radians a position"
            value={String(Math.min(state.frequency.value, ofTarget.length - 1))}
            options={ofTarget.map((label, p) => ({ value: String(p), label }))}
            onChange={(value) => {
              state.frequency.value = Number(value)
            }}
          />
        ) : null}
      </div>
      {rotary ? <RotaryScore /> : null}
      {matrix ? <Source matrix={matrix} names={names} rotary={rotary} /> : <div class="prune-source-room" />}
      {matrix ? (
        <Products matrix={matrix} parts={rotary ? ['A′', '−B′'] : ['']} />
      ) : (
        <div class="prune-products-room" />
      )}
    </section>
  )
}

/** Width over height of a source matrix's picture, whatever its size: nothing below moves. */
const ASPECT = 6.5

function Source({
  matrix,
  names,
  rotary,
}: {
  readonly matrix: PrunedMatrix
  readonly names: readonly [string, string]
  readonly rotary: boolean
}) {
  const { inputs, outputs, items, first, second, kept } = matrix
  const width = inputs * items
  const shown = useMemo(() => {
    const firstKept = new Uint8Array(first.length)
    for (let j = 0; j < inputs; j++) firstKept.fill(1, j * width + j * items, j * width + (j + 1) * items)
    const [values, mask] = [new Float64Array(second.length), new Uint8Array(second.length)]
    for (let k = 0; k < width; k++) {
      for (let i = 0; i < outputs; i++) {
        values[i * width + k] = second[k * outputs + i]
        mask[i * width + k] = kept[k * outputs + i]
      }
    }
    return { firstKept, values, mask, keptCount: kept.reduce((sum, bit) => sum + bit, 0) }
  }, [matrix])
  const { row, column } = chosenEntry.value
  const unit = row * items + Math.max(0, Math.min(items, step.value) - 1)
  const choose = (row: number, column: number, unit: number) => {
    state.row.value = row
    state.column.value = column
    step.value = (unit % items) + 1
  }
  const keptWeights = (width + shown.keptCount).toLocaleString('en')
  const all = (first.length + second.length).toLocaleString('en')
  return (
    <Figure
      title={`${names[0]} and ${names[1]} of the source`}
      caption={`${keptWeights} of ${all} random weights are kept, at full colour; the dropped ones are pale. Each hidden unit keeps one weight of ${names[0]}, so that it sees one input alone: these are the blocks on the diagonal, ${items} units each. In ${names[1]} every entry then keeps the units whose products add up to it.${rotary ? ' The second half of W_K is dropped whole and not shown.' : ''}`}
    >
      <div class="prune-source">
        <MatrixPicture
          name={`${names[0]} of the source`}
          rows={inputs}
          columns={width}
          values={first}
          kept={shown.firstKept}
          rowLabel="input"
          columnLabel="hidden unit"
          aspect={ASPECT}
          selected={{ row, column: unit }}
          onSelect={(cell) => choose(Math.floor(cell.column / items), column, cell.column)}
        />
        <MatrixPicture
          name={`${names[1]} of the source`}
          rows={outputs}
          columns={width}
          values={shown.values}
          kept={shown.mask}
          rowLabel="output"
          columnLabel="hidden unit"
          aspect={ASPECT}
          selected={{ row: column, column: unit }}
          onSelect={(cell) => choose(Math.floor(cell.column / items), cell.row, cell.column)}
        />
      </div>
    </Figure>
  )
}

/**
 * What was wanted, what the kept weights make, and the difference.
 * @param parts names of matrices of equal width that stand side by side in this one; each is a picture of its own
 */
function Products({ matrix, parts }: { readonly matrix: PrunedMatrix; readonly parts: readonly string[] }) {
  const { inputs, outputs, target, weights } = matrix
  const columns = outputs / parts.length
  const difference = useMemo(() => weights.map((value, i) => value - target[i]), [matrix])
  const range = useMemo(() => {
    const most = Math.max(paletteRange('diverging', target)[1], paletteRange('diverging', weights)[1])
    return [-most, most] as const
  }, [matrix])
  const { row, column } = chosenEntry.value
  const shown = [
    { title: 'Wanted', name: "the target's product", values: target, range },
    { title: 'What the kept weights make', name: "the ticket's product", values: weights, range },
    { title: 'Difference, magnified', name: 'the difference', values: difference, range: undefined },
  ]
  return (
    <div class={parts.length > 1 ? 'prune-products prune-products-pairs' : 'prune-products'}>
      {shown.flatMap(({ title, name, values, range }) =>
        parts.map((part, at) => (
          <Figure key={title + part} title={part === '' ? title : `${part}: ${title.toLowerCase()}`}>
            <MatrixPicture
              name={part === '' ? name : `${name}, ${part}`}
              rows={inputs}
              columns={columns}
              values={columnsOf(values, outputs, at * columns, columns)}
              range={range ?? paletteRange('diverging', values)}
              rowLabel="row"
              selected={Math.floor(column / columns) === at ? { row, column: column % columns } : undefined}
              onSelect={(cell: Cell) => {
                state.row.value = cell.row
                state.column.value = at * columns + cell.column
              }}
            />
          </Figure>
        )),
      )}
      <p class="field-help prune-hint">
        Each square is one subset-sum problem. Click one, or choose with the arrow keys, to see it below.
      </p>
    </div>
  )
}

/** Columns `from` to `from + count` of a matrix; the matrix itself where these are all. */
function columnsOf(values: Float64Array, width: number, from: number, count: number): Float64Array {
  if (count === width) return values
  const rows = values.length / width
  return Float64Array.from(
    { length: rows * count },
    (_, i) => values[Math.floor(i / count) * width + from + (i % count)],
  )
}
