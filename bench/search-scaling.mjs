// How a step of edge-popup grows with the width and with the context, at the same number of tokens a step.
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { startContestant } from './contestant.mjs'
import { figure, median, tableLines } from './measure.mjs'

const WIDTHS = [128, 256, 512]
const LENGTHS = [128, 256, 512, 1024]
const TOKENS = 2048
const MODEL = { layers: 4, vocabulary: 2048, activation: 'relu', keep: 0.3 }
const HEAD_WIDTH = 64
/** Turns of every size, and steps in a turn after one that warms up: by turns, so that all see the same machine. */
const TURNS = 3
const STEPS = 3
/** What noise may add to an exponent before a line says so. */
const TOLERANCE = 0.15
const worker = fileURLToPath(new URL('search-worker.mjs', import.meta.url))

export async function run(log, { turns: turnCount = TURNS, tokens = TOKENS } = {}) {
  const threads = os.availableParallelism()
  const sizes = WIDTHS.flatMap((width) => LENGTHS.map((length) => ({ width, length, turns: [] })))
  for (let turn = 0; turn < turnCount; turn++) {
    for (const size of sizes) {
      const { width, length } = size
      const sized = { width, heads: width / HEAD_WIDTH, length, batch: tokens / length }
      // a process a turn: twelve networks at once would take their memory together
      const each = startContestant(process.execPath, [
        worker,
        JSON.stringify({ ...MODEL, ...sized, kind: 'edge-popup', threads }),
      ])
      try {
        await each.run(1)
        size.turns.push(await each.run(STEPS))
        size.report = await each.finish()
      } finally {
        each.kill()
      }
    }
  }
  const measured = sizes.map(({ width, length, turns, report }) => {
    const of = (name) => median(turns.flatMap((turn) => turn[name]))
    const { flops, weights, peakBytes } = report
    return {
      width,
      length,
      weights,
      flops,
      graph: of('graph'),
      ticket: of('ticket'),
      seconds: of('seconds'),
      peakBytes,
    }
  })
  log(`${MODEL.layers} layers, heads of ${HEAD_WIDTH}, vocabulary ${MODEL.vocabulary}, ${tokens} tokens a step`)
  const head = ['width', 'T', 'batch', 'weights', 'step ms', 'ticket ms', 'GFLOP/s', 'ns a kFLOP', 'peak MB']
  const rows = measured.map(({ width, length, weights, flops, graph, ticket, seconds, peakBytes }) => [
    width,
    length,
    tokens / length,
    figure(weights),
    (seconds * 1e3).toFixed(0),
    (ticket * 1e3).toFixed(2),
    (flops / graph / 1e9).toFixed(0),
    ((seconds * 1e12) / flops).toFixed(1),
    (peakBytes / 1e6).toFixed(0),
  ])
  for (const line of tableLines([head, ...rows])) log(line)
  return { tokens, measured, exponents: judge(log, measured) }
}

/** Compares each size with the next one in T and in width: its time may grow as its own matrix products do. */
function judge(log, measured) {
  const find = (width, length) => measured.find((each) => each.width === width && each.length === length)
  const pairs = (values) => values.slice(1).map((value, i) => [values[i], value])
  const longer = WIDTHS.flatMap((width) => pairs(LENGTHS).map(([a, b]) => [find(width, a), find(width, b)]))
  const wider = LENGTHS.flatMap((length) => pairs(WIDTHS).map(([a, b]) => [find(a, length), find(b, length)]))
  const growth = (pairs, value, scale) =>
    pairs.map(([a, b]) => Math.log(b[value] / a[value]) / Math.log(b[scale] / a[scale]))
  // a step has a fixed number of tokens, so a window takes a power of T more than a step
  const window = (exponents) => exponents.map((exponent) => exponent + 1)
  const exponents = {
    length: { time: window(growth(longer, 'seconds', 'length')), products: window(growth(longer, 'flops', 'length')) },
    width: { time: growth(wider, 'seconds', 'width'), products: growth(wider, 'flops', 'width') },
    ticket: { time: growth(wider, 'ticket', 'weights'), products: wider.map(() => 1) },
  }
  const lines = [
    ['time of a window as T^e, doubling T', 'its matrix products', exponents.length, longer],
    ['time of a step as width^e, doubling the width', 'its matrix products', exponents.width, wider],
    ['ticket work as weights^e, doubling the width', 'in proportion', exponents.ticket, wider],
  ]
  const range = (values) => `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
  const over = []
  for (const [what, held, { time, products }, compared] of lines) {
    const excess = time.map((exponent, i) => exponent - products[i])
    log(`${what}: e ${range(time)} (${held} ${range(products)}; above them ${range(excess)})`)
    for (const [i, [a, b]] of compared.entries()) {
      if (excess[i] <= TOLERANCE) continue
      const sizes = `width ${a.width} to ${b.width}, T ${a.length} to ${b.length}`
      over.push(`${what}: ${sizes}: e ${time[i].toFixed(2)} (${held} ${products[i].toFixed(2)})`)
    }
  }
  const verdict = over.length === 0 ? 'none does' : `NOT SO in ${over.length} of ${2 * wider.length + longer.length}`
  log(`goal: no time grows faster than its own matrix products and weights (tolerance ${TOLERANCE} of e): ${verdict}`)
  for (const line of over) log(`  ${line}`)
  return exponents
}
