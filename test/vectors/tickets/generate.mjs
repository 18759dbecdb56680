// Writes the golden tickets and golden.json, the hashes of their weights. After `npm run build`:
//   node test/vectors/tickets/generate.mjs
// They are frozen: only a major version may change what a reader makes of them. A new one may be added. A file that is there is not
// written again, because today's program would write some of them in a later version of the format.
import { createHash } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packBits, unpackBits } from '../../../dist/mask/index.js'
import { matricesOf, normVectorsOf, randomModelWeights } from '../../../dist/families/index.js'
import { pairPlans } from '../../../dist/families/pair-plan.js'
import { readModelFolder } from '../../../dist/interop/index.js'
import { generateWeights, magnitudes, fillWords } from '../../../dist/random/index.js'
import { openFile } from '../../../dist/files/files.js'
import { nodeDeflate } from '../../../dist/engine/node.js'
import { pruneModel } from '../../../dist/jobs/prune.js'
import { recodeTicket } from '../../../dist/jobs/recode-ticket.js'
import { nodeSha256 } from '../../../dist/files/sha256.js'
import { encodeCompact } from '../../../dist/ticket/compact.js'
import { ticketLink } from '../../../dist/ticket/ticket-text.js'
import { encodeMasks, encodeSearchedTicket, materialisePair, materialiseSearched, openTicket } from '../../../dist/ticket/index.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))
const small = { layers: 2, width: 24, heads: 2, inner: 60, positions: 16, vocabulary: 256, activation: 'gelu_new', layerNormEpsilon: 1e-5, tiedHead: true }
const llama = { family: 'llama', layers: 2, width: 24, heads: 4, keyHeads: 2, headWidth: 8, inner: 20, positions: 16, vocabulary: 256, activation: 'silu', normEpsilon: 1e-5, ropeTheta: 10000, inputBias: false, outputBias: false, feedForwardBias: false, tiedHead: false }
const bert = { family: 'bert', layers: 2, width: 24, heads: 2, inner: 60, positions: 16, vocabulary: 257, types: 2, activation: 'gelu', layerNormEpsilon: 1e-12 }

const kinds = [
  { kind: 'normal', std: 0.3 },
  { kind: 'uniform', range: 0.5 },
  { kind: 'signed-constant', magnitude: 0.2 },
]

/** Masks as a search leaves them: what started with a high score is kept more often. */
function content(config, { norms = 'plain', redrawn = 0, coding, init }) {
  const seed = 0x0123456789abcdefn
  const matrices = matricesOf(config).map(({ name, shape }, i) => {
    const count = shape[0] * shape[1]
    const [noise, age] = [new Uint32Array(count), new Uint32Array(count)]
    fillWords(seed, 2 ** 50 + i, 0, noise)
    fillWords(seed, 2 ** 51 + i, 0, age)
    const first = magnitudes(seed, 2 ** 45 + i, 0, count)
    const mask = packBits(Array.from(first, (m, j) => Number(0.6 * (m / 128) + (0.4 * noise[j]) / 2 ** 32 > 0.6 + 0.1 * ((j % 5) / 5))))
    const generations = redrawn && i % 2 ? { generations: Uint8Array.from(age, (word) => word % (redrawn + 1)) } : {}
    return { name, stream: i, init: init ?? kinds[i % 3], mask, scores: 2 ** 45 + i, ...generations }
  })
  const half = (values) => (norms === 'gains' ? values.map((value) => Math.round(value * 512) / 512) : values) // numbers that fp16 holds
  const dense = new Map(normVectorsOf(config, norms).map(({ name, shape }, i) => [name, half(generateWeights({ seed, stream: 2 ** 52 + i, init: { kind: 'uniform', range: 1 }, count: shape[0] }))]))
  return { seed, coding, config, norms, tokenizer: 'bytes', matrices, dense, search: null, probe: null, layout: 'separate' }
}

