/** One mask of a density figure: its cells, and the profiles of its columns (above) and rows (beside). */
import { escapeXml } from '../svg/compose.js'
import type { DensityGrid } from './density-grid.js'
import { type DensityScale, fractionOf, STEPS, stepClass } from './density-scale.js'
import type { MaskPicture } from './inspect-ticket.js'
import { chanceVariance, type LineSpread } from './mask-lines.js'

/** Pixels: side of the cells, depth of a profile, and the room between them. */
export const SIDE = 96
export const PROFILE = 20
export const GAP = 4

/** Pixels from the top of a picture to its column profile: the line of its name. */
const NAME = 15

/** Where the cells begin below the top of a picture, and how high all of it is. */
export const CELLS_TOP = NAME + PROFILE + GAP
export const PICTURE_HEIGHT = CELLS_TOP + SIDE + 29

/** One picture at (x, y) with its name, kept fraction, shape and dispersion. */
export function drawPicture(picture: MaskPicture, x: number, y: number, scales: PictureScales): string {
  const { name, layer, rows, columns, cells, rowSpread, columnSpread, rowsAre } = picture
  const own = fractionOf(cells)
  const short = layer === null ? name : name.replace(`h.${layer}.`, '')
  return [
    `<g transform="translate(${x},${y})">`,
    `<title>${escapeXml(`${name}: ${rows} × ${columns}, ${percent(own)} kept`)}</title>`,
    `<text y="9" font-weight="600">${escapeXml(short)}</text>`,
    `<text class="quiet end" x="${SIDE + GAP + PROFILE}" y="9">${percent(own)}</text>`,
    `<g transform="translate(0,${NAME})">${drawProfile(picture.columnProfile, scales.profile)}</g>`,
    drawCells(cells, scales.cells),
    `<g transform="matrix(0 1 -1 0 ${SIDE + GAP + PROFILE} ${CELLS_TOP})">${drawProfile(picture.rowProfile, scales.profile)}</g>`,
    `<text class="quiet" y="${CELLS_TOP + SIDE + 12}">${lineText(rowSpread, rowsAre)}</text>`,
    `<text class="quiet" y="${CELLS_TOP + SIDE + 25}">${lineText(columnSpread, 'columns')}</text>`,
    '</g>',
  ].join('\n')
}

/** `512 columns ×3.9`: how many there are, and how much more they differ than chance has it. */
function lineText({ lines, dispersion }: LineSpread, noun: string): string {
  const factor = dispersion === null ? '' : ` ×${dispersion.toFixed(dispersion < 9.95 ? 1 : 0)}`
  return `${lines.toLocaleString('en-US')} ${noun}${factor}`
}

/** Scales that all pictures share. */
export interface PictureScales {
  readonly cells: DensityScale
  readonly profile: DensityScale
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

/** Runs of equal colour along a row become one stroke; the colour in the middle is the ground. */
function drawCells(grid: DensityGrid, scale: DensityScale): string {
  const { down, across, counts, kept } = grid
  const own = fractionOf(grid)
  const strokes = new Map<string, string>()
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; ) {
      const look = (at: number) => {
        const i = row * across + at
        return counts[i] > 0 ? stepClass(scale.stepOf(kept[i] / counts[i] - own)) : 'none'
      }
      const colour = look(column)
      const start = column
      while (column < across && look(column) === colour) column++
      const stroke = `M${start} ${row}.5h${column - start}`
      if (colour !== 'o') strokes.set(colour, (strokes.get(colour) ?? '') + stroke)
    }
  }
  const paths = [...strokes].sort().map(([colour, d]) => `<path class="${colour}" d="${d}"/>`)
  const scaled = `translate(0,${CELLS_TOP}) scale(${round(SIDE / across)},${round(SIDE / down)})`
  return `<g class="cells" transform="${scaled}"><rect class="o" stroke-width="0" width="${across}" height="${down}"/>${paths.join('')}</g>`
}

/** Kept fractions from left to right around the matrix' own, before the band where chance would leave them. */
function drawProfile(grid: DensityGrid, { reach }: DensityScale): string {
  const { counts, kept } = grid
  const points = counts.length
  const [ones, all] = [kept, counts].map((values) => values.reduce((sum, one) => sum + one, 0))
  if (all === 0) return ''
  const own = ones / all
  const y = (deviation: number) => round((PROFILE / 2) * (1 - Math.max(-1, Math.min(1, deviation / reach))))
  const spread = 2 * Math.sqrt(chanceVariance(ones, all, all / points))
  const step = SIDE / points
  let path = ''
  for (let i = 0; i < points; i++) {
    if (counts[i] === 0) continue
    const height = y(kept[i] / counts[i] - own)
    path += path === '' || counts[i - 1] === 0 ? `M${round(i * step)} ${height}` : `V${height}`
    path += `H${round((i + 1) * step)}`
  }
  return [
    `<rect class="band" y="${y(spread)}" width="${SIDE}" height="${round(y(-spread) - y(spread))}"/>`,
    `<path class="own" d="M0 ${PROFILE / 2}h${SIDE}"/>`,
    `<path class="line" d="${path}"/>`,
  ].join('')
}

/** The colours with their fractions, and the profile with its band; at (x, y), 34 pixels high. */
export function drawLegend({ cells, profile }: PictureScales, x: number, y: number): string {
  const swatch = 16
  const steps = Array.from({ length: 2 * STEPS + 1 }, (_, i) => i - STEPS)
  const length = steps.length * swatch
  const points = (value: number) => `${value > 0 ? '+' : '−'}${Math.round(100 * Math.abs(value))}`
  const after = length + 200
  return [
    `<g transform="translate(${x},${y})">`,
    ...steps.map(
      (step, i) =>
        `<rect class="${stepClass(step)}" stroke-width="0" x="${i * swatch}" width="${swatch}" height="11"/>`,
    ),
    `<text class="quiet" y="24">${points(-cells.reach)}</text>`,
    `<text class="quiet mid" x="${length / 2}" y="24">±0</text>`,
    `<text class="quiet end" x="${length}" y="24">${points(cells.reach)}</text>`,
    `<text class="quiet" x="${length + 6}" y="24">points from the matrix’ kept %</text>`,
    `<g transform="translate(${after},-4)"><rect class="band" y="3" width="26" height="12"/><path class="own" d="M0 9h26"/><path class="line" d="M0 11H7V5H14V13H20V1H26"/>`,
    `<text class="quiet" x="34" y="8">profile of the columns (above) and of the rows (beside), ±${Math.round(100 * profile.reach)} points deep;</text>`,
    `<text class="quiet" x="34" y="22">band: ±2 standard deviations of chance</text></g>`,
    '</g>',
  ].join('\n')
}

const round = (value: number): number => Number(value.toFixed(2))
