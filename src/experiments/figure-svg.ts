/** Figures as SVG: our means, medians and spread, fits, and the paper's curve. */
import { line, rectX, text } from '@observablehq/plot'
import { composeSvg, type LegendEntry } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, DASH, DOTS, GREEN, GREY, ORANGE, PURPLE } from '../svg/palette.js'
import type { FigurePoint, FigureResult } from './figure.js'
import { PAPER_FROM } from './figure-6.js'
import {
  bandMark,
  decayMark,
  findFit,
  LEAST,
  logError,
  meanMarks,
  medianMark,
  precisionMarks,
  reachPanel,
} from './figure-marks.js'
import { renderFigureRotary } from './figure-rotary-svg.js'
import { renderFigure7, renderFigure8 } from './language-figure-svg.js'
import type { LanguageFigureResult } from './language-model.js'

function renderFigure4(result: FigureResult): string {
  const [theory, xavier] = result.series
  const fit = findFit(result, 'mean of theory, least squares')
  const predicted = theory.points.filter((p) => p.predictedEntryError !== null && p.predictedEntryError > LEAST)
  const { factor = 0.8, rate = 0.06 } = result.paper
  const end = theory.points[theory.points.length - 1].x
  const main = drawPanel({
    height: 380,
    marginTop: 26,
    x: { label: null },
    y: logError(result, 2),
    marks: [
      ...precisionMarks(),
      bandMark(theory.points, BLUE),
      bandMark(xavier.points, ORANGE),
      decayMark(factor, rate, 0, end, '#222', DASH),
      decayMark(fit.factors[0], fit.rate, 0, Math.min(end, 80), BLUE, DOTS),
      line(predicted, { x: 'x', y: 'predictedEntryError', stroke: GREEN, strokeWidth: 1.5 }),
      medianMark(theory.points, BLUE),
      medianMark(xavier.points, ORANGE),
      ...meanMarks(theory.points, BLUE),
      ...meanMarks(xavier.points, ORANGE),
    ],
  })
  const legend: LegendEntry[] = [
    { label: 'theory initialisation: mean', colour: BLUE, mark: 'dots' },
    { label: 'median', colour: BLUE, mark: 'line', dash: DASH },
    { label: '5–95 %', colour: BLUE, mark: 'band' },
    {
      label: `fit of the mean ${fit.factors[0].toFixed(2)} exp(−${fit.rate.toFixed(3)} n)`,
      colour: BLUE,
      mark: 'line',
      dash: DOTS,
    },
    { label: 'Xavier uniform: mean', colour: ORANGE, mark: 'dots' },
    { label: 'median', colour: ORANGE, mark: 'line', dash: DASH },
    { label: '5–95 %', colour: ORANGE, mark: 'band' },
    { label: `paper's fit ${factor} exp(−${rate} n)`, colour: '#222', mark: 'line', dash: DASH },
    { label: 'predicted median entry error', colour: GREEN, mark: 'line' },
  ]
  const caption =
    `Figure 4. Error of pruned attention against its width at T = 4, ${result.settings.sources} random sources a point, ` +
    'subset sums solved exactly up to 28 items (n = 56). Means are decided by the few sources with a target out of reach ' +
    '(lower panel), medians by the resolution 2^(−n/2) of n/2 items. ' +
    targetText(result)
  const panels = [
    main,
    reachPanel(result, [
      { series: theory, colour: BLUE },
      { series: xavier, colour: ORANGE },
    ]),
  ]
  return composeSvg({ title: result.title, legend, panels, caption })
}

/** Unit of the outputs and kind of the target, for a caption. */
const targetText = ({ trained }: FigureResult): string =>
  trained
    ? 'Outputs in radians a step; the target is trained to predict the angular velocity.'
    : 'Dimensionless outputs; the target is untrained.'