const searched = {
  'searched-bits': content(small, { coding: 'bits' }),
  'searched-deflate': content(small, { coding: 'deflate' }),
  'searched-range': content(small, { coding: 'range' }),
  'searched-range-redrawn': content({ ...small, tiedHead: false }, { coding: 'range', redrawn: 5, norms: 'learned' }),
  'searched-llama': content(llama, { coding: 'range', redrawn: 3, norms: 'learned' }),
  'searched-bert': content(bert, { coding: 'bits', norms: 'learned' }),
  // 8 states a chunk
  'searched-range-wide': content({ ...small, layers: 1, width: 200, heads: 4, inner: 1400 }, { coding: 'range' }),
}
/** What tickets of version 4 hold beside masks: `coats` (fractions of the coat before), `inverted` (by the sign of the score, mostly), `scale`, every how many rows are used, and which row the other tokens share. */
function dressed(config, { coats = [], inverted = false, scale, rows = 1, sharedRow, mask, ...options }) {
  const plain = content(config, options)
  const matrices = plain.matrices.map((matrix, i) => {
    const [height, width] = matricesOf(config)[i].shape
    const count = height * width
    const [noise, other] = [new Uint32Array(count), new Uint32Array(count)]
    fillWords(plain.seed, 2 ** 50 + 100 + i, 0, noise)
    fillWords(plain.seed, matrix.scores, 0, other)
    const within = (outer, isIn) => packBits(Array.from(unpackBits(outer, count), (bit, j) => bit & Number(isIn(j))))
    const isSharing = sharedRow !== undefined && ['token-embedding', 'head'].includes(matricesOf(config)[i].role)
    const isListed = (row) => row % rows === 0 || (isSharing && row === sharedRow)
    const kept = i > 0 && !isSharing ? matrix.mask : within(matrix.mask, (j) => isListed(Math.floor(j / width)))
    let outer = kept
    const worn = coats.map((fraction) => (outer = within(outer, (j) => 0.5 * (magnitudeOf(other[j]) + noise[j] / 2 ** 32) > 1 - fraction)))
    const turned = within(kept, (j) => (noise[j] % 5 === 0 ? noise[j] >>> 31 : 1 - (other[j] >>> 31)))
    return { ...matrix, mask: kept, ...(worn.length && i % 2 === 0 && { coats: worn }), ...(inverted && { inverted: turned }), ...(scale && { scale: Math.fround(scale + i / 100) }), ...(isSharing && { rows: packBits(Array.from({ length: height }, (_, row) => Number(isListed(row)))) }) }
  })
  return { ...plain, matrices, layout: 'packed', ...(mask && { maskName: mask }), ...(sharedRow !== undefined && { sharedRow }) }
}
const magnitudeOf = (word) => Math.abs(2 * word - 2 ** 32) / 2 ** 32

