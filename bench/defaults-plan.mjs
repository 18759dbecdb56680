// The grid behind the defaults: a base, and what was tried in its place, one setting at a time. `npm run bench -- defaults` runs it.
// A base spells out what is varied around it, so that the grid stays what it is when defaults change.
// `longer` is a factor of the steps: a row of smaller batches sees as many tokens as the others.
const batches = [
  { name: 'batch 8, twice the steps', options: { batch: 8 }, longer: 2 },
  { name: 'batch 32, half the steps', options: { batch: 32 }, longer: 0.5 },
]

const annealed = {
  keep: 0.3,
  init: 'signed-constant',
  algorithm: 'annealed',
  lr: 0.002,
  softness: 1,
  anneal: 0.95,
  batch: 16,
  beta1: 0.9,
  beta2: 0.999,
  'weight-decay': 0.01,
  selection: 'per-layer',
  clip: 'none',
  'score-scale': 1,
}

const trained = { init: 'fan-in', lr: 0.003, batch: 16, beta1: 0.9, beta2: 0.999, 'weight-decay': 0.01, clip: 'none' }

/** The rivals of `npm run bench -- compression`: a dense model rounded from the start. */
const rounded = {
  ...{ algorithm: 'levels', levels: 'ternary', width: 96, heads: 2, norms: 'gains', 'unused-rows': 'share' },
  ...{ init: 'fan-in', lr: 0.003, batch: 16, beta1: 0.9, beta2: 0.999, 'weight-decay': 0.01, clip: 'none' },
}

/** Variations of one option each: what they change, beside their names. */
const varied = (name, ...values) => values.map((value) => ({ name: `${name} ${value}`, options: { [name]: value } }))

/** Several changes at once. */
const together = (options) => ({
  name: Object.entries(options)
    .map((option) => option.join(' '))
    .join(', '),
  options,
})

export const GRIDS = [
  {
    title: 'slt search',
    command: 'search',
    base: annealed,
    variations: [
      ...varied('lr', 0.003, 0.004, 0.001),
      ...varied('softness', 2, 0.5),
      ...varied('unused-rows', 'share'),
      together({ 'unused-rows': 'share', softness: 0.5 }),
      together({ 'unused-rows': 'share', softness: 0.5, lr: 0.004 }),
      together({ 'unused-rows': 'share', softness: 0.7, lr: 0.003 }),
      ...batches,
      ...varied('beta1', 0.8),
      ...varied('beta2', 0.99),
      ...varied('final-lr', 0),
      ...varied('anneal', 0.8),
      ...varied('weight-decay', 0),
      ...varied('selection', 'global'),
      ...varied('clip', 1),
      ...varied('init', 'fan-in'),
      ...varied('score-scale', 0.5),
      ...varied('warm-up', 0),
      { name: 'algorithm edge-popup', options: { algorithm: 'edge-popup', softness: undefined, anneal: undefined } },
    ],
  },
  {
    title: 'slt train',
    command: 'train',
    base: trained,
    variations: [
      ...varied('init', 'gpt2'),
      ...varied('lr', 0.002, 0.005),
      batches[0],
      ...varied('weight-decay', 0.1),
      ...varied('beta2', 0.99),
      ...varied('clip', 1),
    ],
  },
  {
    title: 'levels',
    command: 'search',
    base: rounded,
    variations: [
      ...varied('softness', 0.5, 1),
      ...varied('lr', 0.002, 0.005),
      ...varied('init', 'gpt2'),
      batches[0],
      ...varied('weight-decay', 0, 0.1),
      ...varied('beta2', 0.99),
      ...varied('final-lr', 0),
      ...varied('clip', 1),
    ],
  },
]
