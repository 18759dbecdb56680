/** `slt inspect` of two tickets: what their masks share. */
import { basename } from 'node:path'
import type { ComparedMatrix, ComparedTotal, ComparisonReport, SharedParts } from '../inspect/compare-tickets.js'
import { DEFAULT_MASK } from '../ticket/index.js'
import { interruptible } from './interrupt.js'
import { type MasksFlags, masksOf } from './mask-option.js'
import { createProgress } from './progress.js'
import { count, createTerminal, type Terminal, table } from './terminal.js'

/** Options of `slt inspect`. */
interface PairFlags extends MasksFlags {
  readonly plot?: string
  readonly force?: boolean
  readonly json?: boolean
  readonly memoryLimit?: number
}

/** Compares two tickets, prints sentences and two tables, and draws what they share where a plot is asked for. */
export async function inspectTwo(paths: readonly [string, string], flags: PairFlags): Promise<void> {
  const terminal = createTerminal(flags)
  const [{ compareFiles }, { writeTextAtomically }, { assertWritable, expectSvg }] = await Promise.all([
    import('../jobs/inspect.js'),
    import('../files/files.js'),
    import('../files/output-path.js'),
  ])
  const { plot, force, memoryLimit } = flags
  if (plot !== undefined) expectSvg(plot, 'plot')
  const replaces = plot === undefined ? undefined : await assertWritable(plot, { inputs: [...paths], force })
  const progress = createProgress('matrices')
  let report: ComparisonReport
  try {
    report = await interruptible((signal) =>
      compareFiles(paths, {
        masks: masksOf(flags.mask, 2),
        signal,
        memoryLimit,
        onProgress: (done, total, name) => progress.update(done, total, name),
      }),
    )
  } finally {
    progress.stop()
  }
  if (plot !== undefined) {
    const { overlapSvg } = await import('../inspect/overlap-svg.js')
    await writeTextAtomically(plot, overlapSvg(report, namesOf(paths, report.masks)), { replaces })
    terminal.note(`written: ${plot}`)
  }
  for (const sentence of sentencesOf(report)) terminal.print(sentence)
  terminal.print()
  for (const line of learntLines(report, paths)) terminal.print(line)
  if (report.matrices.length > 0) {
    terminal.print()
    terminal.print(tableOf(terminal, report))
    const legend = legendOf(report)
    if (legend !== undefined) terminal.print(legend)
  }
  terminal.result({ tickets: paths, ...report, plot: plot ?? null })
}

/** Names for a figure: those of the files, or their paths where the names are the same; of one file those of its masks. */
function namesOf(paths: readonly [string, string], masks: readonly [string, string]): [string, string] {
  const [a, b] = paths
  if (a === b) return [masks[0], masks[1]]
  return basename(a) === basename(b) ? [a, b] : [basename(a), basename(b)]
}

/** What the report says, in words: one fact a line. `a` and `b` are the tickets in the order that they were given in. */
export function sentencesOf(report: ComparisonReport): string[] {
  const { network, matrices, alone, total } = report
  const lines = [networkSentence(report)]
  const changed = matrices.filter(({ sharing }) => sharing === 'words')
  if (network === 'partly' || network === 'words') {
    const names = (own: readonly ComparedMatrix[]) => listed(own.map(({ name }) => name))
    const apart = matrices.filter(({ sharing }) => sharing === 'nothing')
    if (changed.length > 0) {
      lines.push(
        `Of the same random words, but distributed otherwise: ${names(changed)}. A weight that both keep has two values.`,
      )
    }
    if (apart.length > 0) lines.push(`Of other random words or another shape: ${names(apart)}.`)
  }
  for (const [i, names] of alone.entries()) {
    if (names.length > 0) lines.push(`Only ${'ab'[i]} has ${listed(names)}.`)
  }
  if (matrices.length === 0) return lines
  lines.push(`a keeps ${percent(total.fractions[0])} of its weights, b keeps ${percent(total.fractions[1])}.`)
  if (total.shared !== null) return [...lines, ...sharedSentences(total.shared)]
  const furthest = most(matrices, ({ fractions: [a, b] }) => Math.abs(a - b))
  const [a, b] = furthest.fractions.map(percent)
  const differ = `The densities differ most in ${furthest.name}: ${a} and ${b}.`
  return [...lines, a === b ? 'Every matrix is as dense in one as in the other.' : differ]
}

function networkSentence({ network, seeds, matrices, alone, total }: ComparisonReport): string {
  const [a, b] = seeds
  if (matrices.length === 0) return 'The two networks have no matrix of the same name: there is nothing to compare.'
  const all = `${count(matrices.length)} matrices of ${count(total.weights[0])} weights`
  switch (network) {
    case 'weights':
      return `Both are masks on the same random network: seed ${a}, ${all}.`
    case 'words':
      return `Both are masks on the same random words: seed ${a}, ${all}.`
    case 'partly': {
      const same = matrices.filter(({ sharing }) => sharing !== 'nothing').length
      const of = matrices.length + alone.flat().length
      return `Both have seed ${a}, but share ${count(same)} of ${count(of)} matrices; what follows on sharing is of these.`
    }
    case 'nothing':
      return a === b
        ? `Both have seed ${a}, but no matrix of one has the random words of the other: the masks are not of the same weights, and densities alone are compared.`
        : `The networks are not the same: a has seed ${a}, b has seed ${b}. The masks are not of the same weights, and densities alone are compared.`
  }
}