const own = { init: kinds[2], coding: 'range' }
const packed = {
  'packed-range': [dressed(small, { coding: 'range', norms: 'learned' })],
  'packed-bits': [dressed(llama, { coding: 'bits', coats: [0.5, 0.4], inverted: true, scale: 0.5, rows: 4, norms: 'gains', redrawn: 3 })],
  'packed-deflate': [dressed(bert, { coding: 'deflate', coats: [0.5], inverted: true, rows: 4 })],
  'packed-coats': [dressed({ ...small, width: 48 }, { ...own, coats: [0.5, 0.4, 0.6] })],
  'packed-signed': [dressed(llama, { ...own, inverted: true, scale: 0.75 })],
  'packed-gains': [dressed({ ...bert, layers: 1 }, { coding: 'range', norms: 'gains', rows: 3, redrawn: 2 })],
  // 8 states a chunk
  'packed-wide': [dressed({ ...small, layers: 1, width: 200, heads: 4, inner: 1400, tiedHead: false }, { ...own, coats: [0.7], inverted: true, rows: 2 })],
  'packed-shared': [dressed({ ...llama, layers: 1 }, { ...own, coats: [0.5], inverted: true, scale: 0.75, rows: 4, sharedRow: 3, norms: 'gains', redrawn: 3 })],
  'packed-several': [
    dressed(small, { coding: 'range', mask: 'plays', coats: [0.5] }),
    dressed(small, { coding: 'range', mask: 'lists', inverted: true, rows: 4, norms: 'gains' }),
  ],
}
const golden = {}
const sha = (values) => createHash('sha256').update(values).digest('hex')
const isThere = (name) => existsSync(`${here}${name}.slt.safetensors`)
for (const [name, one] of Object.entries(searched)) {
  if (isThere(name)) continue
  const { bytes } = encodeSearchedTicket(one, nodeSha256, nodeDeflate)
  writeFileSync(`${here}${name}.slt.safetensors`, bytes)
}
for (const [name, contents] of Object.entries(packed)) {
  if (!isThere(name)) writeFileSync(`${here}${name}.slt.safetensors`, encodeMasks(contents, nodeSha256, nodeDeflate).bytes)
}
/** A pruned ticket, its masks in a coding. */
async function prunedTicket(name, coding, options) {
  if (isThere(name)) return
  const plain = `${here}${name}.plain`
  await pruneModel({ seed: 7, ...options, out: plain, force: true })
  await recodeTicket(plain, coding, `${here}${name}.slt.safetensors`, { force: true })
  rmSync(plain)
}
const sorter = await readModelFolder((name) => openFile(`${root}data/gpt-nano-sort/${name}`))
await prunedTicket('pruned-range', 'range', { target: sorter, items: 4, dense: 'embeddings' })
// Of other families: a norm's gain and shift fold, or are a diagonal and a shift; tables have blocks of 128 rows; keys are shared by heads.
const random = (config) => ({ config, weights: randomModelWeights(config, 7, generateWeights) })
const tinyLlama = { ...llama, layers: 1, width: 8, heads: 4, keyHeads: 2, headWidth: 4, inner: 6, vocabulary: 140, inputBias: true, tiedHead: true }
const tinyBert = { ...bert, layers: 1, width: 8, heads: 2, inner: 6, vocabulary: 140 }
await prunedTicket('pruned-llama-factored', 'range', { target: random(tinyLlama), items: 4, embeddingItems: 5, dense: 'none', attention: 'factored' })
await prunedTicket('pruned-llama-rotary', 'bits', { target: random({ ...tinyLlama, tiedHead: false }), items: 3, dense: 'none', attention: 'rotary' })
await prunedTicket('pruned-bert', 'deflate', { target: random(tinyBert), items: 4, dense: 'none', attention: 'merged' })
const byMatrix = { attention: 'factored', dense: 'none' }
const itemsOf = new Map(pairPlans(tinyLlama, byMatrix).map(({ name }, i) => [name, 3 + (i % 3)]))
await prunedTicket('pruned-llama-by-matrix', 'bits', { target: random(tinyLlama), items: itemsOf, ...byMatrix })

const pruned = ['pruned-llama-by-matrix', 'pruned-range', 'pruned-llama-factored', 'pruned-llama-rotary', 'pruned-bert']
for (const name of [...Object.keys(searched), ...pruned, ...Object.keys(packed)]) {
  const file = `${name}.slt.safetensors`
  const ticket = await openTicket(await openFile(here + file), nodeSha256)
  const weights = {}
  if (ticket.kind === 'searched') {
    for (const [matrix, values] of await materialiseSearched(ticket, generateWeights)) weights[matrix] = sha(values)
  } else {
    for (const [pair, spec] of ticket.pairs) {
      const { first, second } = materialisePair(spec, await ticket.readMasks(pair), ticket.seed, generateWeights)
      weights[pair] = `${sha(first)} ${sha(second)}`
    }
  }
  golden[file] = { sha256: ticket.sha256, coding: ticket.coding, weights }
}
writeFileSync(`${here}golden.json`, `${JSON.stringify(golden, null, 1)}\n`)

// Links of the tickets of other families than GPT-2, and of packed ones; test/vectors/compact has one of a GPT-2 of version 2.
const links = {}
for (const name of ['searched-llama', 'searched-bert', 'packed-range', 'packed-bits', 'packed-coats', 'packed-signed', 'packed-gains', 'packed-shared']) {
  const file = `${name}.slt.safetensors`
  const ticket = await openTicket(await openFile(here + file), nodeSha256)
  links[file] = ticketLink((await encodeCompact(ticket, nodeSha256)).bytes)
}
writeFileSync(`${here}links.json`, `${JSON.stringify(links, null, 1)}\n`)
