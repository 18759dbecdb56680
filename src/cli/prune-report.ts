import { bytesText } from '../inspect/bytes-text.js'
import type { PruneReport } from '../prune/prune.js'
import type { Quantiles } from '../prune/quantiles.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { joinParts, partsName } from './matrix-parts.js'
import { count, secondsText, short, type Terminal, table } from './terminal.js'

/** The table of the matrices and what follows from it. */
export function printReport(terminal: Terminal, report: PruneReport, out: string): void {
  const unproved = report.provedOptimal ? [] : ['not proved optimal']
  const ofMatrix = report.itemsPer === 'matrix'
  const head = [
    'matrix',
    'subset sums',
    ...(ofMatrix ? ['items'] : []),
    'unreachable',
    'largest error',
    'median error',
    'expected gap',
  ]
  if (!report.provedOptimal) head.push('solution')
  const matrices = joinParts(report.pairs)
  const rows = matrices.map((matrix) => {
    const sum = (of: (pair: Pair) => number) => count(matrix.parts.reduce((total, pair) => total + of(pair), 0))
    const most = (of: (pair: Pair) => number) => short(matrix.parts.reduce((max, pair) => Math.max(max, of(pair)), 0))
    return [
      partsName(matrix),
      sum(({ weights }) => weights),
      ...(ofMatrix ? [itemsOf(matrix.parts)] : []),
      sum(({ unreachable }) => unreachable),
      most(({ maxError }) => maxError),
      most(({ medianError }) => medianError),
      most(({ expectedGap }) => expectedGap),
      ...unproved,
    ]
  })
  const { bold } = terminal.colour
  terminal.print(table(terminal.colour, head, rows))
  if (matrices.length < report.pairs.length) {
    terminal.print(
      'of a matrix in parts: all subset sums; the largest error, median and gap of a part (--json has each)',
    )
  }
  terminal.print()
  const { parameters, denseParameters } = report
  const pruned = denseParameters === 0 ? '' : `${count(parameters - denseParameters)} of `
  terminal.print(
    `${pruned}${count(parameters)} weights as ${count(report.weights)} subset sums, ${count(report.unreachable)} out of reach; largest error ${short(report.maxWeightError)}, median ${short(report.medianWeightError)}`,
  )
  if (!report.provedOptimal) {
    terminal.print(
      `not proved optimal: with ${ofMatrix ? 'up to ' : ''}${report.items} products a weight, more than ${MAX_EXACT_ITEMS}, the solver stops near 2^-26 of the largest product; the expected gap is that of the best subset, which is not looked for`,
    )
  }
  for (const line of differenceLines(report)) terminal.print(line)
  if (report.resumed > 0) terminal.print(`${count(report.resumed)} matrices taken over from an interrupted run`)
  terminal.print(
    report.dense === 'none'
      ? 'kept dense: nothing; embeddings, norms and biases are pruned random weights too'
      : 'kept dense: embeddings, gains and shifts of norms',
  )
  terminal.print(
    `attention: ${report.attention}; ${short(report.bitsPerWeight)} bits of the file for each of the model's weights`,
  )
  terminal.print(
    `${secondsText(report.seconds)}, ${count(report.solvesPerSecond)} subset sums a second; ${bold(out)}, ${bytesText(report.ticketBytes)}`,
  )
  if (report.checks.some(({ passed }) => !passed)) terminal.print(terminal.colour.yellow(warningOf(report)))
}

type Pair = PruneReport['pairs'][number]

/** `12`, or of parts with different numbers `10 to 13`. */
function itemsOf(parts: readonly Pair[]): string {
  const all = parts.map(({ items }) => items)
  const [least, most] = [Math.min(...all), Math.max(...all)]
  return least === most ? String(least) : `${least} to ${most}`
}

/** What `slt verify --target` would find wrong, and what may help. */
function warningOf({ checks, itemsToTry, items, itemsPer }: PruneReport): string {
  const failed = checks.filter(({ passed }) => !passed)
  const found = failed.map(({ name, value, limit }) => {
    return `${name} ${short(value)}, ${name === 'greedy tokens' ? 'at least' : 'at most'} ${short(limit)} expected`
  })
  const more = `; it has ${items} items a weight: try --items ${itemsToTry}`
  const advice = itemsPer === 'matrix' ? '; try a smaller --target-kl' : itemsToTry === undefined ? '' : more
  return `warning: slt verify --target would fail: ${found.join('; ')}${advice}`
}

/** How far the ticket is from its target, in words. */
function differenceLines({ difference, maxLogitError }: PruneReport): string[] {
  const { predictions, embeddings, where } = difference
  const of = ({ median, p95, p999, max }: Quantiles) =>
    `median ${short(median)}, 95 % ${short(p95)}, 99.9 % ${short(p999)}, largest ${short(max)}`
  if (embeddings) {
    const { distance } = embeddings
    return [
      `largest difference of a hidden state from the target's, on random tokens: ${short(maxLogitError)}`,
      `1 - cosine of the embeddings to the target's: ${short(distance.mean)} over ${where}: ${of(distance)}`,
    ]
  }
  const { divergence, quantiles, sameGreedy } = predictions!
  return [
    `largest difference of the logits from the target's, on random tokens: ${short(maxLogitError)}`,
    `divergence from the target's predictions: ${short(divergence)} nats a token over ${where}: ${of(quantiles)}`,
    `the same likeliest token: ${(100 * sameGreedy).toFixed(2)} %`,
  ]
}
