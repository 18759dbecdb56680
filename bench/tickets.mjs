// What masks take under each coding, and how fast a ticket becomes weights.
//   npm run bench -- tickets
// The masks are those of examples/play, or of the tickets that SLT_TICKETS names (paths with commas between); docs/performance.md says
// which it shows. Weights are rebuilt by processes of their own from a ticket of the shape of `mini`.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeMask, encodeMask } from '../dist/coding/index.js'
import { loadKernels, nodeDeflate } from '../dist/engine/node.js'
import { gpt2Shapes } from '../dist/families/gpt2/config.js'
import { matricesOf } from '../dist/families/index.js'
import { openFile } from '../dist/files/files.js'
import { nodeSha256 } from '../dist/files/sha256.js'
import { createMaskDecoder } from '../dist/kernels/index.js'
import { packBits } from '../dist/mask/index.js'
import { fillWords, generateWeights, magnitudes } from '../dist/random/index.js'
import { scoreStream } from '../dist/search/streams.js'
import { encodeSearchedTicket, materialiseMatrix, openTicket, searchedContent } from '../dist/ticket/index.js'
import { inTemporaryFolder } from './cli.mjs'
import { figure, median, secondsOf, tableLines } from './measure.mjs'
import { startThreads } from './threads.mjs'

const loader = fileURLToPath(new URL('load-ticket.mjs', import.meta.url))
const play = fileURLToPath(new URL('../examples/play/play.slt.safetensors', import.meta.url))
const RUNS = 7

const codings = ['bits', 'deflate', 'range']
const entropy = (p) => (p === 0 || p === 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p))

export async function run(log) {
  return inTemporaryFolder(async (folder) => {
    const paths = process.env.SLT_TICKETS?.split(',') ?? [play]
    const sizes = []
    for (const path of paths) sizes.push(await codedSizes(path))
    const rows = sizes.map(({ name, weights, entropy: bits, ...each }) => {
      return [name, figure(weights), bits.toFixed(4), ...codings.map((coding) => each[coding].toFixed(4)), each.largest]
    })
    log('bits a weight, all bytes of the mask tensors counted')
    for (const line of tableLines([['', 'weights', 'H(keep)', ...codings, 'best matrix'], ...rows])) log(line)
    log()
    log('what the model of a mask may listen to, bits a weight')
    const pays = sizes.map(({ name, pays: each }) => [name, ...Object.values(each).map((bits) => bits.toFixed(4))])
    for (const line of tableLines([['', ...Object.keys(sizes[0].pays)], ...pays])) log(line)
    log()
    const loads = []
    for (const kind of ['normal', 'signed-constant']) loads.push(...(await loadMini(log, folder, kind)))
    return { sizes, loads }
  })
}

/** The masks of a ticket under every coding; each is decoded by both rungs before it counts. */
async function codedSizes(path) {
  const source = await openFile(path)
  const ticket = await openTicket(source, nodeSha256)
  const content = await searchedContent(ticket, scoreStream)
  const weights = [...ticket.matrices.values()].reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const ideal = [...ticket.matrices.values()].reduce((sum, { shape, kept }) => {
    const count = shape[0] * shape[1]
    return sum + count * entropy(kept / count)
  }, 0)
  const result = { name: path.split('/').at(-1), weights, entropy: ideal / weights }
  const decode = createMaskDecoder(await loadKernels())
  result.pays = await whatPays(ticket, content, weights)
  for (const coding of codings) {
    const { bytes } = encodeSearchedTicket({ ...content, coding }, nodeSha256, nodeDeflate)
    const coded = await openTicket(
      { name: coding, size: bytes.length, read: async (at, n) => bytes.subarray(at, at + n) },
      nodeSha256,
    )
    let stored = 0
    let least = [Number.POSITIVE_INFINITY, '']
    for (const [name, { scores, shape }] of coded.matrices) {
      const size = coded.storedBytes.get(`${name}.mask`)
      stored += size
      const each = (8 * size) / (shape[0] * shape[1])
      if (each < least[0]) least = [each, name]
      const expected = (await ticket.readMask(name)).mask
      const { mask } = await coded.readMask(name)
      const { bytes: raw, shape: known } = await coded.readStored(name)
      const fast = coding === 'range' ? decode(raw, known, { seed: coded.seed, stream: scores }) : mask
      if (Buffer.compare(mask, expected) || Buffer.compare(fast, expected)) throw new Error(`${coding} ${name} differs`)
    }
    result[coding] = (8 * stored) / weights
    if (coding === 'range') result.largest = `${least[1]} ${least[0].toFixed(3)}`
  }
  await source.close()
  return result
}

/** Sizes under models that listen to less. */
async function whatPays(ticket, content, weights) {
  const { bytes } = encodeSearchedTicket({ ...content, coding: 'range' }, nodeSha256)
  const coded = await openTicket(
    { name: 'x', size: bytes.length, read: async (at, n) => bytes.subarray(at, at + n) },
    nodeSha256,
  )
  const off = { contextBits: 0, columnPrior: 3, linePrior: 3, lanes: 1 }
  const models = {
    density: (mask, shape) => encodeMask(mask, shape, off),
    'columns, lines': (mask, shape) => encodeMask(mask, { ...shape, magnitudes: null }),
    scores: (mask, shape) => encodeMask(mask, shape, { ...off, contextBits: 4 }),
    all: (mask, shape) => encodeMask(mask, shape),
  }
  const totals = Object.fromEntries(Object.keys(models).map((name) => [name, 0]))
  for (const name of coded.matrices.keys()) {
    const { mask } = await ticket.readMask(name)
    const { shape } = await coded.readStored(name)
    for (const [model, encode] of Object.entries(models)) totals[model] += (8 * encode(mask, shape).length) / weights
  }
  return totals
}

