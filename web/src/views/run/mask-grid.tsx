import { signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { ColourScale } from '../../ui/matrix-picture.js'
import { MaskLarge } from './mask-large.js'
import type { TitledPicture } from './masks.js'
import { Pixels } from './pixels.js'
import { parts } from './run-session.js'

/** The mask that is enlarged. */
const enlarged = signal<string | undefined>(undefined)

/** Pictures of a group that are shown at once: a vocabulary of 30,000 tokens has 239. */
const SHOWN = 24

/** Every mask as a picture of what it keeps, one row a layer; one of them enlarged. */
export function MaskGrid({ pictures }: { readonly pictures: readonly TitledPicture[] }) {
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
          <MaskRow key={title} {...{ title, masks, range, open }} />
        ))}
      </div>
      <div class="ticket-mask-scale">
        kept, beside the matrix' own part: <ColourScale palette="diverging" range={range} />
      </div>
      {open ? <MaskLarge key={open.name} picture={open} /> : null}
    </section>
  )
}

/** The pictures of a group; of many the first ones, and the others when they are asked for. */
function MaskRow({
  title,
  masks,
  range,
  open,
}: {
  readonly title: string
  readonly masks: readonly TitledPicture[]
  readonly range: readonly [number, number]
  readonly open: TitledPicture | undefined
}) {
  const isWhole = useSignal(false)
  const shown = isWhole.value ? masks : masks.slice(0, SHOWN)
  return (
    <div class="ticket-mask-row">
      <span class="ticket-mask-layer">{title}</span>
      <ul>
        {shown.map((picture) => (
          <Tile key={picture.name} {...{ picture, range }} isOpen={picture === open} />
        ))}
        {shown.length < masks.length ? (
          <li>
            <Button
              label={`Show all ${masks.length} of ${title}`}
              onClick={() => {
                isWhole.value = true
              }}
            >
              {masks.length - shown.length} more
            </Button>
          </li>
        ) : null}
      </ul>
    </div>
  )
}

function Tile({
  picture,
  range,
  isOpen,
}: {
  readonly picture: TitledPicture
  readonly range: readonly [number, number]
  readonly isOpen: boolean
}) {
  const { cells, name } = picture
  const own = keptPart(picture)
  const values = useMemo(() => deviations(picture), [picture])
  const made = parts.value.get(name) ?? 0
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
        <span class="ticket-mask-name">{picture.part}</span>
        <span class="number">{kept}</span>
      </button>
    </li>
  )
}

function keptPart({ cells: { kept, counts } }: TitledPicture): number {
  const count = counts.reduce((sum, one) => sum + one, 0)
  return count > 0 ? kept.reduce((sum, one) => sum + one, 0) / count : 0
}

function deviations(picture: TitledPicture): Float64Array {
  const own = keptPart(picture)
  const { counts, kept } = picture.cells
  return Float64Array.from(counts, (count, i) => (count > 0 ? kept[i] / count - own : Number.NaN))
}

/** How far the colours reach: as far as 98 of 100 cells do. */
function farthest(pictures: readonly TitledPicture[]): number {
  const sizes = pictures.flatMap((picture) => Array.from(deviations(picture), (value) => (value >= 0 ? value : -value)))
  const sorted = Float64Array.from(sizes.filter((value) => !Number.isNaN(value))).sort()
  return Math.max(0.01, sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0)
}

/** Groups in the order of their first pictures. */
function inRows(pictures: readonly TitledPicture[]): { title: string; masks: TitledPicture[] }[] {
  const rows = new Map<string, TitledPicture[]>()
  for (const picture of pictures) {
    const row = rows.get(picture.group)
    if (row) row.push(picture)
    else rows.set(picture.group, [picture])
  }
  return [...rows].map(([title, masks]) => ({ title, masks }))
}
