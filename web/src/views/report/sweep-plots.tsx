import { useMemo } from 'preact/hooks'
import { sweepCaption, sweepLines, ticksOf } from '../../../../src/experiments/sweep-lines.js'
import { measureNamed, measureText } from '../../../../src/experiments/sweep-measures.js'
import { settingOf } from '../../../../src/experiments/sweep-rows.js'
import type { SweepDetails, SweepRunAnswer } from '../../../../src/serve/answers.js'
import type { Axis } from '../../ui/axis.js'
import { type Colour, Figure, type LegendEntry } from '../../ui/figure.js'
import { LinePlot, type Series } from '../../ui/line-plot.js'

/** Colours of a plot; as many more lines are dashed, then the looks come again. */
const COLOURS = 5

/** Most curves of a plot, and entries of its legend. */
const MOST_CURVES = 100
const MOST_NAMED = 2 * COLOURS

const lookOf = (i: number) => ({
  colour: ((i % COLOURS) + 1) as Colour,
  kind: i % MOST_NAMED < COLOURS ? ('line' as const) : ('fit' as const),
})

/** What a plot shows beside its data. */
interface Drawn {
  /** Values > 0 that span more than two decades: they stand on a log axis. */
  readonly isWide: boolean
  readonly series: readonly Series[]
  readonly legend: readonly LegendEntry[]
  readonly caption: string
}

/** Pixels between the bars of two lines at one x, and most pixels between those of the first and the last line. */
const SHIFT = 6
const MOST_SHIFT = 28

/** Room beside the first and last values of an option, as a part of what they span. */
const ROOM = 0.06

/** The number that a sweep is about, against the option with the most values; a sentence where there is nothing to draw. */
export function SweepFigure({ details: { rows, measure } }: { readonly details: SweepDetails }) {
  const drawn = useMemo(() => {
    const found = sweepLines(rows, measure)
    if ('reason' in found) return found
    const { across, values, isNumeric, isWide, isLogNumber, lines } = found
    const { low = -Infinity, high = Infinity } = measureNamed(measure)
    const shift = Math.min(SHIFT, MOST_SHIFT / Math.max(lines.length - 1, 1))
    const x: Axis = isNumeric
      ? optionAxis(across, values.map(Number), isWide)
      : { label: across, whole: true, domain: [-0.3, values.length - 0.7], format: (at) => values[at] ?? '' }
    const series = lines.map(({ label, points }, i) => ({
      ...lookOf(i),
      // Categories have no order, so nothing lies between two of them.
      ...(isNumeric ? {} : { kind: i % MOST_NAMED < COLOURS ? ('points' as const) : ('rings' as const) }),
      label: label || measureNamed(measure).title,
      bounds: [low, high] as const,
      shift: (i - (lines.length - 1) / 2) * shift,
      x: points.map((point) => (isNumeric ? Number(point.x) : values.indexOf(String(point.x)))),
      y: points.map(({ mean }) => mean),
      spread: points.map(({ deviation }) => deviation ?? 0),
    }))
    const legend = series.length > 1 ? series.map(({ label, colour, kind }) => ({ label, colour, mark: kind })) : []
    const y: Axis = { label: measureText(measure), scale: isLogNumber ? 'log' : 'linear' }
    return { across, x, y, series, legend }
  }, [rows, measure])
  if (rows.every(({ count }) => count === 0)) return null // the table says so
  if ('reason' in drawn) return <p class="field-help">No figure over settings: {drawn.reason}.</p>
  const { across, x, y, series, legend } = drawn
  const title = `${capital(measureNamed(measure).title)} against ${across}`
  return (
    <Figure title={title} legend={legend} caption={sweepCaption(rows, measure)}>
      <LinePlot description={`${title}.`} x={x} y={y} series={series} height={280} />
    </Figure>
  )
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** The axis of an option's values, with room beside the first and the last. */
function optionAxis(label: string, values: readonly number[], isLog: boolean): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const [by, ratio] = [ROOM * (most - least), (most / least) ** ROOM]
  return {
    label,
    scale: isLog ? 'log' : 'linear',
    domain: isLog ? [least / ratio, most * ratio] : [least - by, most + by],
    ticks: ticksOf(values, isLog),
  }
}

/** The curves of all runs that have one, coloured by setting; nothing where there is none. */
export function SweepCurves({ details: { runs } }: { readonly details: SweepDetails }) {
  const drawn = useMemo(() => curvesOf(runs), [runs])
  if (drawn === undefined) return null
  return (
    <Figure title="Loss of every run" legend={drawn.legend} caption={drawn.caption}>
      <LinePlot
        description="Loss of every run against its steps."
        x={{ label: 'step' }}
        y={{ label: 'training loss, nats a token', scale: drawn.isWide ? 'log' : 'linear' }}
        series={drawn.series}
        height={280}
      />
    </Figure>
  )
}

function curvesOf(runs: readonly SweepRunAnswer[]): Drawn | undefined {
  const inOrder = [...runs].sort((a, b) => a.place - b.place)
  const settings = [...new Set(inOrder.map(settingText))]
  const all = inOrder.filter(({ points }) => points !== undefined && points.length > 1)
  if (all.length === 0) return undefined
  const every = Math.ceil(all.length / MOST_CURVES)
  const shown = all.filter((_, i) => i % every === 0)
  const series = shown.map((run) => ({
    ...lookOf(settings.indexOf(settingText(run))),
    label: run.label,
    x: run.points!.map(([step]) => step),
    y: run.points!.map(([, value]) => value),
  }))
  const named = settings.length > 1 ? settings.slice(0, MOST_NAMED) : []
  const legend = named.map((label, i) => ({ label, colour: lookOf(i).colour, mark: lookOf(i).kind }))
  const left = [
    shown.length < all.length ? ` One of ${every} runs is drawn.` : '',
    settings.length > MOST_NAMED ? ` The first ${MOST_NAMED} settings are named; further ones look like them.` : '',
  ]
  const caption = `Training loss in nats a token, lower is better; runs of one setting look alike.${left.join('')}`
  const values = series.flatMap(({ y }) => y)
  const least = values.reduce((a, b) => Math.min(a, b))
  const isWide = least > 0 && values.reduce((a, b) => Math.max(a, b)) > 100 * least
  return { series, legend, caption, isWide }
}

const settingText = ({ varied }: SweepRunAnswer): string =>
  Object.entries(settingOf(varied))
    .map(([name, value]) => `${name} ${value}`.trim())
    .join(', ')
