// What the search bench prints of one model: a row for each contestant, and the ratios between them.
import { figure, median, tableLines } from './measure.mjs'

/** Ours, a peer, and how many times the peer's tokens a second is the goal; some are told without one. */
const RATIOS = [
  ['ours, edge-popup', 'PyTorch, edge-popup', 2],
  ['ours, edge-popup', 'PyTorch, edge-popup by kthvalue'],
  ['ours, edge-popup', 'PyTorch, edge-popup bfloat16'],
  ['ours, edge-popup', 'PyTorch, edge-popup by kthvalue, bfloat16'],
  ['ours, edge-popup int8', 'ours, edge-popup', 1],
  ['ours, edge-popup int8', 'PyTorch, edge-popup by kthvalue, bfloat16', 1],
  ['ours, dense int8', 'ours, dense', 1],
  ['ours, dense int8', 'PyTorch, dense bfloat16'],
  ['ours, dense', 'PyTorch, dense', 1],
  ['ours, dense', 'PyTorch, dense bfloat16'],
]

/** Medians over all steps of all turns. */
export function summary(report, turns, { batch, length }) {
  const of = (name) => median(turns.flatMap((turn) => turn[name] ?? []))
  const seconds = of('seconds')
  const { flops, ...rest } = report
  const graphSeconds = of('graph')
  return {
    ...rest,
    seconds,
    turnSeconds: turns.map((turn) => median(turn.seconds)),
    tokensPerSecond: (batch * length) / seconds,
    ...(graphSeconds ? { graphSeconds, ticketSeconds: of('ticket') } : {}),
    ...(flops ? { flops, gflops: flops / seconds / 1e9 } : {}),
    ...(flops && graphSeconds ? { graphGflops: flops / graphSeconds / 1e9 } : {}),
  }
}

const isProducts = (name) => name.endsWith('products')

/** @param results by the names of the contestants */
export function logResults(log, results) {
  const head = [
    '',
    'tokens/s',
    'step ms',
    'graph ms',
    'ticket ms',
    'GFLOP/s',
    'of graph',
    'peak MB',
    'before the model',
  ]
  const rows = Object.entries(results).map(([name, each]) => [
    each.form ? `${name}, ${each.form}` : name,
    isProducts(name) ? '' : figure(each.tokensPerSecond),
    (each.seconds * 1e3).toFixed(0),
    each.graphSeconds ? (each.graphSeconds * 1e3).toFixed(0) : '',
    each.graphSeconds ? (each.ticketSeconds * 1e3).toFixed(1) : '',
    each.gflops ? each.gflops.toFixed(0) : '',
    each.graphGflops ? each.graphGflops.toFixed(0) : '',
    (each.peakBytes / 1e6).toFixed(0),
    (each.importBytes / 1e6).toFixed(0),
  ])
  for (const line of tableLines([head, ...rows])) log(line)
  for (const [name, { gemm, dtype }] of Object.entries(results)) {
    if (gemm) log(`${name}: its own product of a 1024 cube in ${dtype} runs at ${gemm.toFixed(0)} GFLOP/s`)
  }
}

/** Prints each ratio whose both sides were measured. @returns the results with these ratios, which are of tokens a second */
export function compareResults(log, results) {
  const ratios = {}
  for (const [ours, peer, goal] of RATIOS) {
    const [mine, theirs] = [results[ours], results[peer]]
    if (!mine || !theirs) continue
    const ratio = mine.tokensPerSecond / theirs.tokensPerSecond
    ratios[`${ours} / ${peer}`] = ratio
    const each = mine.turnSeconds.map((seconds, turn) => theirs.turnSeconds[turn] / seconds)
    const range = `turns ${Math.min(...each).toFixed(2)} to ${Math.max(...each).toFixed(2)}`
    const memory = `peak memory ${(mine.peakBytes / theirs.peakBytes).toFixed(2)} times`
    log(`(${ours}) / (${peer}): ${ratio.toFixed(2)} (${range})${goal ? `, goal at least ${goal}` : ''}; ${memory}`)
  }
  const ours = results['ours, edge-popup']
  const products = Object.entries(results).find(([name]) => isProducts(name))?.[1]
  if (!ours) return { results, ratios }
  const ticketShare = ours.ticketSeconds / ours.seconds
  log(`goal: ticket work at most 10 % of a step: ${percent(ticketShare)}`)
  if (!products) return { results, ratios, ticketShare }
  const gemmShares = { graph: ours.graphGflops / products.gflops, step: ours.gflops / products.gflops }
  const shares = `the graph alone ${percent(gemmShares.graph)}, the whole step ${percent(gemmShares.step)}`
  log(`goal: at least 70 % of ONNX Runtime's rate on a 1024 cube: ${shares}`)
  return { results, ratios, ticketShare, gemmShares }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`
