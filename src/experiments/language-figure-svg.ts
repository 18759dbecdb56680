/** Figures 7 and 8 as SVG: means over seeds with their standard deviations, every seed's value, and n_K^(1/4). */
import { dot, line, type Markish, ruleX, text } from '@observablehq/plot'
import { composeSvg, type LegendEntry, type Panel } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, DASH, GREEN, ORANGE } from '../svg/palette.js'
import { lowestPoint } from './figure-8.js'
import type { LanguageFigureResult, LanguagePoint, LanguageSeries, Spread } from './language-model.js'

const COLOURS = [ORANGE, BLUE, GREEN]
/** Models beyond the first are told apart by the dashes of their lines. */
const DASHES = [undefined, DASH, '2 3']
/** Small text with a white edge, so that lines may pass behind it. */
const LABEL = { fill: '#555', stroke: 'white', strokeWidth: 4, fontSize: 10.5 }

/** A line through means, bars of one standard deviation, and each seed's value as a small ring. */
function spreadMarks(
  points: readonly LanguagePoint[],
  { of, colour, dash }: { of: (point: LanguagePoint) => Spread; colour: string; dash?: string | undefined },
): Markish[] {
  const mean = (point: LanguagePoint): number => of(point).mean
  return [
    line(points, { x: 'x', y: mean, stroke: colour, strokeWidth: 2, ...(dash ? { strokeDasharray: dash } : {}) }),
    ruleX(points, {
      x: 'x',
      y1: (point: LanguagePoint) => of(point).mean - of(point).deviation,
      y2: (point: LanguagePoint) => of(point).mean + of(point).deviation,
      stroke: colour,
      strokeWidth: 1.5,
    }),
    dot(points, { x: 'x', y: mean, fill: colour, r: 3.5 }),
  ]
}

function seedMarks(points: readonly LanguagePoint[], colour: string): Markish {
  const values = points.flatMap(({ x, losses }) => losses.map((loss) => ({ x, loss })))
  return dot(values, { x: 'x', y: 'loss', stroke: colour, strokeWidth: 0.75, strokeOpacity: 0.7, r: 2 })
}

const hasSeeds = ({ series }: LanguageFigureResult): boolean => series[0].points[0].losses.length > 1

const lossMarks = (points: readonly LanguagePoint[], colour: string, dash?: string): Markish[] => [
  ...spreadMarks(points, { of: ({ validLoss }) => validLoss, colour, dash }),
  ...(points[0].losses.length > 1 ? [seedMarks(points, colour)] : []),
]

/** Least and largest value of all, with some room around; labels may need more of it below. */
function domainOf(values: readonly number[], below = 0.06): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const room = high > low ? high - low : 0.1 * Math.abs(high) || 1
  return [low - below * room, high + 0.06 * room]
}

const lossesOf = (series: readonly LanguageSeries[]): number[] =>
  series.flatMap(({ points }) =>
    points.flatMap(({ losses, validLoss: { mean, deviation } }) => [...losses, mean - deviation, mean + deviation]),
  )

/** Ticks 1, 2, 5 times a power of ten within an axis. */
function decadeTicks([low, high]: readonly [number, number]): number[] {
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power)
  }
  return ticks.filter((tick) => tick >= low && tick <= high)
}

/** 12,500,000 as `12.5 M`. */
function countText(value: number): string {
  const [unit, divisor] = value >= 1e9 ? [' G', 1e9] : value >= 1e6 ? [' M', 1e6] : value >= 1e3 ? [' k', 1e3] : ['', 1]
  return `${Number((value / Number(divisor)).toPrecision(3))}${unit}`
}

const xAxis = (label: string) => ({ label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38 }) as const

const spreadLegend = (result: LanguageFigureResult): LegendEntry[] =>
  hasSeeds(result)
    ? [
        { label: 'mean and standard deviation over seeds', colour: '#555', mark: 'bar' },
        { label: 'each seed', colour: '#555', mark: 'ring' },
      ]
    : []

/** `3 seeds, 500 steps of …`: what a caption says of the runs. */
function runsText({ series, settings }: LanguageFigureResult): string {
  const seeds = series[0].points[0].losses.length
  return `${seeds === 1 ? 'one seed' : `${seeds} seeds`}; ${settings.corpus}; steps: ${settings.steps}.`
}

const widthLabels = (points: readonly LanguagePoint[]): Markish =>
  text(points, {
    x: 'x',
    y: ({ validLoss }: LanguagePoint) => validLoss.mean,
    text: ({ width }: LanguagePoint) => `d = ${width}`,
    dy: 16,
    ...LABEL,
  })