function sharedSentences({
  parts,
  overlap,
  chance,
  start,
  correlation,
  beyondStart,
  signs,
  coats,
}: SharedParts): string[] {
  if (overlap === null || chance === null || correlation === null)
    return ['One of the masks is empty, or keeps everything: they share nothing that chance would not give.']
  const lines = [
    `b keeps ${percent(parts[0])} of what a keeps; a keeps ${percent(parts[1])} of what b keeps.`,
    `Their overlap is ${number(overlap)} (kept by both over kept by either); chance gives ${number(chance)} at these densities. The correlation is ${number(correlation)}.`,
  ]
  if (start !== null && beyondStart !== null) {
    lines.push(
      `Both searches started from the same scores. Masks that know these alone have an overlap of ${number(start)}; the correlation beyond them is ${number(beyondStart)}.`,
    )
  }
  if (signs !== null) {
    lines.push(
      `Of the weights that both keep ${percent(signs.same)} have the same sign in both; chance gives ${percent(signs.chance)}.`,
    )
  }
  if (coats !== null) {
    lines.push(
      `Of the weights that both keep ${percent(coats.same)} have as many coats in both; chance gives ${percent(coats.chance)}.`,
    )
  }
  return lines
}

/** A row a matrix, then the roles that several matrices have, then all. */
function tableOf(terminal: Terminal, { matrices, roles, total }: ComparisonReport): string {
  const isShared = total.shared !== null
  const hasStart = typeof total.shared?.start === 'number'
  const cells = (name: string, size: string, own: Pick<ComparedTotal, 'fractions' | 'shared'>) => {
    const { fractions, shared } = own
    const show = (value: number | null | undefined) => (value === null || value === undefined ? '-' : number(value))
    return [
      name,
      size,
      percent(fractions[0]),
      percent(fractions[1]),
      ...(isShared
        ? [
            shared ? percent(shared.parts[0]) : '-',
            shared ? percent(shared.parts[1]) : '-',
            show(shared?.overlap),
            show(shared?.chance),
            ...(hasStart ? [show(shared?.start)] : []),
            show(shared?.correlation),
            ...(hasStart ? [show(shared?.beyondStart)] : []),
          ]
        : []),
    ]
  }
  const sums = roles.filter((role) => role.matrices > 1)
  const bold = (row: readonly string[]) => row.map((cell) => terminal.colour.bold(cell))
  const size = ([a, b]: ComparedMatrix['shapes']) =>
    a[0] === b[0] && a[1] === b[1] ? a.join(' x ') : `${a.join(' x ')}, ${b.join(' x ')}`
  const weights = ([a, b]: ComparedTotal['weights']) => (a === b ? count(a) : `${count(a)}, ${count(b)}`)
  const rows = [
    ...matrices.map((matrix) => cells(matrix.name, size(matrix.shapes), matrix)),
    ...sums.map((role) => bold(cells(`all ${role.role}`, weights(role.weights), role))),
    bold(cells('all', weights(total.weights), total)),
  ]
  const head = [
    '',
    'weights',
    'a keeps',
    'b keeps',
    ...(isShared
      ? [
          'of a in b',
          'of b in a',
          'overlap',
          'by chance',
          ...(hasStart ? ['by the start'] : []),
          'correlation',
          ...(hasStart ? ['beyond start'] : []),
        ]
      : []),
  ]
  return table(terminal.colour, head, rows)
}

/** What each ticket was searched for. */
const learntLines = ({ searches, masks }: ComparisonReport, paths: readonly string[]): string[] =>
  searches.map((search, i) => {
    const which = paths[0] === paths[1] || masks[i] !== DEFAULT_MASK ? `, mask ${masks[i]}` : ''
    const path = `${'ab'[i]}  ${paths[i]}${which}`
    if (search === null) return path
    const { algorithm, keep, corpus, validLoss } = search
    const loss = validLoss === null ? '' : `, ${validLoss.toFixed(4)} nats a token`
    return `${path}: ${algorithm}, keep ${keep}, learnt ${corpus.name}${loss}`
  })

/** What the words of the table mean. */
function legendOf({ total }: ComparisonReport): string | undefined {
  if (total.shared === null) return undefined
  const words = [
    'overlap: kept by both over kept by either',
    'by chance: of random masks that are as dense',
    'correlation: of the two bits of a weight, within its matrix; 0 is chance, 1 the same mask',
  ]
  if (total.shared.start !== null) {
    words.push(
      'by the start: of random masks that keep as many weights of each starting score',
      'beyond start: the correlation among weights that started alike (of 2,048 weights and more)',
    )
  }
  return words.join('\n')
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`
const number = (value: number): string => value.toFixed(3)
const most = <T>(values: readonly T[], of: (value: T) => number): T =>
  values.reduce((found, value) => (of(value) > of(found) ? value : found))

/** `a, b, c and 4 more`. */
const listed = (names: readonly string[]): string =>
  names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')
