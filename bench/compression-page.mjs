// docs/compression.svg, and the generated part of docs/compression.md.

import { readFileSync, writeFileSync } from 'node:fs'
import { dot, line, text } from '@observablehq/plot'
import { composeSvg, drawPanel } from '../dist/svg/compose.js'
import { BLUE, DASH, GREEN, ORANGE, PURPLE } from '../dist/svg/palette.js'
import { figure } from './measure.mjs'

const page = new URL('../docs/compression.md', import.meta.url)
const chart = new URL('../docs/compression.svg', import.meta.url)
const [BEGIN, END] = ['<!-- begin of what npm run bench -- compression --write writes -->', '<!-- end -->']

export function writePage(rows, text, log) {
  const before = readFileSync(page, 'utf8')
  const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)]
  if (from < 0 || to < from) throw new Error('docs/compression.md lacks the marks between which the table stands')
  const which = text.all
    ? `all ${figure(text.windows)} windows of the test text`
    : `${figure(text.windows)} windows spread evenly over the test text`
  const seeds = text.seeds > 1 ? ` Means over ${text.seeds} seeds; ± is the deviation of a single seed's loss.` : ''
  const read = `Losses are on ${which}: ${figure(128 * text.windows)} of its ${figure(text.bytes)} bytes predicted.${seeds}`
  const made = [BEGIN, '', read, '', ...pageTable(rows, text.seeds), '', ...findings(rows), '', END].join('\n')
  writeFileSync(page, before.slice(0, from) + made + before.slice(to + END.length))
  writeFileSync(chart, compressionSvg(rows, text))
  log('written: docs/compression.md, docs/compression.svg')
}

function pageTable(rows, seeds) {
  const cells = rows.map(({ name, bytes, entropyBytes, bitsPerWeight, loss, deviation }) => [
    name,
    figure(bytes),
    bitsPerWeight.toFixed(2),
    entropyBytes === undefined ? '' : figure(entropyBytes),
    loss.toFixed(3),
    ...(seeds > 1 ? [deviation.toFixed(3)] : []),
    (loss / Math.LN2).toFixed(3),
  ])
  return [
    `| model | bytes | bits a weight | bytes at entropy | nats a byte |${seeds > 1 ? ' ± |' : ''} bits a byte |`,
    `|---|${'---:|'.repeat(seeds > 1 ? 6 : 5)}`,
    ...cells.map((row) => `| ${row.join(' | ')} |`),
  ]
}

const isTicket = ({ series }) => series.endsWith('ticket')
const isSmall = (row) => /^dense/.test(row.series) && row.width < 128

/** What the numbers say, whichever way they fall. */
export function findings(rows) {
  const tickets = rows.filter(isTicket)
  const rivals = rows.filter((row) => !isTicket(row))
  const lines = tickets.map((ticket) => {
    const within = rivals.filter(({ bytes }) => bytes <= ticket.bytes)
    const below = rivals.filter(({ loss }) => loss <= ticket.loss)
    const best = within.sort((a, b) => a.loss - b.loss)[0]
    const least = below.sort((a, b) => a.bytes - b.bytes)[0]
    const equal = best
      ? `the best rival of no more bytes is *${best.name}* (${figure(best.bytes)} bytes, ${best.loss.toFixed(3)} nats): the ticket ${against(ticket, best)}`
      : 'no rival is as small'
    const cheaper = least
      ? `the smallest rival that is at least as good is *${least.name}*, ${(least.bytes / ticket.bytes).toFixed(2)} times its bytes`
      : 'no rival is as good'
    return `- ${ticket.name} (${figure(ticket.bytes)} bytes, ${ticket.loss.toFixed(3)} nats): ${equal}; ${cheaper}.`
  })
  const lost = tickets.filter((ticket) => rivals.some((row) => row.bytes <= ticket.bytes && row.loss <= ticket.loss))
  return [
    `**${lost.length} of ${tickets.length} tickets are beaten outright**: a rival is at least as good in no more bytes.`,
    '',
    ...lines,
  ]
}

/** Seed by seed too, where there are several: each ticket against the rival of its seed. */
function against(ticket, rival) {
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
  const difference = ticket.loss - rival.loss
  const seeds = ticket.losses.map((loss, i) => signed(loss - rival.losses[i]))
  const words = difference > 0 ? `loses by ${difference.toFixed(3)} nats` : `wins by ${(-difference).toFixed(3)} nats`
  return seeds.length > 1 ? `${words} (seed by seed ${seeds.join(', ')})` : words
}

const SMALL_LABEL = { fill: '#444', stroke: 'white', strokeWidth: 4, fontSize: 10 }

