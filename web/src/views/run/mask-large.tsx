import { useSignal, useSignalEffect } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { isAbort, plainSentence } from '../../failure.js'
import { Button } from '../../ui/button.js'
import { Figure } from '../../ui/figure.js'
import { LinePlot } from '../../ui/line-plot.js'
import { MatrixPicture } from '../../ui/matrix-picture.js'
import { titleInSentence } from '../../ui/matrix-title.js'
import { Notice } from '../../ui/notice.js'
import type { MaskWindow, TitledPicture } from './masks.js'
import { client } from './run-session.js'

/** Most cells of the large picture, to each side. */
const CELLS = 192

/** Fewest weights of a window, to each side. */
const CLOSEST = 8

const RANGE = [0, 1] as const

interface Shown {
  readonly window: MaskWindow
  readonly down: number
  readonly across: number
  readonly values: Float64Array
}

/** One mask bit by bit, to be looked at closely and moved, with what its rows and columns keep. */
export function MaskLarge({ picture }: { readonly picture: TitledPicture }) {
  const title = titleInSentence(picture)
  const whole = useMemo((): MaskWindow => ({ row: 0, column: 0, ...maskSize(picture) }), [picture])
  const wanted = useSignal(whole)
  const shown = useSignal<Shown | undefined>(undefined)
  const failed = useSignal('')
  useSignalEffect(() => {
    const window = wanted.value
    client.latest('cells', { name: picture.name, window, cells: CELLS }).then(
      ({ down, across, counts, kept }) => {
        shown.value = { window, down, across, values: kept.map((one, i) => one / counts[i]) }
        failed.value = ''
      },
      (error) => {
        if (!isAbort(error)) failed.value = plainSentence(error)
      },
    )
  })
  const zoom = (factor: number, row?: number, column?: number) => {
    const { value: from } = wanted
    const size = (lines: number, most: number) =>
      Math.max(Math.min(CLOSEST, most), Math.min(most, Math.round(lines * factor)))
    const rows = size(from.rows, whole.rows)
    const columns = size(from.columns, whole.columns)
    const centre = { row: row ?? from.row + from.rows / 2, column: column ?? from.column + from.columns / 2 }
    wanted.value = inside({ row: centre.row - rows / 2, column: centre.column - columns / 2, rows, columns }, whole)
  }
  const move = (down: number, across: number) => {
    const { value: from } = wanted
    const next = { ...from, row: from.row + (down * from.rows) / 2, column: from.column + (across * from.columns) / 2 }
    wanted.value = inside(next, whole)
  }
  const { value: now } = shown
  const { row, column, rows, columns } = now?.window ?? whole
  const isOneToOne = now !== undefined && now.down === rows && now.across === columns
  return (
    <div class="figures ticket-mask-large">
      <Figure
        title={`${title[0].toUpperCase()}${title.slice(1)}`}
        caption={
          <>
            {isOneToOne
              ? 'One cell a weight: blue is kept, paper is dropped.'
              : 'A cell stands for several weights: the bluer, the more of them are kept.'}{' '}
            In the file it is <code>{picture.name}</code>.
          </>
        }
      >
        {now ? (
          <MatrixPicture
            name={`The mask of ${title}, rows ${row + 1} to ${row + rows}, columns ${column + 1} to ${column + columns}`}
            rows={now.down}
            columns={now.across}
            values={now.values}
            palette="sequential"
            range={RANGE}
            scale={!isOneToOne}
            aspect={Math.max(0.75, Math.min(3, columns / rows))}
            onSelect={(cell) =>
              zoom(
                0.5,
                row + ((cell.row + 0.5) / now.down) * rows,
                column + ((cell.column + 0.5) / now.across) * columns,
              )
            }
          />
        ) : (
          <div class="ticket-mask-room" />
        )}
        {failed.value === '' ? null : <Notice kind="error">{failed.value}</Notice>}
        <p class="number ticket-window">
          rows {row + 1}–{row + rows} of {whole.rows}, columns {column + 1}–{column + columns} of {whole.columns}
        </p>
        <fieldset class="row ticket-mask-buttons" aria-label="What is shown of the mask">
          <Button onClick={() => zoom(0.5)}>Closer</Button>
          <Button onClick={() => zoom(2)}>Farther</Button>
          <Button label="Up" onClick={() => move(-1, 0)}>
            ↑
          </Button>
          <Button label="Down" onClick={() => move(1, 0)}>
            ↓
          </Button>
          <Button label="Left" onClick={() => move(0, -1)}>
            ←
          </Button>
          <Button label="Right" onClick={() => move(0, 1)}>
            →
          </Button>
        </fieldset>
      </Figure>
      <div class="ticket-profiles">
        <Profile {...{ picture, title }} lines="rows" />
        <Profile {...{ picture, title }} lines="columns" />
      </div>
    </div>
  )
}