/** Figure 7: three curves a model over a logarithmic axis. */
export function renderFigure7(result: LanguageFigureResult): string {
  const { series } = result
  const models = [...new Set(series.map(({ model }) => model))]
  const counts = series.flatMap(({ points }) => points.map(({ x }) => x))
  const x: [number, number] = [Math.min(...counts) / 1.25, Math.max(...counts) * 1.25]
  const style = (i: number) => ({ colour: COLOURS[i % 3], dash: DASHES[models.indexOf(series[i].model) % 3] })
  const main = drawPanel({
    height: 400,
    marginTop: 26,
    marginBottom: 46,
    x: { type: 'log', domain: x, ticks: decadeTicks(x), tickFormat: countText, grid: true, ...xAxis(result.xLabel) },
    y: { domain: domainOf(lossesOf(series), 0.1), label: result.yLabel, grid: true, labelArrow: 'none' },
    marks: [
      ...series.flatMap(({ points }, i) => lossMarks(points, style(i).colour, style(i).dash)),
      ...(models.length > 1 ? [] : [series[0], series[2]].map(({ points }) => widthLabels(points))),
    ],
  })
  const legend: LegendEntry[] = [
    ...series.map(({ name }, i) => {
      const { colour, dash } = style(i)
      return { label: name, colour, mark: 'dots' as const, ...(dash ? { dash } : {}) }
    }),
    ...spreadLegend(result),
  ]
  const widths = models.map((model) => {
    const { points } = series.find((one) => one.model === model)!
    return `${models.length > 1 ? `${model} ` : ''}${points.map(({ width }) => width).join(', ')}`
  })
  const caption =
    `Figure 7. Validation loss of GPT-2s without biases: trained, and as tickets (random weights, ${keptText(result)}) found by edge-popup, with query and ` +
    `key weights as initialised or scaled by n_K^(1/4) = ${result.criticalScale.toFixed(2)}. Widths d: ${widths.join('; ')}; ${runsText(result)}`
  return composeSvg({ title: result.title, legend, panels: [main], caption })
}

const keptText = ({ runs }: LanguageFigureResult): string => {
  const searched = runs.find(({ variant }) => variant === 'slt')
  return searched ? `${Number((100 * searched.keep).toPrecision(3))} % kept` : 'none kept'
}

/** Figure 8: the loss, and under it how widely the attention logits spread at the start. */
export function renderFigure8(result: LanguageFigureResult): string {
  const { series, criticalScale } = result
  const scales = series.flatMap(({ points }) => points.map(({ x }) => x))
  const [low, high] = [Math.min(...scales, criticalScale), Math.max(...scales, criticalScale)]
  const domain: [number, number] = [Math.max(0, low - 0.2), high + 0.2]
  const critical = ruleX([criticalScale], { stroke: '#222', strokeWidth: 1, strokeDasharray: DASH })
  const lowest = series.map(({ points }) => lowestPoint(points))
  const main = drawPanel({
    height: 330,
    marginTop: 26,
    x: { domain, label: null },
    y: { domain: domainOf(lossesOf(series), 0.12), label: result.yLabel, grid: true, labelArrow: 'none' },
    marks: [
      critical,
      ...series.flatMap(({ points }, i) => lossMarks(points, COLOURS[(i + 1) % 3])),
      dot(lowest, {
        x: 'x',
        y: ({ validLoss }: LanguagePoint) => validLoss.mean,
        stroke: '#222',
        strokeWidth: 1.5,
        r: 8,
      }),
      text(lowest, {
        x: 'x',
        y: ({ validLoss }: LanguagePoint) => validLoss.mean,
        text: ({ validLoss }: LanguagePoint) => `lowest: ${validLoss.mean.toFixed(3)}`,
        dy: 19,
        ...LABEL,
      }),
      text([criticalScale], {
        x: (scale: number) => scale,
        frameAnchor: 'top',
        text: (scale: number) => `n_K^(1/4) = ${scale.toFixed(2)}`,
        textAnchor: 'start',
        dx: 5,
        dy: 4,
        ...LABEL,
      }),
    ],
  })
  const legend: LegendEntry[] = [
    ...series.map(({ name }, i) => ({ label: name, colour: COLOURS[(i + 1) % 3], mark: 'dots' as const })),
    ...spreadLegend(result),
  ]
  const caption =
    `Figure 8. Validation loss of tickets (${keptText(result)}, width ${series.map(({ points }) => points[0].width).join(', ')}) against the factor of the query and key weights, and the standard ` +
    `deviation of their attention logits q·k/√n_K before the first step, under the first masks. ${runsText(result)}`
  const panels = [main, deviationPanel(result, domain, critical)]
  return composeSvg({ title: result.title, legend, panels, caption })
}

function deviationPanel(result: LanguageFigureResult, domain: [number, number], critical: Markish): Panel {
  const { series } = result
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ attentionDeviation: { mean, deviation } }) => [mean - deviation, mean + deviation]),
  )
  const of = ({ attentionDeviation }: LanguagePoint) => attentionDeviation
  return drawPanel({
    height: 175,
    marginTop: 30,
    marginBottom: 46,
    x: { domain, ...xAxis(result.xLabel) },
    y: {
      domain: [0, 1.08 * Math.max(...values)],
      label: 'standard deviation of the attention logits at the start',
      grid: true,
      ticks: 4,
      labelArrow: 'none',
    },
    marks: [critical, ...series.flatMap(({ points }, i) => spreadMarks(points, { of, colour: COLOURS[(i + 1) % 3] }))],
  })
}
