/** Composing standalone SVG: title, legend and caption around the panels, which `draw-panel.ts` draws. No package is loaded. */

/** Figure width, pixels. */
export const WIDTH = 760

/** One entry of a legend. */
export interface LegendEntry {
  label: string
  /** CSS colour. */
  colour: string
  /** 'line' with an optional SVG dash pattern, 'dots' for a line with dots, 'band' for an area, 'bar' for a dot with an
   * error bar, 'ring' for a small circle. */
  mark: 'line' | 'dots' | 'band' | 'bar' | 'ring'
  dash?: string
}

/** A panel as Observable Plot drew it: its markup and height in pixels. */
export interface Panel {
  markup: string
  height: number
}

/** Attribute of the fonts that a figure is set in. */
export const FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif"'
const ROW = 19
/** Mean advance of a 12 px sans-serif letter, generously. */
const LETTER = 6.7

/** Text as XML character data. */
export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

/** Breaks text into lines of at most `letters`. */
export function wrapText(text: string, letters: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last && last.length + 1 + word.length > letters) lines.push(word)
    else lines[lines.length - 1] = last ? `${last} ${word}` : word
  }
  return lines
}

function legendMark({ colour, mark, dash }: LegendEntry, x: number, y: number): string {
  if (mark === 'band')
    return `<rect x="${x}" y="${y - 9}" width="22" height="10" fill="${colour}" fill-opacity="0.18"/>`
  if (mark === 'ring') return `<circle cx="${x + 11}" cy="${y - 4}" r="2" stroke="${colour}" fill="none"/>`
  if (mark === 'bar')
    return `<path d="M${x + 11},${y - 11}v14" stroke="${colour}" stroke-width="1.5"/><circle cx="${x + 11}" cy="${y - 4}" r="3.5" fill="${colour}"/>`
  const dashes = dash ? ` stroke-dasharray="${dash}"` : ''
  const line = `<path d="M${x},${y - 4}h22" stroke="${colour}" stroke-width="2"${dashes} fill="none"/>`
  return mark === 'dots' ? `${line}<circle cx="${x + 11}" cy="${y - 4}" r="3.5" fill="${colour}"/>` : line
}

/** Sets entries in rows from `top`; returns the markup and the height used. */
function drawLegend(entries: readonly LegendEntry[], top: number): { markup: string; height: number } {
  let x = 20
  let y = top + 13
  const parts: string[] = []
  for (const entry of entries) {
    const width = 28 + entry.label.length * LETTER + 16
    if (x > 20 && x + width > WIDTH) {
      x = 20
      y += ROW
    }
    parts.push(legendMark(entry, x, y), `<text x="${x + 28}" y="${y}" font-size="12">${escapeXml(entry.label)}</text>`)
    x += width
  }
  return { markup: parts.join('\n'), height: y + 8 - top }
}

/** One standalone SVG document: title, legend, panels from top to bottom, caption; on white. */
export function composeSvg(options: {
  title: string
  legend: readonly LegendEntry[]
  panels: readonly Panel[]
  caption: string
}): string {
  const { title, panels, caption } = options
  const legend = drawLegend(options.legend, 36)
  let y = 36 + legend.height
  const placed = panels.map(({ markup, height }) => {
    const nested = markup.replace('<svg ', `<svg x="0" y="${y}" `)
    y += height
    return nested
  })
  const lines = wrapText(caption, 118)
  const text = lines.map(
    (line, i) => `<text x="20" y="${y + 22 + i * 16}" font-size="11.5" fill="#444">${escapeXml(line)}</text>`,
  )
  const height = y + 22 + lines.length * 16
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${FONT} fill="#222" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="20" y="26" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
    legend.markup,
    ...placed,
    ...text,
    '</svg>',
    '',
  ].join('\n')
}
