/** The figure of a sweep: a number against the option that has the most values, a line for each setting of the others. */
import { dot, line, type Markish, ruleX } from '@observablehq/plot'
import { composeSvg, type LegendEntry } from '../svg/compose.js'
import { drawPanel } from '../svg/draw-panel.js'
import { BLUE, GREEN, GREY, ORANGE, PURPLE } from '../svg/palette.js'
import { columnsOf, type SweepNumber, type SweepRow } from './sweep-table.js'

const COLOURS = [ORANGE, BLUE, GREEN, PURPLE, GREY]
const DASHES = [undefined, '5 4', '2 3', '8 3 2 3']

/** Most lines of a figure: more cannot be told apart. */
const MOST_LINES = COLOURS.length * DASHES.length

interface Point extends SweepNumber {
  readonly x: number | string
}

/**
 * Draws the rows of a sweep.
 * @param number which of their numbers
 * @returns the SVG; undefined where no option has two values, or there would be more than 20 lines
 */
export function renderSweep(rows: readonly SweepRow[], number: string, title: string): string | undefined {
  const known = rows.filter(({ numbers }) => numbers[number] !== undefined)
  const { options } = columnsOf(known)
  const valuesOf = (name: string) => [...new Set(known.map(({ setting }) => setting[name] ?? 'default'))]
  const [across] = [...options].sort((a, b) => valuesOf(b).length - valuesOf(a).length)
  if (across === undefined || valuesOf(across).length < 2) return undefined
  const isNumeric = valuesOf(across).every((value) => value !== '' && Number.isFinite(Number(value)))
  const lines = new Map<string, Point[]>()
  for (const { setting, numbers } of known) {
    const others = options.filter((name) => name !== across)
    const label = others.map((name) => `${name} ${setting[name] ?? 'default'}`).join(', ')
    const value = setting[across] ?? 'default'
    const points = lines.get(label) ?? []
    points.push({ x: isNumeric ? Number(value) : value, ...numbers[number] })
    lines.set(label, points)
  }
  if (lines.size > MOST_LINES) return undefined
  const series = [...lines].map(([label, points], i) => ({
    label,
    points: isNumeric ? [...points].sort((a, b) => Number(a.x) - Number(b.x)) : points,
    colour: COLOURS[i % COLOURS.length],
    dash: DASHES[Math.floor(i / COLOURS.length)],
  }))
  const low = (point: Point) => point.mean - (point.deviation ?? 0)
  const high = (point: Point) => point.mean + (point.deviation ?? 0)
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x))
  const isWide =
    isNumeric &&
    Math.min(...(xs as number[])) > 0 &&
    Math.max(...(xs as number[])) >= 30 * Math.min(...(xs as number[]))
  const axis = { label: across, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, grid: true } as const
  const panel = drawPanel({
    height: 380,
    marginTop: 26,
    marginBottom: 46,
    x: isNumeric
      ? { type: isWide ? 'log' : 'linear', nice: true, ...axis }
      : { type: 'point', domain: valuesOf(across), ...axis },
    y: { label: number, grid: true, labelArrow: 'none', nice: true },
    marks: series.flatMap(({ points, colour, dash }): Markish[] => [
      line(points, { x: 'x', y: 'mean', stroke: colour, strokeWidth: 2, ...(dash ? { strokeDasharray: dash } : {}) }),
      ruleX(points, { x: 'x', y1: low, y2: high, stroke: colour, strokeWidth: 1.5 }),
      dot(points, { x: 'x', y: 'mean', fill: colour, r: 3.5 }),
    ]),
  })
  const legend: LegendEntry[] = series
    .filter(({ label }) => label !== '')
    .map(({ label, colour, dash }) => ({ label, colour, mark: 'dots', ...(dash ? { dash } : {}) }))
  const counts = known.map(({ count }) => count)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const seeds = least === most ? `${least}` : `${least} to ${most}`
  const caption = `Means of ${seeds} ${most === 1 ? 'run' : 'runs'} a setting${most > 1 ? '; bars are one standard deviation' : ''}.`
  return composeSvg({ title, legend, panels: [panel], caption })
}
