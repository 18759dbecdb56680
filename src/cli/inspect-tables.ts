import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import { bytesText } from '../inspect/bytes-text.js'
import {
  blockOf,
  type LineSpread,
  type MatrixReport,
  type MatrixTotal,
  outsideOf,
  type TicketReport,
  totalOf,
} from '../inspect/index.js'
import { MAX_EXACT_ITEMS } from '../subset-sum/index.js'
import { choiceOf, DEFAULT_MASK } from '../ticket/index.js'
import { joinParts, type MatrixParts, partsName } from './matrix-parts.js'
import { count, type Terminal, table } from './terminal.js'

/** Two decimals, or more where they would all be zero. */
const percent = (fraction: number): string => {
  const value = 100 * fraction
  return `${value > 0 && value < 0.01 ? value.toExponential(1) : value.toFixed(2)} %`
}

const bits = (value: number): string => value.toFixed(3)

/** What a ticket is: a row a fact. */
export function factsTable(report: TicketReport): string {
  const { config, search, construction, probe, generator } = report
  const facts: [string, string][] = [
    [
      'kind',
      `${[report.kind, report.family].filter(Boolean).join(', ')}, format version ${report.version}, masks as ${report.coding}`,
    ],
    ['seed', `${report.seed}, ${generator.name} version ${generator.version}`],
    ['sha256', report.sha256],
  ]
  if (config) {
    facts.push(['model', modelText(config)])
  }
  if (report.norms !== null) facts.push(['norms', report.norms])
  const worn = wornText(report.matrices)
  if (worn !== '') facts.push(['weights', worn])
  if (report.sharedRow) {
    const { token, tokens } = report.sharedRow
    facts.push(['rows', `${count(tokens)} of ${count(config!.vocabulary)} tokens share one, that of token ${token}`])
  }
  facts.push(['tokenizer', report.tokenizer ?? 'none'])
  if (construction) {
    const { items, embeddingItems, itemsPer, scale, method } = construction
    const { attention, dense } = choiceOf(construction)
    const kept = dense === 'none' ? 'nothing kept dense' : 'embeddings and norms kept dense'
    const way = config ? [`attention ${attention}`, kept] : []
    const tables = embeddingItems === undefined ? '' : `, ${embeddingItems} of embeddings`
    facts.push([
      'construction',
      [
        `${itemsPer === 'matrix' ? 'up to ' : ''}${items} products a weight${itemsPer === 'matrix' ? ', by matrix' : tables}${items > MAX_EXACT_ITEMS ? ', not proved optimal' : ''}`,
        method,
        `scale ${scale}`,
        ...way,
      ].join(', '),
    ])
  }
  if (search) {
    const { algorithm, keep, selection, initialisation, qkScale, steps, batch, length, validLoss, corpus } = search
    facts.push([
      'search',
      `${algorithm}, keep ${keep} ${selection}, ${initialisation} weights, QK scale ${Number(qkScale.toFixed(3))}`,
    ])
    facts.push([
      'learnt',
      `${count(steps)} steps of ${batch} x ${length} tokens (${corpus.tokenizer}) of ${corpus.name}${validLoss === null ? '' : `; ${validLoss.toFixed(4)} nats a token on its validation text`}`,
    ])
  }
  facts.push(['probe', probe ? `${probe.tokens.length} tokens, ${probe.logits.length} logits` : 'none'])
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n')
}

/** What kept weights have beside a mask and the seed's number; empty where that is nothing. */
function wornText(matrices: readonly MatrixReport[]): string {
  const coats = Math.max(...matrices.map((matrix) => matrix.coats.length)) + 1
  const coated = matrices.filter((matrix) => matrix.coats.length > 0)
  const inverted = matrices.reduce((sum, matrix) => sum + matrix.inverted, 0)
  const signed = matrices.filter((matrix) => matrix.inverted > 0).reduce((sum, { kept }) => sum + kept, 0)
  const scaled = matrices.filter(({ scale }) => scale !== 1)
  const few = (of: readonly MatrixReport[]) => (of.length === 1 ? of[0].name : `${count(of.length)} matrices`)
  return [
    coats > 1 ? `up to ${coats} coats in ${few(coated)}` : '',
    inverted > 0 ? `${percent(inverted / signed)} of ${count(signed)} signs inverted` : '',
    scaled.length > 0 ? `a scale of its own in ${few(scaled)}` : '',
  ]
    .filter((text) => text !== '')
    .join(', ')
}

