/** What two masks share as one SVG, a row a matrix: written by hand, as the pictures of masks are. */
import { composeSvg, escapeXml, type LegendEntry, type Panel, WIDTH } from '../svg/compose.js'
import { BLUE, GREY, ORANGE } from '../svg/palette.js'
import type { ComparisonReport } from './compare-tickets.js'

/** Pixels of a row, and around all of them. */
const ROW = 16
const MARGIN = { top: 34, right: 24, bottom: 8, left: 190 }

/**
 * Draws a row a matrix: the overlap of the two masks, beside that of random ones; where masks are not of the same weights, what each keeps.
 * @param names of the two tickets
 * @throws RangeError where the tickets have no matrix of the same name
 */
export function overlapSvg(report: ComparisonReport, names: readonly [string, string]): string {
  const { matrices, total } = report
  if (matrices.length === 0) throw new RangeError('"plot" expected tickets with matrices of the same names, got none')
  const isShared = total.shared !== null
  return composeSvg({
    title: isShared ? `What ${names[0]} and ${names[1]} both keep` : `What ${names[0]} and ${names[1]} keep`,
    ...(isShared ? overlaps(report) : fractions(report, names)),
  })
}

type Drawn = Pick<Parameters<typeof composeSvg>[0], 'legend' | 'panels' | 'caption'>

/** Something drawn at a value from 0 to 1, in a row. */
interface Mark {
  readonly at: number
  readonly kind: 'dot' | 'ring' | 'tick'
  readonly colour: string
}

/** The masks' overlap, a line from what chance gives to what there is. */
function overlaps({ matrices }: ComparisonReport): Drawn {
  const rows = matrices.map(({ name, shared }) => {
    const { overlap = null, chance = null, start = null } = shared ?? {}
    const marks: Mark[] = []
    if (chance !== null) marks.push({ at: chance, kind: 'ring', colour: GREY })
    if (start !== null) marks.push({ at: start, kind: 'tick', colour: ORANGE })
    if (overlap !== null) marks.push({ at: overlap, kind: 'dot', colour: BLUE })
    return { name, marks }
  })
  const legend: LegendEntry[] = [
    { label: 'the two masks', colour: BLUE, mark: 'dots' },
    { label: 'random masks of these densities', colour: GREY, mark: 'ring' },
  ]
  if (rows.some(({ marks }) => marks.some(({ kind }) => kind === 'tick'))) {
    legend.push({ label: 'random masks that know the starting scores', colour: ORANGE, mark: 'line' })
  }
  const caption =
    'Overlap: weights that both masks keep over weights that either keeps. Both masks are of the same random weights.'
  return { legend, panels: [panelOf(rows, 'overlap')], caption }
}

/** Kept fractions of two networks side by side. */
function fractions({ matrices }: ComparisonReport, names: readonly [string, string]): Drawn {
  const rows = matrices.map(({ name, fractions: [a, b] }) => {
    const marks: Mark[] = [
      { at: a, kind: 'dot', colour: BLUE },
      { at: b, kind: 'ring', colour: ORANGE },
    ]
    return { name, marks }
  })
  const legend: LegendEntry[] = [
    { label: names[0], colour: BLUE, mark: 'dots' },
    { label: names[1], colour: ORANGE, mark: 'ring' },
  ]
  const caption =
    'Kept fraction of each matrix. The two networks have other random weights, so weights of one mask are not those of the other.'
  return { legend, panels: [panelOf(rows, 'kept fraction')], caption }
}

/** Rows of marks over an axis from 0 to 1; a line joins the first mark of a row to its last. */
function panelOf(rows: readonly { readonly name: string; readonly marks: readonly Mark[] }[], label: string): Panel {
  const height = MARGIN.top + rows.length * ROW + MARGIN.bottom
  const bottom = height - MARGIN.bottom
  const x = (value: number) => round(MARGIN.left + value * (WIDTH - MARGIN.left - MARGIN.right))
  const axis = Array.from({ length: 6 }, (_, i) => i / 5).flatMap((value) => [
    `<path d="M${x(value)} ${MARGIN.top - 6}V${bottom}" stroke="#ddd"/>`,
    `<text x="${x(value)}" y="${MARGIN.top - 11}" text-anchor="middle">${value.toFixed(1)}</text>`,
  ])
  const drawn = rows.map(({ name, marks }, i) => {
    const y = MARGIN.top + (i + 0.5) * ROW
    const line =
      marks.length < 2
        ? ''
        : `<path d="M${x(marks[0].at)} ${y}H${x(marks[marks.length - 1].at)}" stroke="${GREY}" stroke-opacity="0.5"/>`
    return `<text x="${MARGIN.left - 10}" y="${y + 4}" text-anchor="end">${escapeXml(name)}</text>${line}${marks.map((mark) => drawMark(mark, x(mark.at), y)).join('')}`
  })
  const markup = [
    `<svg width="${WIDTH}" height="${height}" font-size="12" fill="#222">`,
    `<text x="${WIDTH - MARGIN.right}" y="9" text-anchor="end" font-size="11">${label}</text>`,
    ...axis,
    ...drawn,
    '</svg>',
  ].join('\n')
  return { markup, height }
}

function drawMark({ kind, colour }: Mark, x: number, y: number): string {
  switch (kind) {
    case 'dot':
      return `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`
    case 'ring':
      return `<circle cx="${x}" cy="${y}" r="3.5" fill="none" stroke="${colour}" stroke-width="1.5"/>`
    case 'tick':
      return `<path d="M${x} ${y - 5}v10" stroke="${colour}" stroke-width="2"/>`
  }
}

const round = (value: number): number => Number(value.toFixed(2))
