/** What the figures over widths and lengths are drawn with: curves, bands, fits, and the panel of what is in reach. */
import { areaY, dot, line, type Markish, ruleY, text } from '@observablehq/plot'
import type { Panel } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { DASH, GREY } from '../svg/palette.js'
import type { FigureFit, FigurePoint, FigureResult, FigureSeries } from './figure.js'

/** Logarithmic axes end here; a value of 0 has no place on them. */
export const LEAST = 1e-9
/** Search precision beyond 28 items, as a fraction of the largest item (subset-sum/anchored.ts). */
const SEARCH_PRECISION = 2 ** -26

const clip = (value: number): number => Math.max(value, LEAST)

/** Means over sources, by x. */
export function meanMarks(points: readonly FigurePoint[], colour: string): Markish[] {
  const options = { x: 'x', y: (p: FigurePoint) => clip(p.error.mean) }
  return [line(points, { ...options, stroke: colour, strokeWidth: 2 }), dot(points, { ...options, fill: colour, r: 3 })]
}

/** Medians over sources. */
export function medianMark(points: readonly FigurePoint[], colour: string): Markish {
  return line(points, {
    x: 'x',
    y: (p: FigurePoint) => clip(p.error.median),
    stroke: colour,
    strokeWidth: 1.5,
    strokeDasharray: DASH,
  })
}

/** From the 5 % to the 95 % quantile over sources. */
export function bandMark(points: readonly FigurePoint[], colour: string): Markish {
  return areaY(points, {
    x: 'x',
    y1: (p: FigurePoint) => clip(p.error.q05),
    y2: (p: FigurePoint) => clip(p.error.q95),
    fill: colour,
    fillOpacity: 0.15,
  })
}

/** The curve factor exp(-rate x) as its two ends: a straight line on a logarithmic axis. */
export function decayMark(
  factor: number,
  rate: number,
  from: number,
  to: number,
  colour: string,
  dash: string,
): Markish {
  const ends = [from, to].map((x) => ({ x, y: factor * Math.exp(-rate * x) }))
  return line(ends, { x: 'x', y: 'y', stroke: colour, strokeWidth: 1.5, strokeDasharray: dash })
}

/** Where the solver's precision ends what can be seen. */
export function precisionMarks(): Markish[] {
  return [
    ruleY([SEARCH_PRECISION], { stroke: GREY, strokeWidth: 0.75 }),
    text([SEARCH_PRECISION], {
      y: (y: number) => y,
      frameAnchor: 'right',
      text: () => 'search precision beyond 28 items, 2⁻²⁶',
      textAnchor: 'end',
      dy: 8,
      fill: '#666',
      fontSize: 10.5,
    }),
  ]
}

/** Below a figure over n: how many sources had every target within reach. */
export function reachPanel(
  result: FigureResult,
  curves: { series: FigureSeries; colour: string; dash?: string }[],
): Panel {
  const options = { x: 'x', y: (p: FigurePoint) => 100 * p.sourcesInReach }
  return drawPanel({
    height: 145,
    marginTop: 26,
    marginBottom: 42,
    x: { label: result.xLabel, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38 },
    y: {
      domain: [0, 100],
      label: 'sources with every target in reach (%)',
      grid: true,
      ticks: [0, 50, 100],
      labelArrow: 'none',
    },
    marks: curves.map(({ series, colour, dash }) =>
      line(series.points, { ...options, stroke: colour, strokeWidth: 2, ...(dash ? { strokeDasharray: dash } : {}) }),
    ),
  })
}

/** The fit whose name begins so. @throws RangeError where there is none */
export function findFit(result: FigureResult, prefix: string): FigureFit {
  const fit = result.fits.find(({ name }) => name.startsWith(prefix))
  if (!fit) throw new RangeError(`"result" expected a fit named "${prefix}…", found none`)
  return fit
}

/** A logarithmic axis of errors. */
export const logError = (result: FigureResult, largest: number) =>
  ({
    type: 'log',
    domain: [LEAST, largest],
    label: result.yLabel,
    grid: true,
    ticks: Array.from({ length: 10 }, (_, i) => 10 ** -i),
    tickFormat: powerOfTen,
    labelArrow: 'none',
  }) as const

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** 10^k as text with a superscript. */
function powerOfTen(value: number): string {
  const exponent = Math.round(Math.log10(value))
  return `10${exponent < 0 ? '⁻' : ''}${String(Math.abs(exponent)).replace(/\d/g, (d) => SUPERSCRIPTS[Number(d)])}`
}
