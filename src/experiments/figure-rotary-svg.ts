/** The figure of rotary attention as SVG: error over width, the same over items of a subset sum, and what is in reach. */
import { composeSvg, type LegendEntry } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, DASH, DOTS, GREEN, ORANGE } from '../svg/palette.js'
import type { FigurePoint, FigureResult, FigureSeries } from './figure.js'
import {
  bandMark,
  decayMark,
  findFit,
  logError,
  meanMarks,
  medianMark,
  precisionMarks,
  reachPanel,
} from './figure-marks.js'

const COLOURS = [BLUE, ORANGE, GREEN]

/** The points of a curve with items of a subset sum in the place of the width. */
const byItems = ({ points, perItem = 1 }: FigureSeries): FigurePoint[] =>
  points.map((point) => ({ ...point, x: point.x / perItem }))

/** `r = 0.59 without rotation, 0.56 rotary`: of each curve the rate of its median error for an item. */
function medianRates({ series, fits }: FigureResult): string {
  const rates = series.map(({ name, perItem = 1 }) => {
    const fit = fits.find((one) => one.name.startsWith(`median, ${name},`))
    return `${fit ? (fit.rate * perItem).toFixed(2) : 'no fit'} ${name}`
  })
  return `r = ${rates.join(', ')}`
}

/** Draws the figure. @throws RangeError where a curve has no fit of its mean */
export function renderFigureRotary(result: FigureResult): string {
  const { series } = result
  const fits = series.map(({ name }) => findFit(result, `mean, ${name}`))
  const axis = { labelAnchor: 'center', labelArrow: 'none', labelOffset: 34 } as const
  const curves = series.map((one, i) => ({ series: one, colour: COLOURS[i] }))
  const main = drawPanel({
    height: 350,
    marginTop: 26,
    marginBottom: 40,
    x: { ...axis, label: result.xLabel },
    y: logError(result, 2),
    marks: [
      ...precisionMarks(),
      ...curves.map(({ series: { points }, colour }) => bandMark(points, colour)),
      ...fits.map(({ factors, rate, from, to }, i) => decayMark(factors[0], rate, from, to, COLOURS[i], DOTS)),
      ...curves.map(({ series: { points }, colour }) => medianMark(points, colour)),
      ...curves.flatMap(({ series: { points }, colour }) => meanMarks(points, colour)),
    ],
  })
  const items = series.map((one) => ({ ...one, points: byItems(one) }))
  const largest = Math.max(...items.flatMap(({ points }) => points.map(({ x }) => x)))
  const same = drawPanel({
    height: 260,
    marginTop: 26,
    marginBottom: 40,
    x: { ...axis, domain: [0, largest], label: 'items of a subset sum' },
    y: logError(result, 2),
    marks: [
      ...items.flatMap(({ points }, i) => meanMarks(points, COLOURS[i])),
      ...items.map(({ points }, i) => medianMark(points, COLOURS[i])),
    ],
  })
  const reach = reachPanel(
    { ...result, xLabel: 'items of a subset sum' },
    items.map((one, i) => ({ series: one, colour: COLOURS[i] })),
  )
  const legend: LegendEntry[] = [
    ...series.map(({ name }, i) => ({
      label: `${name}: mean, fit exp(−${fits[i].rate.toFixed(3)} n)`,
      colour: COLOURS[i],
      mark: 'dots' as const,
    })),
    { label: 'medians', colour: '#555', mark: 'line', dash: DASH },
    { label: 'fits of the means', colour: '#555', mark: 'line', dash: DOTS },
    { label: '5–95 %', colour: '#555', mark: 'band' },
  ]
  const { sources, T } = result.settings
  const caption =
    `Error of pruned rotary attention at T = ${T}, ${sources} random sources a point: one random rotary layer (rotary), two random layers for ` +
    'each of W_Q and W_K (factored), and the same matrices without rotation. Above over the width, where rotary needs d_K times as ' +
    `much; below over the items of each subset sum, where the medians fall by exp(−r) an item: ${medianRates(result)}. Dimensionless outputs; targets are untrained.`
  return composeSvg({ title: result.title, legend, panels: [main, same, reach], caption })
}
