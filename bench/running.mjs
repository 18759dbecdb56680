// Tickets of signed constants run from two bits a weight, against float32.
//   npm run bench -- running
// Every logit is held against float32's before anything is timed. Each contestant is a process of its own; they generate by turns.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadKernels } from '../dist/engine/node.js'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { makeTernary, whyNotTernary } from '../dist/engine/ternary-ticket.js'
import { gpt2Shapes } from '../dist/families/gpt2/config.js'
import { createDenseModel, matricesOf } from '../dist/families/index.js'
import { createTernaryModel } from '../dist/families/ternary-model.js'
import { nodeSha256 } from '../dist/files/sha256.js'
import { openModelSource } from '../dist/jobs/model-source.js'
import { packBits } from '../dist/mask/index.js'
import { fillWords } from '../dist/random/index.js'
import { encodeSearchedTicket } from '../dist/ticket/index.js'
import { inTemporaryFolder } from './cli.mjs'
import { startContestant } from './contestant.mjs'
import { figure, median, tableLines } from './measure.mjs'

const worker = fileURLToPath(new URL('running-worker.mjs', import.meta.url))
const example = (name) => fileURLToPath(new URL(`../examples/${name}.slt.safetensors`, import.meta.url))
const bundled = ['play/play', 'sorter-qr/sorter', 'sorter-qr/ten-letters'].map(example)
const TURNS = 5
const TOKENS = 32
const LARGEST_DIFFERENCE = 1e-5

export async function run(log) {
  return inTemporaryFolder(async (folder) => {
    const mini = join(folder, 'mini.slt.safetensors')
    writeFileSync(mini, miniTicket())
    const differences = []
    for (const path of [...bundled, mini]) differences.push(await largestDifference(path))
    log('largest difference of a logit from float32, over the largest logit')
    const rows = differences.map(({ name, float32, int8 }) => [name, float32.toExponential(1), int8.toExponential(1)])
    for (const line of tableLines([['', '2-bit weights', '2-bit weights, 8-bit activations'], ...rows])) log(line)
    const generated = {}
    for (const path of [mini, bundled[0]]) generated[nameOf(path)] = await generate(log, path)
    return { differences, generated }
  })
}

const nameOf = (path) => path.split('/').at(-1).split('.')[0]

/** A ticket of the shape of the paper's `mini`, 39 million signed constants of which a made-up mask keeps about 0.3. */
function miniTicket() {
  const config = { ...gpt2Shapes['gpt2-mini'] }
  const matrices = matricesOf(config).map(({ name, shape }, i) => {
    const words = new Uint32Array(shape[0] * shape[1])
    fillWords(5n, 2 ** 50 + i, 0, words)
    const mask = packBits(words.map((word) => (word < 0.3 * 2 ** 32 ? 1 : 0)))
    const magnitude = name === 'wte' || name === 'wpe' ? 0.05 : 1 / Math.sqrt(0.3 * shape[0])
    return { name, stream: i, init: { kind: 'signed-constant', magnitude }, mask }
  })
  const about = { norms: 'plain', tokenizer: 'gpt2', search: null, probe: null, dense: new Map() }
  return encodeSearchedTicket({ seed: 5n, config, matrices, ...about }, nodeSha256).bytes
}

/** Holds every logit of a text against float32's. */
async function largestDifference(path) {
  const source = await openModelSource(path)
  try {
    const { config, ticket } = source
    const reason = whyNotTernary(ticket)
    if (reason !== undefined) throw new Error(reason)
    const length = Math.min(config.positions, 128)
    const tokens = Int32Array.from({ length }, (_, i) => (i * 7919 + 13) % config.vocabulary)
    const runner = createGraphRunner({ threads: 2 })
    const dense = createDenseModel(runner, config, await source.weights())
    const expected = await dense.logits(tokens, 1, length)
    await dense.release()
    const ternary = await makeTernary(ticket, await loadKernels())
    const result = { name: nameOf(path) }
    for (const activations of ['float32', 'int8']) {
      const model = createTernaryModel(runner, config, ternary, activations)
      const logits = await model.logits(tokens, 1, length)
      await model.release()
      let [most, largest] = [0, 0]
      for (const [i, logit] of logits.entries()) {
        most = Math.max(most, Math.abs(logit - expected[i]))
        largest = Math.max(largest, Math.abs(expected[i]))
      }
      result[activations] = most / largest
    }
    if (!(result.float32 <= LARGEST_DIFFERENCE)) throw new Error(`${path}: logits differ by ${result.float32}`)
    return result
  } finally {
    await source.close()
  }
}

/** Tokens a second in one stream, and memory beyond ONNX Runtime's own. */
async function generate(log, path) {
  const kinds = [
    ['float32', 'float32'],
    ['2bit', 'float32'],
    ['2bit', 'int8'],
  ]
  const contestants = kinds.map((kind) => startContestant(process.execPath, ['--expose-gc', worker, path, ...kind]))
  try {
    const seconds = kinds.map(() => [])
    const texts = kinds.map(() => '')
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [i, contestant] of contestants.entries()) {
        const answer = await contestant.run(TOKENS)
        seconds[i].push(...answer.seconds)
        texts[i] = answer.tokens.join(' ')
      }
    }
    if (texts[0] !== texts[1]) throw new Error(`${path}: greedy texts differ`)
    const reports = []
    for (const contestant of contestants) reports.push(await contestant.finish())
    const rates = seconds.map((each) => 1 / median(each))
    const results = kinds.map(([weights, activations], i) => {
      return { weights, activations, tokensPerSecond: rates[i], ratio: rates[i] / rates[0], ...reports[i] }
    })
    log()
    log(`${nameOf(path)}: one stream, medians of ${TURNS} x ${TOKENS} tokens by turns`)
    const rows = results.map(({ weights, activations, tokensPerSecond, ratio, beyondBytes, peakBytes }) => [
      `${weights} weights, ${activations} activations`,
      figure(tokensPerSecond),
      ratio.toFixed(2),
      (beyondBytes / 1e6).toFixed(1),
      (peakBytes / 1e6).toFixed(1),
    ])
    const head = ['', 'tokens/s', 'times float32', 'MB beyond the runtime', 'peak MB of the process']
    for (const line of tableLines([head, ...rows])) log(line)
    return results
  } finally {
    for (const contestant of contestants) contestant.kill()
  }
}
