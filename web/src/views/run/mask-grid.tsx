import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { MaskPicture } from '../../../../src/inspect/index.js'
import { ColourScale } from '../../ui/matrix-picture.js'
import { partTitle } from '../../ui/matrix-title.js'
import { MaskLarge } from './mask-large.js'
import { Pixels } from './pixels.js'
import { parts } from './run-session.js'

/** The mask that is enlarged. */
const enlarged = signal<string | undefined>(undefined)

/** Every mask as a picture of what it keeps, one row a layer; one of them enlarged. */
export function MaskGrid({
  pictures,
  token,
}: {
  readonly pictures: readonly MaskPicture[]
  /** What the model reads, such as `byte`. */
  readonly token: string
}) {
  const rows = useMemo(() => inRows(pictures), [pictures])
  const reach = useMemo(() => farthest(pictures), [pictures])
  const open = pictures.find(({ name }) => name === enlarged.value) ?? pictures[0]
  const range = [-reach, reach] as const
  return (
    <section class="ticket-masks" aria-labelledby="run-masks-title">
      <h2 id="run-masks-title">Its masks</h2>
      <p class="ticket-masks-text">
        Each square is one random matrix; choose one to see its bits. Orange regions keep more than the matrix does on
        the whole, blue ones less. Below each, the part of its weights that is kept.
      </p>
      <div class="ticket-mask-rows">
        {rows.map(({ title, masks }) => (
          <div class="ticket-mask-row" key={title}>
            <span class="ticket-mask-layer">{title}</span>
            <ul>
              {masks.map((picture) => (
                <Tile key={picture.name} {...{ picture, range, token }} isOpen={picture === open} />
              ))}
            </ul>
          </div>
        ))}
      </div>
      <div class="ticket-mask-scale">
        kept, beside the matrix' own part: <ColourScale palette="diverging" range={range} />
      </div>
      {open ? <MaskLarge key={open.name} picture={open} token={token} /> : null}
    </section>
  )
}

function Tile({
  picture,
  range,
  token,
  isOpen,
}: {
  readonly picture: MaskPicture
  readonly range: readonly [number, number]
  readonly token: string
  readonly isOpen: boolean
}) {
  const { cells, name } = picture
  const own = keptPart(picture)
  const values = useMemo(() => deviations(picture), [picture])
  const made = parts.value.get(name) ?? 0
  const short = partTitle(name, token)
  const kept = `${(100 * own).toFixed(0)} %`
  return (
    <li>
      <button
        type="button"
        class="ticket-mask"
        aria-pressed={isOpen}
        title={`${name}: ${picture.rows} by ${picture.columns}`}
        onClick={() => {
          enlarged.value = name
        }}
      >
        <span class="ticket-mask-picture" style={{ opacity: 0.3 + 0.7 * made }}>
          <Pixels rows={cells.down} columns={cells.across} values={values} palette="diverging" range={range} />
        </span>
        <span class="ticket-mask-name">{short}</span>
        <span class="number">{kept}</span>
      </button>
    </li>
  )
}

function keptPart({ cells: { kept, counts } }: MaskPicture): number {
  const count = counts.reduce((sum, one) => sum + one, 0)
  return count > 0 ? kept.reduce((sum, one) => sum + one, 0) / count : 0
}

function deviations(picture: MaskPicture): Float64Array {
  const own = keptPart(picture)
  const { counts, kept } = picture.cells
  return Float64Array.from(counts, (count, i) => (count > 0 ? kept[i] / count - own : Number.NaN))
}

/** How far the colours reach: as far as 98 of 100 cells do. */
function farthest(pictures: readonly MaskPicture[]): number {
  const sizes = pictures.flatMap((picture) => Array.from(deviations(picture), (value) => (value >= 0 ? value : -value)))
  const sorted = Float64Array.from(sizes.filter((value) => !Number.isNaN(value))).sort()
  return Math.max(0.01, sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0)
}

function inRows(pictures: readonly MaskPicture[]): { title: string; masks: MaskPicture[] }[] {
  const rows: { title: string; masks: MaskPicture[] }[] = []
  for (const picture of pictures) {
    const title =
      picture.layer !== null ? `layer ${picture.layer + 1}` : /head/.test(picture.name) ? 'head' : 'embeddings'
    const last = rows.at(-1)
    if (last?.title === title) last.masks.push(picture)
    else rows.push({ title, masks: [picture] })
  }
  return rows
}
