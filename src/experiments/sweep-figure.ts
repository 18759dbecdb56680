/** The figure of a sweep: a number against the option that has the most values, a line for each setting of the others. */
import { dot, line, type Markish, ruleX, text } from '@observablehq/plot'
import { composeSvg, type LegendEntry } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, GREEN, GREY, ORANGE, PURPLE } from '../svg/palette.js'
import { logTicks, type SweepLines, sweepCaption, ticksOf, tickText } from './sweep-lines.js'
import { measureText } from './sweep-measures.js'
import type { SweepRow } from './sweep-rows.js'

/** In the order of the page's `--series-1` to `--series-5`: a setting has one colour in both. */
const COLOURS = [BLUE, ORANGE, GREEN, PURPLE, GREY]
const DASHES = [undefined, '5 4', '2 3', '8 3 2 3'] // with the colours, a look of its own for each of MOST_LINES

/** Pixels between the bars of two lines at one x, and most pixels between those of the first and the last line. */
const SHIFT = 6
const MOST_SHIFT = 28

/** Pixels from the frame to the first and last points. */
const INSET = 24

/**
 * Draws what `sweepLines` found.
 * @param number which of the rows' numbers
 */
export function renderSweep(rows: readonly SweepRow[], number: string, title: string, found: SweepLines): string {
  const { across, values, isNumeric, isWide, isLogNumber, lines } = found
  const shift = Math.min(SHIFT, MOST_SHIFT / Math.max(lines.length - 1, 1))
  const series = lines.map(({ label, points }, i) => ({
    label,
    points,
    colour: COLOURS[i % COLOURS.length],
    dash: DASHES[Math.floor(i / COLOURS.length)],
    dx: Math.round(10 * (i - (lines.length - 1) / 2) * shift) / 10,
  }))
  const points = lines.flatMap((each) => each.points)
  // On a log axis a bar that reaches 0 ends at the frame.
  const least = Math.min(...points.flatMap(({ mean, bar: [low] }) => (isLogNumber && !(low > 0) ? [mean] : [low])))
  const domain = [least, Math.max(...points.map(({ bar }) => bar[1]))] as const
  const axis = { label: across, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, grid: true } as const
  const panel = drawPanel({
    height: 380,
    marginTop: 30,
    marginBottom: 46,
    x: isNumeric
      ? { type: isWide ? 'log' : 'linear', inset: INSET, ...axis, ...numbersAt(ticksOf(values.map(Number), isWide)) }
      : { type: 'point', domain: values, ...axis, tickFormat: shortCategory(values.length) },
    y: {
      type: isLogNumber ? 'log' : 'linear',
      ...{ domain, inset: 10, label: null, grid: true, ticks: 7 },
      ...numbersAt(isLogNumber ? logTicks(domain[0], domain[1]) : undefined),
    },
    marks: [
      text([measureText(number)], { frameAnchor: 'top-left', textAnchor: 'start', dx: -42, dy: -20 }),
      ...series.flatMap(({ points, colour, dash, dx }): Markish[] => [
        // Categories have no order, so nothing lies between two of them.
        ...(isNumeric
          ? [
              line(points, {
                x: 'x',
                y: 'mean',
                dx,
                stroke: colour,
                strokeWidth: 2,
                ...(dash && { strokeDasharray: dash }),
              }),
            ]
          : []),
        ruleX(points, {
          ...{ x: 'x', dx, stroke: colour, strokeWidth: 1.5 },
          y1: ({ bar }) => Math.max(bar[0], domain[0]),
          y2: ({ bar }) => bar[1],
        }),
        // Without lines there are no dashes either: further settings have rings.
        dot(points, { x: 'x', y: 'mean', dx, fill: dash && !isNumeric ? 'white' : colour, stroke: colour, r: 3 }),
      ]),
    ],
  })
  const legend: LegendEntry[] = series
    .filter(({ label }) => label !== '')
    .map(({ label, colour, dash }) => ({
      ...{ label, colour, mark: isNumeric ? 'dots' : dash ? 'ring' : 'bar' },
      ...(dash ? { dash } : {}),
    }))
  return composeSvg({ title, legend, panels: [panel], caption: sweepCaption(rows, number) })
}

/** @param ticks undefined where Plot chooses them */
const numbersAt = (ticks: readonly number[] | undefined) => ({ tickFormat: tickText, ...(ticks && { ticks }) })

/** Pixels for the names of all categories, and of a letter, generously. */
const ROOM = 640
const LETTER = 7

/** The end of a category's name, where so many would run into each other: paths differ there. */
const shortCategory = (count: number) => (name: string) => {
  const letters = Math.max(Math.floor(ROOM / count / LETTER), 2)
  return name.length <= letters ? name : `…${name.slice(name.length - letters + 1)}`
}
