/**
 * Watches the masks of a search while it runs, for a learning rate that is far too small or far too large. Measured on tiny Shakespeare (`micro`, signed constants,
 * keep 0.3, 200 steps of 16 windows; losses are those of the last 20 steps):
 *
 * | learning rate | flips a step, steps 1-20 | steps 21-60 | loss | inputs and outputs of maps without a weight at the end |
 * |---|---|---|---|---|
 * | 1e-5 | 0.009 % of all weights | 0.009 % | 4.17 | none |
 * | 2e-3, the default | 0.6 % | 0.24 % | 2.54 | none |
 * | 3e-2 | 2.3 %, 6.7 % in one step | 0.6 % | 2.66 | not counted |
 * | 1 | 4.9 %, 30 % in one step | 0.5 % | 2.80 | 7 to 14 % of the hidden units of each feed-forward layer |
 *
 * AdamW moves every score by about the rate, so a rate above the scores' range throws the whole mask about at first; then scores have grown as large as the rate, flips
 * are few again, and what stays is lines of which nothing is kept.
 *
 * Matrices whose values are learned (`levels`, tables of few bits) have no mask, and nothing is said of them.
 */
import { matricesOf } from '../families/family.js'
import { isLinearMap, type MatrixParameter } from '../families/parameter.js'
import { getBit } from '../mask/index.js'
import { type MatrixMethod, matrixMethods, redrawnPart } from './matrix-methods.js'
import type { MetricsRow } from './metrics.js'
import type { SearchSettings } from './settings.js'

/** Steps whose flips are averaged. */
const WINDOW = 20

/**
 * Flips are told as a part of those of a mask that is drawn anew (`redrawnPart`: 2 k (1 - k) of the weights at a kept fraction k). Above MOST a step the mask
 * is drawn anew in a window; below LEAST a step, where all steps together come to less than one new mask, it stays nearly as it began.
 */
const MOST = 1 / WINDOW
const LEAST = 1e-3

/** Part of a matrix's rows or columns without a kept weight from which it has collapsed. */
const COLLAPSED = 0.05

/** The step of the first look at all masks; each further one is at twice the step, so that looking costs nothing in a long run. */
const FIRST_LOOK = 50

/** What is watched. */
export interface WatchedMasks {
  /** The mask of a matrix as packed bits. */
  mask(name: string): Uint8Array
}

/**
 * @returns takes the steps as they are done, each once and in their order; gives the lines that the user should read, each kind once
 */
export function watchMasks(settings: SearchSettings, masks: WatchedMasks): (row: MetricsRow) => string[] {
  const methods = matrixMethods(settings)
  const methodOf = ({ name }: MatrixParameter): MatrixMethod => methods.get(name)!
  const masked = matricesOf(settings.config).filter((matrix) => methodOf(matrix).kind !== 'levels')
  if (masked.length === 0) return () => []
  const weights = masked.reduce((sum, matrix) => sum + countOf(matrix), 0)
  const anew = masked.reduce((sum, matrix) => sum + redrawnPart(methodOf(matrix)) * countOf(matrix), 0)
  const change = masked.every((matrix) => ['mask', 'sampled'].includes(methodOf(matrix).kind))
    ? 'enter or leave them'
    : 'change their coats or sign'
  const maps = masked.filter(({ role }) => isLinearMap(role))
  const recent: number[] = []
  const said = new Set<string>()
  let nextLook = FIRST_LOOK
  const once = (kind: string, line: string | undefined): string[] => {
    if (line === undefined || said.has(kind)) return []
    said.add(kind)
    return [line]
  }
  return ({ step, flipped, learningRate }) => {
    if (flipped === undefined) return []
    recent.push(flipped)
    if (recent.length > WINDOW) recent.shift()
    const flips = recent.reduce((sum, each) => sum + each, 0) / recent.length
    const share = flips / anew
    const isWhole = recent.length === WINDOW
    const moving = `${percent((100 * flips) / weights)} of the weights ${change} a step`
    const lines: string[] = []
    if (isWhole && share > MOST) lines.push(...once('flap', flapping(step, moving, share, learningRate)))
    // While the rate is at its highest: what freezes later may be done.
    const isHighest = step >= settings.warmUp + WINDOW && learningRate > 0.9 * settings.learningRate
    if (isWhole && isHighest && share < LEAST && share * settings.steps < 1) {
      lines.push(...once('freeze', frozen(step, moving, share * settings.steps, settings)))
    }
    if (step >= nextLook && !said.has('collapse')) {
      nextLook = 2 * step
      lines.push(...once('collapse', collapsed(step, maps, masks, settings)))
    }
    return lines
  }
}

