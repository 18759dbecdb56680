/** Panels of figures, drawn by Observable Plot. Its packages are loaded with this file, so only what draws a figure imports it. */
import { type PlotOptions, plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { type Panel, WIDTH } from './compose.js'

/** Draws one panel of {@link WIDTH} pixels. Coordinates, but no texts, are rounded to 1/100 pixel, so the SVG is stable. */
export function drawPanel(options: PlotOptions & { height: number }): Panel {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const drawn = plot({
    width: WIDTH,
    marginLeft: 62,
    marginRight: 18,
    style: { fontSize: '12px', background: 'white', color: '#222', overflow: 'visible' },
    ...options,
    document: document as unknown as Document,
  })
  const markup = drawn.outerHTML
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, (tag) => tag.replace(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))))
  return { markup, height: options.height }
}