/** A ticket of the shape of the paper's `mini`, 39 million weights, whose masks have the structure that searches leave. */
async function loadMini(log, folder, kind) {
  const config = { ...gpt2Shapes['gpt2-mini'] }
  const init = kind === 'normal' ? { kind, std: 0.02 } : { kind, magnitude: 0.02 }
  const seed = 5n
  const matrices = matricesOf(config).map(({ name, shape }, i) => {
    return { name, stream: i, init, scores: scoreStream(i), mask: structuredMask(seed, i, shape[0] * shape[1]) }
  })
  const content = {
    seed,
    config,
    norms: 'plain',
    tokenizer: 'gpt2',
    matrices,
    dense: new Map(),
    search: null,
    probe: null,
  }
  const results = []
  for (const coding of ['range', 'bits']) {
    const started = performance.now()
    const { bytes } = encodeSearchedTicket({ ...content, coding }, nodeSha256)
    const encodeSeconds = (performance.now() - started) / 1000
    const path = join(folder, `mini-${kind}-${coding}.slt.safetensors`)
    writeFileSync(path, bytes)
    const ticket = await openTicket(
      { name: path, size: bytes.length, read: async (at, n) => bytes.subarray(at, at + n) },
      nodeSha256,
    )
    await verifySome(ticket, content)
    const stored = [...ticket.storedBytes.values()].reduce((sum, size) => sum + size, 0)
    for (const threads of [1, 2]) {
      const rate = await sustainedRate(path, threads)
      log(
        `mini, ${kind}, ${coding}: ${threads} threads decode and make ${figure(rate / 1e6)} million weights/s, arrays used again`,
      )
      const runs = Array.from({ length: RUNS }, () =>
        JSON.parse(execFileSync(process.execPath, [loader, path, `${threads}`], { encoding: 'utf8' })),
      )
      const { weights } = runs[0]
      if (new Set(runs.map(({ sha256 }) => sha256)).size !== 1) throw new Error('runs differ')
      if (results[0] && kind === results[0].kind && runs[0].sha256 !== results[0].sha256)
        throw new Error('codings differ')
      const middle = (key) => median(runs.map((each) => each[key]))
      const rebuildMs = middle('rebuildMs')
      const result = {
        kind,
        coding,
        threads,
        weights,
        bitsPerWeight: (8 * stored) / weights,
        fileBytes: bytes.length,
        encodeSeconds,
        openMs: middle('openMs'),
        rebuildMs,
        loadMs: middle('loadMs'),
        weightsPerSecond: (1000 * weights) / rebuildMs,
        sustained: rate,
        peakBytes: middle('peakBytes'),
        peakOverDense: middle('peakBytes') / (4 * weights),
        sha256: runs[0].sha256,
      }
      results.push(result)
      log(
        `mini, ${kind}, ${coding} (${result.bitsPerWeight.toFixed(3)} bits a weight, ${figure(bytes.length / 1e6)} MB), ${threads} threads: load ${figure(result.loadMs)} ms, ` +
          `${figure(result.weightsPerSecond / 1e6)} million weights/s from the file to arrays in a new process, peak memory ${figure(result.peakBytes / 1e6)} MB = ${result.peakOverDense.toFixed(2)} x the dense weights`,
      )
    }
  }
  return results
}

/** Weights a second of threads that are running already and write over one array each: the kernels' own rate. */
async function sustainedRate(file, threads) {
  const team = startThreads(threads, 'rebuild-worker.mjs')
  try {
    await team.ask(Array.from({ length: threads }, () => ({ file })))
    let weights = 0
    const seconds = await secondsOf(RUNS, async () => {
      const answers = await team.ask(Array.from({ length: threads }, (_, part) => ({ part, of: threads })))
      weights = answers.reduce((sum, answer) => sum + answer.weights, 0)
    })
    return weights / median(seconds)
  } finally {
    await team.stop()
  }
}

/** Keep 0.3: the highest of first score and noise, mixed so that the code comes to about 0.8 bits a weight, as after a search. */
function structuredMask(seed, matrix, count) {
  const noise = new Uint32Array(count)
  fillWords(seed, 2 ** 50 + matrix, 0, noise)
  const first = magnitudes(seed, scoreStream(matrix), 0, count)
  const flags = new Uint8Array(count)
  for (let i = 0; i < count; i++) flags[i] = (0.28 * first[i]) / 128 + (0.72 * noise[i]) / 2 ** 32 > 0.645 ? 1 : 0
  return packBits(flags)
}

/** The rebuilt weights of a matrix are the reference's, and a coded mask is what was coded. */
async function verifySome(ticket, { seed, matrices }) {
  const { name, stream, init, mask } = matrices.find((matrix) => matrix.name === 'h.1.attn.q')
  const read = await ticket.readMask(name, decodeMask)
  if (Buffer.compare(read.mask, mask)) throw new Error('the mask differs')
  const { makeHere, rebuildSearched } = await import('../dist/engine/searched-weights.js')
  const { parameters } = await rebuildSearched(ticket, makeHere(await loadKernels()))
  const count = mask.length * 8
  const expected = materialiseMatrix({ count, stream, init, mask, generations: null }, seed, generateWeights)
  if (Buffer.compare(Buffer.from(parameters.get(name).buffer), Buffer.from(expected.buffer)))
    throw new Error('weights differ')
}
