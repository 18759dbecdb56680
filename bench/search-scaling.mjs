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

/** Compares each size with the next one in width and in T. */
function judge(log, measured) {
  const find = (width, length) => measured.find((each) => each.width === width && each.length === length)
  const pairs = (values) => values.slice(1).map((value, i) => [values[i], value])
  const longer = WIDTHS.flatMap((width) => pairs(LENGTHS).map(([a, b]) => [find(width, a), find(width, b)]))
  const wider = LENGTHS.flatMap((length) => pairs(WIDTHS).map(([a, b]) => [find(a, length), find(b, length)]))
  const exponent = ([a, b], value, scale) => Math.log(value(b) / value(a)) / Math.log(scale(b) / scale(a))
  const seconds = (each) => each.seconds
  const exponents = {
    // a step has a fixed number of tokens, so attention's T^2 a window is T a step
    step: longer.map((pair) => 1 + exponent(pair, seconds, (each) => each.length)),
    expected: longer.map(
      (pair) =>
        1 +
        exponent(
          pair,
          (each) => each.flops,
          (each) => each.length,
        ),
    ),
    width: wider.map((pair) => exponent(pair, seconds, (each) => each.width)),
    ticket: wider.map((pair) =>
      exponent(
        pair,
        (each) => each.ticket,
        (each) => each.weights,
      ),
    ),
  }
  const range = (values) => `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
  const { step, expected, width, ticket } = exponents
  log(
    `time of a window as T^e, doubling T: e ${range(step)} (its matrix products alone ${range(expected)}; attention 2)`,
  )
  log(`time of a step as width^e, doubling the width: e ${range(width)} (a matrix has width^2 weights)`)
  log(`ticket work as weights^e: e ${range(ticket)}`)
  const limits = [
    ['T', step, 2],
    ['width', width, 2],
    ['weights, the ticket work', ticket, 1],
  ]
  const over = limits.filter(([, values, limit]) => Math.max(...values) > limit + TOLERANCE).map(([name]) => name)
  const verdict = over.length === 0 ? 'none is' : `NOT SO in ${over.join(', ')}`
  log(`goal: no step superlinear beyond attention's T^2 and the weights' width^2 (tolerance ${TOLERANCE}): ${verdict}`)
  return exponents
}
