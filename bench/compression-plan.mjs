// What `npm run bench -- compression` compares: series of rows, each of them options of slt search (or slt train) beside `micro`.
// Rivals get what tickets get: levels that are soft at first, the same steps, gains, tables of their own bits, and the settings that the grid of `npm run bench -- defaults` found for them.
// Their widths fill 65 to 100 kB: a model of width w has 384 w + 48 w^2 weights, and takes about 1.1 (ternary: measured), 1.9, 2.6 and 3.6 bits of each (estimates).
import { BLUE, DASH, GREEN, GREY, ORANGE, PURPLE } from '../dist/svg/palette.js'

const masks = { init: 'signed-constant', algorithm: 'annealed' }
const masksAndNumbers = { ...masks, 'embedding-bits': 4, norms: 'gains' }
const keeps = (options, ...values) =>
  values.map((keep) => ({ name: `keep ${keep}`, label: `${keep}`, options: { ...options, keep } }))

const rounded = { algorithm: 'levels', softness: 0.5, init: 'fan-in', norms: 'gains', heads: 2 }
const widths = (options, ...values) =>
  values.map((width) => ({ name: `width ${width}`, label: `${width}`, options: { ...rounded, ...options, width } }))

/** `kind`: tickets are compared with rivals; the floor is what both lose against in more bytes. `label` stands at a row's point in the figure. */
export const SERIES = [
  {
    name: 'dense, 32 bits',
    kind: 'floor',
    colour: '#222',
    rows: [{ name: 'width 128', command: 'train', options: { init: 'fan-in' } }],
  },
  { name: 'ticket', kind: 'ticket', colour: ORANGE, rows: keeps(masks, 0.2, 0.3, 0.5) },
  {
    name: 'ticket, tables of 4 bits, gains',
    kind: 'ticket',
    colour: BLUE,
    rows: [
      {
        name: 'width 96, keep 0.5',
        label: '0.5, width 96',
        options: { ...masksAndNumbers, width: 96, heads: 2, keep: 0.5 },
      },
      ...keeps(masksAndNumbers, 0.2, 0.3, 0.5),
    ],
  },
  { name: 'rounded, ternary', kind: 'rival', colour: GREEN, rows: widths({ levels: 'ternary' }, 96, 108, 118) },
  {
    name: 'rounded, ternary, tables of 4 bits',
    kind: 'rival',
    colour: GREEN,
    dash: DASH,
    rows: widths({ levels: 'ternary', 'embedding-bits': 4 }, 96, 110),
  },
  { name: 'rounded, 2 bits', kind: 'rival', colour: PURPLE, rows: widths({ levels: '2' }, 72, 80, 86) },
  { name: 'rounded, 3 bits', kind: 'rival', colour: GREY, rows: widths({ levels: '3' }, 64, 72) },
  { name: 'rounded, 4 bits', kind: 'rival', colour: '#222', dash: DASH, rows: widths({ levels: '4' }, 56, 62) },
]

/** All rows, each with the name and kind of its series, and a name of its own. */
export const ROWS = SERIES.flatMap(({ name: series, kind, rows }) =>
  rows.map((row) => ({ ...row, series, kind, name: `${series}, ${row.name}` })),
)

/** The headline is about files of at most so many bytes. */
export const MOST_BYTES = 100_000
