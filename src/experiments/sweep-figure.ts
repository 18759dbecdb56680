/** The figure of a sweep: a number against the option that has the most values, a line for each setting of the others. */
import { dot, line, type Markish, ruleX } from '@observablehq/plot'
import { composeSvg, type LegendEntry } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, GREEN, GREY, ORANGE, PURPLE } from '../svg/palette.js'
import { type SweepLinePoint, sweepCaption, sweepLines } from './sweep-lines.js'
import type { SweepRow } from './sweep-table.js'

const COLOURS = [ORANGE, BLUE, GREEN, PURPLE, GREY]
const DASHES = [undefined, '5 4', '2 3', '8 3 2 3'] // with the colours, a look of its own for each of MOST_LINES

/**
 * Draws the rows of a sweep.
 * @param number which of their numbers
 * @returns the SVG; undefined where no option has two values, or there would be more than 20 lines
 */
export function renderSweep(rows: readonly SweepRow[], number: string, title: string): string | undefined {
  const found = sweepLines(rows, number)
  if (found === undefined) return undefined
  const { across, values, isNumeric, isWide } = found
  const series = found.lines.map(({ label, points }, i) => ({
    label,
    points,
    colour: COLOURS[i % COLOURS.length],
    dash: DASHES[Math.floor(i / COLOURS.length)],
  }))
  const low = (point: SweepLinePoint) => point.mean - (point.deviation ?? 0)
  const high = (point: SweepLinePoint) => point.mean + (point.deviation ?? 0)
  const axis = { label: across, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, grid: true } as const
  const panel = drawPanel({
    height: 380,
    marginTop: 26,
    marginBottom: 46,
    x: isNumeric
      ? { type: isWide ? 'log' : 'linear', nice: true, ...axis }
      : { type: 'point', domain: values, ...axis },
    y: { label: number, grid: true, labelArrow: 'none', nice: true },
    marks: series.flatMap(({ points, colour, dash }): Markish[] => [
      line(points, {
        x: 'x',
        y: 'mean',
        stroke: colour,
        strokeWidth: 2,
        ...(dash ? { strokeDasharray: dash } : {}),
      }),
      ruleX(points, { x: 'x', y1: low, y2: high, stroke: colour, strokeWidth: 1.5 }),
      dot(points, { x: 'x', y: 'mean', fill: colour, r: 3.5 }),
    ]),
  })
  const legend: LegendEntry[] = series
    .filter(({ label }) => label !== '')
    .map(({ label, colour, dash }) => ({ label, colour, mark: 'dots', ...(dash ? { dash } : {}) }))
  return composeSvg({ title, legend, panels: [panel], caption: sweepCaption(rows, number) })
}
