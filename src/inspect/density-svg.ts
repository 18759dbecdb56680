/** The masks of a ticket as one SVG: a picture of kept fractions for every matrix, with profiles of its columns and rows. */
import { escapeXml, FONT, wrapText } from '../svg/compose.js'
import { CELLS_TOP, drawLegend, drawPicture, GAP, PICTURE_HEIGHT, PROFILE, SIDE } from './density-picture.js'
import { densityScale, densityStyle } from './density-scale.js'
import type { MaskPicture } from './inspect-ticket.js'
import { blockOf, outsideOf } from './report.js'

/** Pixels from one picture to the next, and around all of them. */
const COLUMN = SIDE + GAP + PROFILE + 16
const ROW = PICTURE_HEIGHT + 18
const MARGIN = { left: 58, top: 112, right: 8 }

/** Most pictures beside each other. */
const MOST_COLUMNS = 8

/** What stands around the pictures. */
export interface DensityHeadings {
  readonly title: string
  readonly subtitle: string
  readonly caption: string
}

/**
 * Draws the pictures: a row a block, a column a matrix; embeddings above the blocks, the head below them. Every cell is
 * coloured by how far it is from its matrix' own kept fraction, all matrices on one scale.
 * @param pictures of one ticket, at least one
 * @returns a standalone SVG document, light or dark as the screen is
 */
export function densitySvg(pictures: readonly MaskPicture[], headings: DensityHeadings): string {
  const rows = arrange(pictures)
  const columns = Math.max(6, ...rows.map((row) => row.pictures.length))
  const width = MARGIN.left + columns * COLUMN + MARGIN.right
  const profiles = pictures.flatMap(({ rowProfile, columnProfile }) => [rowProfile, columnProfile])
  const cells = densityScale(
    pictures.map((picture) => picture.cells),
    0.99,
  )
  const scales = { cells, profile: densityScale(profiles, 0.995) }
  const drawn = rows.flatMap(({ label, pictures: own }, i) => {
    const top = MARGIN.top + i * ROW
    return [
      `<text class="head" x="20" y="${top + CELLS_TOP + SIDE / 2 + 4}">${escapeXml(label)}</text>`,
      ...own.map((picture, j) => drawPicture(picture, MARGIN.left + j * COLUMN, top, scales)),
    ]
  })
  const captionTop = MARGIN.top + rows.length * ROW + 6
  const caption = wrapText(headings.caption, Math.floor((width - 40) / 5.6))
  const height = captionTop + caption.length * 15 + 8
  const { title } = headings
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${densityStyle()}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text x="20" y="28" style="font-size:16px;font-weight:600">${escapeXml(title)}</text>`,
    `<text class="quiet" x="20" y="47" style="font-size:12px">${escapeXml(headings.subtitle)}</text>`,
    drawLegend(scales, 20, 64),
    ...drawn,
    ...caption.map((line, i) => `<text class="quiet" x="20" y="${captionTop + 8 + i * 15}">${escapeXml(line)}</text>`),
    '</svg>',
    '',
  ].join('\n')
}

interface PictureRow {
  readonly label: string
  readonly pictures: readonly MaskPicture[]
}

/** Embeddings, the blocks, the head; a row that is too long goes on in the next. */
function arrange(pictures: readonly MaskPicture[]): PictureRow[] {
  const layers = [...new Set(pictures.map(({ layer }) => layer).filter((layer) => layer !== null))]
  const { before, after } = outsideOf(pictures)
  const rows: PictureRow[] = [
    { label: '', pictures: before },
    ...layers.map((layer) => {
      const own = pictures.filter((one) => one.layer === layer)
      return { label: blockOf(own[0].name), pictures: own }
    }),
    { label: '', pictures: after },
  ]
  return rows.flatMap(({ label, pictures: own }) =>
    Array.from({ length: Math.ceil(own.length / MOST_COLUMNS) }, (_, i) => {
      return { label: i === 0 ? label : '', pictures: own.slice(i * MOST_COLUMNS, (i + 1) * MOST_COLUMNS) }
    }),
  )
}