const countOf = ({ shape: [rows, columns] }: MatrixParameter): number => rows * columns

const percent = (share: number): string => `${Number(share.toPrecision(2))} %`

const flapping = (step: number, moving: string, share: number, lr: number): string =>
  `warning: by step ${step} masks flap: ${moving}, ${percent(100 * share)} of a new mask, where at most ${percent(100 * MOST)} is expected; try a smaller learning rate (--lr; it is ${rate(lr)})`

const frozen = (step: number, moving: string, masks: number, { steps, learningRate: lr }: SearchSettings): string =>
  `warning: by step ${step} masks hardly move: ${moving}, which makes ${masks.toPrecision(2)} new masks in all ${steps} steps, where more than 1 is expected; try a larger learning rate (--lr; it is ${rate(lr)}), or more steps`

/** Three digits, as the user may have typed them. */
const rate = (lr: number): string => String(Number(lr.toPrecision(3)))

/** The worst of the maps that have collapsed, in one line, and how many more have. */
function collapsed(
  step: number,
  maps: readonly MatrixParameter[],
  { mask }: WatchedMasks,
  { selection }: SearchSettings,
): string | undefined {
  const found = maps.map((map) => ({ map, ...emptyLines(map, mask(map.name)) }))
  const bad = found.filter(({ share }) => share > COLLAPSED).sort((a, b) => b.share - a.share)
  if (bad.length === 0) return undefined
  const [{ map, rows, columns }] = bad
  const more = bad.length - 1
  const others = more === 0 ? '' : ` (${more} more ${more === 1 ? 'matrix collapses' : 'matrices collapse'} too)`
  const advice =
    selection === 'global'
      ? '--selection per-layer, or a smaller learning rate (--lr)'
      : 'a smaller learning rate (--lr), or a larger kept part (--keep)'
  return `warning: by step ${step} ${map.name} collapses: ${rows} of its ${map.shape[0]} inputs and ${columns} of its ${map.shape[1]} outputs keep no weight, where all are expected to keep some${others}; try ${advice}`
}

/**
 * Rows (inputs) and columns (outputs) of a matrix of which nothing is kept.
 * @returns how many, and the larger of their parts beyond what chance gives to a mask that keeps as many: (1 - k)^n of the lines of n weights, and three deviations
 */
export function emptyLines(
  { shape: [inputs, outputs] }: Pick<MatrixParameter, 'shape'>,
  mask: Uint8Array,
): { readonly rows: number; readonly columns: number; readonly share: number } {
  const [row, column] = [new Uint8Array(inputs), new Uint8Array(outputs)]
  let kept = 0
  for (let i = 0; i < inputs * outputs; i++) {
    if (getBit(mask, i) === 0) continue
    kept++
    row[Math.floor(i / outputs)] = 1
    column[i % outputs] = 1
  }
  const dropped = 1 - kept / (inputs * outputs)
  const empty = (lines: Uint8Array) => lines.reduce((count, isThere) => count + 1 - isThere, 0)
  const beyond = (count: number, lines: number, length: number) => {
    const chance = dropped ** length
    return (count - lines * chance - 3 * Math.sqrt(lines * chance * (1 - chance))) / lines
  }
  const [rows, columns] = [empty(row), empty(column)]
  // Where nothing is kept at all, no line can have more than chance gives it.
  const share = kept === 0 ? 1 : Math.max(beyond(rows, inputs, outputs), beyond(columns, outputs, inputs))
  return { rows, columns, share }
}