/** Sizes that every model has, then what its family has beside them. */
export function modelText(config: BaseConfig): string {
  const { layers, width, heads, inner, positions, vocabulary } = config
  const sizes = ['layers', 'width', 'heads', 'inner', 'positions', 'vocabulary']
  const further = familyOf(config).fields.flatMap(({ name, kind }) => {
    const value = (config as unknown as Record<string, unknown>)[name]
    if (name === 'tiedHead') return [value ? 'tied head' : 'own head']
    if (kind === 'word') return [value]
    if (kind === 'boolean') return value ? [name] : []
    return kind === 'integer' && !sizes.includes(name) ? [`${name} ${value}`] : []
  })
  const base = `${layers} layers, width ${width}, ${heads} heads, inner ${inner}, ${positions} positions, ${count(vocabulary)} tokens`
  return [base, ...further].join(', ')
}

/** Least, median and greatest kept percent of the lines, and how much more they differ than chance has them. */
function spreadCells({ least, median, most, empty, dispersion }: LineSpread): string[] {
  const three = [least, median, most].map((value) => (100 * value).toFixed(0)).join(' ')
  return [three, dispersion === null ? '-' : dispersion.toFixed(2), empty === 0 ? '-' : count(empty)]
}

/** A row a matrix, the layers' sums between them, the sum of all at the end. */
export function matricesTable(terminal: Terminal, report: TicketReport): string {
  const { colour } = terminal
  const hasFurther = report.matrices.some(({ furtherBytes }) => furtherBytes > 0)
  const isPruned = report.matrices.some(({ pair }) => pair !== null)
  const further = (bytes: number) => (hasFurther ? [bytes === 0 ? '-' : count(bytes)] : [])
  const ofMatrix = (matrix: MatrixReport) => [
    matrix.name,
    `${matrix.rows} x ${matrix.columns}`,
    count(matrix.weights),
    percent(matrix.fraction),
    count(matrix.maskBytes),
    ...further(matrix.furtherBytes),
    bits(matrix.bitsPerWeight),
    bits(matrix.entropy),
    ...spreadCells(matrix.rowSpread),
    ...spreadCells(matrix.columnSpread),
  ]
  const totalCells = (name: string, total: MatrixTotal, own: readonly MatrixReport[]) => [
    name,
    '',
    count(total.weights),
    percent(total.fraction),
    count(own.reduce((sum, { maskBytes }) => sum + maskBytes, 0)),
    ...further(own.reduce((sum, { furtherBytes }) => sum + furtherBytes, 0)),
    bits(total.bitsPerWeight),
    bits(total.entropy),
    ...Array(6).fill(''),
  ]
  const ofTotal = (...total: Parameters<typeof totalCells>) =>
    totalCells(...total).map((cell) => (cell === '' ? '' : colour.bold(cell)))
  const ofParts = (matrix: MatrixParts<MatrixReport>) =>
    matrix.parts.length === 1
      ? ofMatrix(matrix.parts[0])
      : totalCells(partsName(matrix), totalOf(matrix.parts), matrix.parts)
  const { matrices, layers, total } = report
  const inLayer = (layer: number) => matrices.filter((matrix) => matrix.layer === layer)
  const { before, after } = outsideOf(matrices)
  const rows = [
    ...joinParts(before).map(ofParts),
    ...layers.flatMap((layer) => {
      const own = inLayer(layer.layer)
      return [...joinParts(own).map(ofParts), ofTotal(blockOf(own[0]?.name ?? `${layer.layer}`), layer, own)]
    }),
    ...joinParts(after).map(ofParts),
    ofTotal('all', total, matrices),
  ]
  const head = [
    '',
    isPruned ? 'units x out' : 'in x out',
    isPruned ? 'subset sums' : 'weights',
    'kept',
    'mask bytes',
    ...(hasFurther ? [isPruned ? 'unit bytes' : 'generations'] : []),
    isPruned ? 'bits/sum' : 'bits/weight',
    'entropy',
    isPruned ? 'units, kept %' : 'rows, kept %',
    'x chance',
    'empty',
    'columns, kept %',
    'x chance',
    'empty',
  ]
  return table(colour, head, rows)
}