function renderFigure5(result: FigureResult): string {
  const colours = [BLUE, GREEN, ORANGE, PURPLE]
  const main = drawPanel({
    height: 395,
    marginTop: 26,
    marginBottom: 42,
    x: {
      type: 'log',
      base: 2,
      label: result.xLabel,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      tickFormat: 'd',
    },
    y: logError(result, 1),
    marks: [
      ...result.series.map(({ points }, i) => bandMark(points, colours[i])),
      ...result.series.map(({ points }, i) => medianMark(points, colours[i])),
      ...result.series.flatMap(({ points }, i) => meanMarks(points, colours[i])),
    ],
  })
  const legend: LegendEntry[] = [
    ...result.series.map(({ name }, i) => ({ label: `${name}: mean`, colour: colours[i], mark: 'dots' as const })),
    { label: 'medians', colour: '#555', mark: 'line', dash: DASH },
    { label: '5–95 %', colour: '#555', mark: 'band' },
  ]
  const caption =
    `Figure 5. Error of pruned attention against the input length T, ${result.settings.sources} random sources, the same at ` +
    'every length. The largest error is over a sample of query positions (regression token and last position included) and ' +
    `does not grow with T. ${targetText(result)}`
  return composeSvg({ title: result.title, legend, panels: [main], caption })
}

function renderFigure6(result: FigureResult): string {
  const colours = [BLUE, GREEN, ORANGE, PURPLE]
  const theory = result.series.filter(({ initialisation }) => initialisation === 'theory')
  const xavier = result.series.filter(({ initialisation }) => initialisation === 'xavier')
  const fit = findFit(result, 'means, one rate')
  const end = theory[0].points[theory[0].points.length - 1].x
  const main = drawPanel({
    height: 400,
    marginTop: 26,
    x: { label: null },
    y: logError(result, 5),
    marks: [
      rectX([{ from: PAPER_FROM, to: end }], { x1: 'from', x2: 'to', fill: '#f4f1e6' }),
      text([PAPER_FROM], {
        x: (n: number) => n,
        frameAnchor: 'top-left',
        dx: 5,
        dy: 4,
        text: () => "the paper's axis",
        fill: '#666',
        fontSize: 10.5,
      }),
      ...precisionMarks(),
      ...xavier.map(({ points }) =>
        line(points, { x: 'x', y: (p: FigurePoint) => p.error.mean, stroke: GREY, strokeWidth: 1 }),
      ),
      ...theory.map((_, b) => decayMark(fit.factors[b], fit.rate, fit.from, fit.to, colours[b], DOTS)),
      ...theory.map(({ points }, b) => medianMark(points, colours[b])),
      ...theory.flatMap(({ points }, b) => meanMarks(points, colours[b])),
    ],
  })
  const legend: LegendEntry[] = [
    ...theory.map((_, b) => ({ label: `B = ${b + 1}: mean`, colour: colours[b], mark: 'dots' as const })),
    { label: 'medians', colour: '#555', mark: 'line', dash: DASH },
    { label: `one-rate fit of the means, exp(−${fit.rate.toFixed(3)} n)`, colour: '#555', mark: 'line', dash: DOTS },
    { label: 'Xavier uniform, means, all B', colour: GREY, mark: 'line' },
  ]
  const caption =
    `Figure 6. Error of a pruned transformer without normalisation against its width, ${result.settings.sources} random sources ` +
    'a point, for 1 to 4 blocks. The paper shows n from 90 on; an exact solver is at its precision by n = 135, so smaller ' +
    'widths are shown too. Dimensionless outputs; targets are untrained.'
  const reach = theory.map((series, b) => ({ series, colour: colours[b] }))
  return composeSvg({ title: result.title, legend, panels: [main, reachPanel(result, reach)], caption })
}

/**
 * A figure as one standalone SVG document on white, 760 pixels wide; the same text for the same result.
 *
 * @throws RangeError for a result of another figure or without its fits
 */
export function renderFigure(result: FigureResult | LanguageFigureResult): string {
  switch (result.figure) {
    case 4:
      return renderFigure4(result)
    case 5:
      return renderFigure5(result)
    case 6:
      return renderFigure6(result)
    case 'rotary':
      return renderFigureRotary(result)
    case 7:
      return renderFigure7(result)
    case 8:
      return renderFigure8(result)
    default:
      throw new RangeError(`"figure" expected 4, 5, 6, rotary, 7 or 8, got ${(result as { figure: unknown }).figure}`)
  }
}
