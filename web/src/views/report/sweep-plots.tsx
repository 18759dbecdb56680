import { useMemo } from 'preact/hooks'
import { sweepCaption, sweepLines } from '../../../../src/experiments/sweep-lines.js'
import { settingOf } from '../../../../src/experiments/sweep-table.js'
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
  readonly series: readonly Series[]
  readonly legend: readonly LegendEntry[]
  readonly caption: string
}

/** The number that a sweep is about, against the option with the most values; nothing where no option has two. */
export function SweepFigure({ details: { rows, measure } }: { readonly details: SweepDetails }) {
  const drawn = useMemo(() => {
    const found = sweepLines(rows, measure)
    if (found === undefined) return undefined
    const { across, values, isNumeric, isWide, lines } = found
    const x: Axis = isNumeric
      ? { label: across, scale: isWide ? 'log' : 'linear' }
      : { label: across, whole: true, domain: [-0.3, values.length - 0.7], format: (at) => values[at] ?? '' }
    const series = lines.map(({ label, points }, i) => ({
      ...lookOf(i),
      label: label || measure,
      x: points.map((point) => (isNumeric ? Number(point.x) : values.indexOf(String(point.x)))),
      y: points.map(({ mean }) => mean),
      spread: points.map(({ deviation }) => deviation ?? 0),
    }))
    const legend = series.length > 1 ? series.map(({ label, colour, kind }) => ({ label, colour, mark: kind })) : []
    return { across, x, series, legend }
  }, [rows, measure])
  if (drawn === undefined) return null
  const { across, x, series, legend } = drawn
  return (
    <Figure title={`${measure} against ${across}`} legend={legend} caption={sweepCaption(rows, measure)}>
      <LinePlot
        description={`${measure} against ${across}.`}
        x={x}
        y={{ label: measure }}
        series={series}
        height={280}
      />
    </Figure>
  )
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
        y={{ label: 'nats a token' }}
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
  return { series, legend, caption }
}

const settingText = ({ varied }: SweepRunAnswer): string =>
  Object.entries(settingOf(varied))
    .map(([name, value]) => `${name} ${value}`.trim())
    .join(', ')