/** What the words of the table mean. */
export function matricesLegend(report: TicketReport): string {
  const { parameters } = report.size
  const ofParameters =
    report.config === null ? '' : `all ${count(report.total.weights)} stand for ${count(parameters)} weights; `
  const stands = report.matrices.some(({ pair }) => pair !== null)
    ? `subset sums: entries of the matrix that a pair of random matrices is pruned to; ${ofParameters}units: hidden units of the pair; bits and entropy: of mask and units, over the subset sums`
    : 'bits/weight: as stored; entropy: what the mask would take at least if its ones lay at random, H(kept); a range code takes less where they do not'
  return `${stands}\nkept %: least, median and most of a line; x chance: the lines' variance over that of a random mask with as many ones (1: chance)`
}

/** The masks of a file, a row each; undefined where there is one that nobody named. */
export function masksTable(terminal: Terminal, { masks, mask }: TicketReport): string | undefined {
  if (masks.length === 0 || (masks.length === 1 && mask === DEFAULT_MASK)) return undefined
  const rows = masks.map(({ name, fraction, bytes, search }) => {
    const loss = search?.validLoss
    const row = [
      name,
      percent(fraction),
      count(bytes),
      search?.corpus.name ?? '-',
      loss == null ? '-' : loss.toFixed(4),
    ]
    return name === mask ? row.map((cell) => terminal.colour.bold(cell)) : row
  })
  return table(terminal.colour, ['masks on this network', 'kept', 'bytes', 'learnt', 'nats/token'], rows)
}

/** The file and its parts, and the same network without masks. */
export function sizesTable(terminal: Terminal, { size, compared, total }: TicketReport): string {
  const share = (bytes: number) => percent(bytes / size.bytes)
  const parts = [
    ['header', size.header],
    ['masks', size.masks],
    ...(size.further > 0 ? [['beside the masks', size.further] as const] : []),
    ...(size.dense > 0 ? [['kept dense', size.dense] as const] : []),
    ...(size.others > 0 ? [['other masks', size.others] as const] : []),
  ] as const
  const rows = [
    ...parts.map(([name, bytes]) => [name, count(bytes), share(bytes), '', '']),
    [size.others > 0 ? 'the file' : 'the ticket', count(size.bytes), '100.00 %', bits(size.bitsPerWeight), '1.00'].map(
      (cell) => terminal.colour.bold(cell),
    ),
    ...compared.map(({ name, bytes, bitsPerWeight, ratio }) => {
      return [`dense ${name}`, count(bytes), '', bits(bitsPerWeight), ratio.toFixed(2)]
    }),
  ]
  const drawn = table(terminal.colour, ['', 'bytes', 'of the file', 'bits/parameter', 'times the ticket'], rows)
  const note = `${count(size.parameters)} parameters (${count(total.maskBits)} masked random weights); dense sizes are of the weights alone; 8-bit and 4-bit in blocks of 32 (what is left over in a shorter one) with a float16 scale each, embeddings too`
  const one = size.others > 0 ? '; bits and ratios are of the file without its other masks' : ''
  return `${drawn}\n${note}${one}`
}

/** `0.94 bits a weight, 111 kB`: the verdict in a line. */
export function summaryLine({ size, compared, masks }: TicketReport): string {
  const four = compared.find(({ name }) => name === '4-bit')!
  const [full] = compared
  return `${bytesText(size.bytes)}${size.others > 0 ? ` of ${masks.length} masks` : ''}, ${size.bitsPerWeight.toFixed(2)} bits a parameter: ${timesText(full.ratio)} than dense float32, ${timesText(four.ratio)} than dense 4-bit`
}

const timesText = (ratio: number): string =>
  ratio >= 1 ? `${ratio.toFixed(1)} times smaller` : `${(1 / ratio).toFixed(1)} times larger`