/** The lines of the mask itself: a pair's rows are hidden units, of which the picture does not say how many there are. */
function maskSize({ rowSpread, columnSpread }: TitledPicture): { rows: number; columns: number } {
  return { rows: rowSpread.lines, columns: columnSpread.lines }
}

/** A window moved so that it lies within the mask. */
function inside({ row, column, rows, columns }: MaskWindow, whole: MaskWindow): MaskWindow {
  const place = (at: number, lines: number, most: number) => Math.max(0, Math.min(most - lines, Math.round(at)))
  return { rows, columns, row: place(row, rows, whole.rows), column: place(column, columns, whole.columns) }
}

const plural = (count: number, noun: string) =>
  count === 1 ? `1 ${noun} is` : `${count.toLocaleString('en')} ${noun}s are`

/** How much more the kept parts of lines differ than in a mask drawn at random, a ratio of variances. */
function againstChance(lines: string, dispersion: number | null): string {
  if (dispersion === null) return ''
  const times = dispersion < 2.95 ? dispersion.toFixed(1) : Math.round(dispersion).toLocaleString('en')
  const factor = times === '1.0' ? 'as much' : `${times} times as much`
  return ` ${lines} differ ${factor} as in a random mask.`
}

function Profile({
  picture,
  title,
  lines,
}: {
  readonly picture: TitledPicture
  readonly title: string
  readonly lines: 'rows' | 'columns'
}) {
  const profile = lines === 'rows' ? picture.rowProfile : picture.columnProfile
  const count = lines === 'rows' ? picture.rows : picture.columns
  const spread = lines === 'rows' ? picture.rowSpread : picture.columnSpread
  const { x, y } = useMemo(() => {
    const points = profile.counts.length
    return {
      x: Float64Array.from({ length: points }, (_, i) => 1 + Math.floor((i * count) / points)),
      y: Float64Array.from(profile.kept, (one, i) =>
        profile.counts[i] > 0 ? (100 * one) / profile.counts[i] : Number.NaN,
      ),
    }
  }, [profile, count])
  const areUnits = lines === 'rows' && picture.rowsAre === 'units' // several to an input
  const named = areUnits ? 'input' : lines.slice(0, -1)
  const spreadOf = areUnits ? 'hidden unit' : named
  const dropped = spread.empty === 0 ? `No ${spreadOf} is` : plural(spread.empty, spreadOf)
  const chance = againstChance(areUnits ? 'Hidden units' : lines === 'rows' ? 'Rows' : 'Columns', spread.dispersion)
  return (
    <Figure title={`Kept in each ${named}`} caption={`${dropped} dropped as a whole.${chance}`}>
      <LinePlot
        description={`The kept part of each ${named} of ${title}, in percent.`}
        x={{ label: named, domain: [1, count], whole: true }}
        y={{ label: 'kept, %', domain: [0, 100] }}
        series={[{ label: 'kept, %', colour: 1, x, y }]}
        height={150}
      />
    </Figure>
  )
}
