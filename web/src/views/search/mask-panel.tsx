import { useMemo } from 'preact/hooks'
import { matricesOf } from '../../../../src/families/family.js'
import type { SearchSettings } from '../../../../src/search/settings.js'
import { Select } from '../../ui/choice-field.js'
import { Figure } from '../../ui/figure.js'
import { MatrixPicture } from '../../ui/matrix-picture.js'
import { matrixTitles, titleInSentence } from '../../ui/matrix-title.js'
import type { Lane } from './lane.js'
import { showMatrix, shownIn } from './searches.js'

/** The mask of one matrix as it is, in every search. */
export function MaskPanel({ lanes, settings }: { readonly lanes: readonly Lane[]; readonly settings: SearchSettings }) {
  const shown = shownIn(settings.config)
  const titles = matrixTitles(settings.config, null, 'byte')
  const [rows, columns] = matricesOf(settings.config).find(({ name }) => name === shown)!.shape
  return (
    <div class="search-masks">
      <Figure
        title="The mask"
        legend={[
          { label: 'kept from the start', colour: 1, mark: 'kept' },
          { label: 'kept since', colour: 2, mark: 'kept' },
          { label: 'dropped since', colour: 5, mark: 'kept' },
        ]}
        caption="One dot a weight: row an input, column an output. The search moves weights in and out of the mask; what is not kept counts as 0."
      >
        <Select
          label="Matrix"
          value={shown}
          options={[...titles].map(([value, title]) => ({ value, label: titleInSentence(title) }))}
          onChange={showMatrix}
        />
        {lanes.length === 0 ? (
          <MaskPicture title="" rows={rows} columns={columns} states={undefined} />
        ) : (
          lanes.map((lane) => {
            const picture = lane.picture.value
            const states = picture?.matrix === shown ? picture.states : undefined
            return (
              <MaskPicture key={lane.title} title={lanes.length > 1 ? lane.title : ''} {...{ rows, columns, states }} />
            )
          })
        )}
      </Figure>
    </div>
  )
}

function MaskPicture({
  title,
  rows,
  columns,
  states,
}: {
  readonly title: string
  readonly rows: number
  readonly columns: number
  readonly states: Uint8Array | undefined
}) {
  const values = useMemo(() => states ?? new Uint8Array(rows * columns), [states, rows, columns])
  let [kept, since] = [0, 0]
  for (const state of states ?? []) {
    if (state === 1 || state === 2) kept++
    if (state === 2) since++
  }
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`
  return (
    <div class="search-mask">
      {title === '' ? null : <h4>{title}</h4>}
      <MatrixPicture
        name={`mask${title === '' ? '' : `, ${title}`}`}
        {...{ rows, columns, values }}
        palette="mask"
        range={RANGE}
        rowLabel="input"
        columnLabel="output"
        scale={false}
        aspect={2}
      />
      <p class="field-help search-mask-numbers">
        {states
          ? `${kept.toLocaleString('en')} of ${states.length.toLocaleString('en')} kept (${share(kept, states.length)}); ${share(since, kept)} of them since the start`
          : `${rows} × ${columns} weights`}
      </p>
    </div>
  )
}

/** States of {@link MaskPicture.states}. */
const RANGE = [0, 3] as const