/** Where a point's label stands. */
const ABOVE = { dy: -10 }
const BELOW = { dy: 13 }
const BESIDE = { dx: 7, textAnchor: 'start' }

export function compressionSvg(rows, { windows, steps, finetune, seeds }) {
  const of = (test) => rows.filter(test) // each in the order of its own number: bits, sparsity, kept fraction
  const bytes = [Math.min(...rows.map((row) => row.bytes)) / 1.25, Math.max(...rows.map((row) => row.bytes)) * 1.2]
  const widths = [...new Set(rows.filter(isSmall).map(({ width }) => width))]
  const groups = [
    {
      rows: of(({ series }) => series === 'dense 128'),
      colour: '#222',
      label: 'dense, width 128',
      note: (row) => `${row.bits}-bit`,
      place: ABOVE,
    },
    ...widths.map((width, i) => ({
      rows: of((row) => isSmall(row) && row.width === width),
      colour: GREEN,
      label: i === 0 ? `dense, widths ${widths.join(', ')}` : undefined,
      note: (row) => (row.bits === 32 ? `width ${width}` : ''),
      place: BESIDE,
    })),
    {
      rows: of(({ series }) => series === 'trained rounded'),
      colour: GREEN,
      dash: DASH,
      label: `4-bit, ${finetune} steps more`,
      note: (row) => `${row.width}`,
      place: BELOW,
    },
    {
      rows: of(({ series }) => series === 'pruned global'),
      colour: PURPLE,
      dash: DASH,
      label: 'pruned',
      note: (row) => `${100 * row.sparsity} %`,
      place: BESIDE,
    },
    {
      rows: of(({ series }) => series === 'pruned global trained'),
      colour: PURPLE,
      label: `pruned, ${finetune} steps more`,
      note: () => '',
      place: BELOW,
    },
    {
      rows: of(({ series }) => series === 'ticket'),
      colour: BLUE,
      label: 'tickets, normal weights',
      note: (row) => `${row.keep}`,
      place: BESIDE,
    },
    {
      rows: of(({ series }) => series === 'signed ticket'),
      colour: ORANGE,
      label: 'tickets, signed constants',
      note: (row) => `${row.keep}`,
      place: BESIDE,
    },
  ].filter((group) => group.rows.length > 0)
  const panel = drawPanel({
    height: 430,
    marginTop: 26,
    marginBottom: 46,
    x: {
      type: 'log',
      label: 'bytes',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      grid: true,
      domain: bytes,
      ticks: [2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6].filter((tick) => tick >= bytes[0] && tick <= bytes[1]),
      tickFormat: (tick) => (tick >= 1e6 ? `${tick / 1e6} MB` : `${tick / 1e3} kB`),
    },
    y: {
      label: 'loss on the test text, nats a byte',
      grid: true,
      labelArrow: 'none',
      domain: lossDomain(rows),
      clamp: true,
    },
    marks: groups.flatMap(({ rows: own, colour, dash, note, place }) => [
      line(own, {
        x: 'bytes',
        y: 'loss',
        stroke: colour,
        strokeWidth: 1.75,
        ...(dash ? { strokeDasharray: dash } : {}),
      }),
      dot(own, { x: 'bytes', y: 'loss', fill: colour, r: 3.25 }),
      text(own, { x: 'bytes', y: 'loss', text: note, ...place, ...SMALL_LABEL }),
    ]),
  })
  const legend = groups
    .filter(({ label }) => label !== undefined)
    .map(({ label, colour, dash }) => ({ label, colour, mark: 'dots', ...(dash ? { dash } : {}) }))
  const caption =
    `Loss against bytes on WikiText-2 as bytes: one GPT-2 (4 layers, width 128 unless said, 2 heads, context 128), ${figure(steps)} steps each, ${seeds === 1 ? 'one seed' : `means over ${seeds} seeds`}; ` +
    `${figure(windows)} windows of the test text. From the left, a dense line has 4, 8, 16 and 32 bits a weight. Numbers at tickets: the kept fraction; where a dense model learned on in 4 bits: its width; at pruned models: what is gone. Bytes of tickets are the whole file, of ` +
    'others the weights without a header; pruned: masks at their entropy, kept weights in float16. Losses above the axis are drawn at its end.'
  return composeSvg({ title: 'Loss against bytes', legend, panels: [panel], caption })
}

/** What lies far above the tickets would press all else together. */
function lossDomain(rows) {
  const least = Math.min(...rows.map(({ loss }) => loss))
  const most = Math.max(...rows.filter(isTicket).map(({ loss }) => loss))
  return [Math.floor(10 * least - 0.5) / 10, Math.ceil(10 * most + 2) / 10]
}
