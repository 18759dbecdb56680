// docs/compression.svg: loss against file bytes, a panel for each text.
import { dot, line, ruleX, ruleY, text } from '@observablehq/plot'
import { composeSvg } from '../dist/svg/compose.js'
import { drawPanel } from '../dist/svg/draw-panel.js'
import { SERIES } from './compression-plan.mjs'
import { figure } from './measure.mjs'

const LABEL = { stroke: 'white', strokeWidth: 4, fontSize: 10.5 }
const dashed = (dash) => (dash === undefined ? {} : { strokeDasharray: dash })

/** @param texts { text, steps, seeds, rows } of each text, as `compression` measured them */
export function compressionSvg(texts) {
  const names = new Set(texts.flatMap(({ rows }) => rows.map(({ series }) => series)))
  const drawn = SERIES.filter(({ name }) => names.has(name))
  const legend = drawn.map(({ name, kind, colour, dash }) => ({
    label: name,
    colour,
    mark: kind === 'floor' ? 'line' : 'dots',
    ...(dash === undefined ? {} : { dash }),
  }))
  const [{ steps, seeds }] = texts
  const caption =
    `Loss against file bytes: one GPT-2 (4 layers, 2 heads, context 128, width 128 unless said), ${figure(steps)} steps each, ${seeds === 1 ? 'one seed' : `means over ${seeds} seeds; bars are 95 % intervals`}. ` +
    'Numbers at tickets: the kept fraction; at rounded models, which learned with rounded weights from the start: the width. The horizontal line is the dense model of width 128 in 32 bits, whose file is larger than the axis shows.'
  return composeSvg({
    title: 'Loss against bytes',
    legend,
    panels: texts.map((each) => panelOf(each, drawn)),
    caption,
  })
}

function panelOf({ text: name, rows }, series) {
  const small = rows.filter(({ kind }) => kind !== 'floor')
  const floors = rows.filter(({ kind }) => kind === 'floor')
  const bytes = small.map((row) => row.bytes)
  const losses = rows.flatMap(({ loss, half = 0 }) => [loss - half, loss + half])
  const marks = series.flatMap(({ name: own, kind, colour, dash }) => {
    const points = small.filter((row) => row.series === own).toSorted((a, b) => a.bytes - b.bytes)
    const at = { x: 'bytes', y: 'loss' }
    const isTicket = kind === 'ticket'
    return [
      line(points, { ...at, stroke: colour, strokeWidth: isTicket ? 2.25 : 1.5, ...dashed(dash) }),
      ruleX(
        points.filter(({ half }) => half !== undefined),
        {
          x: 'bytes',
          y1: ({ loss, half }) => loss - half,
          y2: ({ loss, half }) => loss + half,
          stroke: colour,
        },
      ),
      dot(points, { ...at, fill: colour, r: isTicket ? 4 : 3 }),
      text(points, { ...at, text: 'label', fill: colour, ...LABEL, ...(isTicket ? { dy: 13 } : { dy: -10 }) }),
    ]
  })
  return drawPanel({
    height: 360,
    marginTop: 30,
    marginBottom: 46,
    x: {
      label: 'file bytes',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      grid: true,
      domain: [Math.min(...bytes) - 4000, Math.max(...bytes) + 4000],
      tickFormat: (tick) => `${tick / 1e3} kB`,
    },
    y: {
      label: `${name}: nats a byte`,
      grid: true,
      labelArrow: 'none',
      domain: [Math.min(...losses) - 0.02, Math.max(...losses) + 0.03],
      tickFormat: '.2f',
    },
    marks: [...floors.map(({ loss }) => ruleY([loss], { stroke: '#222', strokeWidth: 1.75 })), ...marks],
  })
}
