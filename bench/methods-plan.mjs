// The methods that `npm run bench -- methods` compares: options of slt search (or slt train), beside `micro`, signed constants and keep 0.3.
const signed = { init: 'signed-constant' }
const annealed = { ...signed, algorithm: 'annealed' }

/** `teacher`: the row whose model of the same seed is learned from too; its training is not in the time. */
export const METHODS = [
  { name: 'dense', command: 'train', options: {} },
  { name: 'edge-popup', options: { ...signed, algorithm: 'edge-popup' } },
  { name: 'edge-popup, normal weights', options: { init: 'fan-in', algorithm: 'edge-popup' } },
  { name: 'IteRand, normal weights', options: { init: 'fan-in', algorithm: 'iterand' } },
  { name: 'biprop', options: { init: 'fan-in', algorithm: 'biprop' } },
  { name: 'signed, keep 0.23', options: { ...signed, algorithm: 'signed', keep: 0.23 } },
  { name: 'multicoated', options: { ...signed, algorithm: 'multicoated' } },
  { name: 'Ada-Sup', options: { ...signed, algorithm: 'ada-sup' } },
  { name: 'sampled', options: { ...signed, algorithm: 'sampled' } },
  { name: 'annealed', options: annealed },
  { name: 'annealed, keep 0.5', options: { ...annealed, keep: 0.5 } },
  { name: 'annealed, teacher', teacher: 'dense', options: annealed },
  { name: 'annealed, tables of 4 bits, gains', options: { ...annealed, 'embedding-bits': 4, norms: 'gains' } },
  {
    name: 'annealed, tables of 4 bits, gains, teacher',
    teacher: 'dense',
    options: { ...annealed, 'embedding-bits': 4, norms: 'gains' },
  },
  { name: 'levels, ternary (not random)', options: { algorithm: 'levels', levels: 'ternary' } },
  {
    name: 'levels, ternary, soft at first (not random)',
    options: { algorithm: 'levels', levels: 'ternary', softness: 0.5 },
  },
  {
    name: 'levels, 2 bits, soft at first (not random)',
    options: { algorithm: 'levels', levels: '2', softness: 0.5 },
  },
]
