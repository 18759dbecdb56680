// What `npm run bench -- trends` compares, on tiny Shakespeare.
const masks = { init: 'signed-constant', algorithm: 'annealed' }

/** What is searched, by options of slt search. */
export const TICKETS = [
  { name: 'masks alone', options: masks },
  { name: 'masks, tables of 4 bits, gains', options: { ...masks, 'embedding-bits': 4, norms: 'gains' } },
]

/** What each is compared with, by options of slt train. */
export const DENSE = { init: 'fan-in' }

/** Where the gap is measured: a model, and a factor of the steps. A step of `micro` has 16 windows of 128 bytes, of `tiny` 8 of 256. */
export const SETTINGS = [
  { model: 'micro', longer: 1 },
  { model: 'micro', longer: 4 },
  { model: 'tiny', longer: 1 },
]

/** How the gap changes from one of the settings to another. */
export const CHANGES = [
  { name: 'training', from: 0, to: 1 },
  { name: 'size', from: 0, to: 2 },
]

/** Initialisations, and the two factors of the query and key weights that are compared; `auto` is n_K^(1/4), 2.83 in heads of width 64. */
export const SCALINGS = [
  { name: 'QK scaling, gpt2', init: 'gpt2', scales: [1, 'auto'], shown: '2.83' },
  { name: 'QK scaling, signed-constant', init: 'signed-constant', scales: [1, 2], shown: '2' },
]
