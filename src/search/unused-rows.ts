/** Rows of tokens that never occur in the training text: a search that is told so drops them whole. */
import type { Tokens } from '../data/token-buffer.js'
import { familyOf, matricesOf } from '../families/family.js'
import type { SearchSettings } from './settings.js'

/** The weights of a matrix that are in unused rows. */
export interface UnusedRows {
  /** First and last index of the weights, the last exclusive; ascending, not touching each other. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
  /** Weights in the other rows, an integer >= 1. */
  readonly used: number
}

/**
 * Unused rows of the matrices that have a row for each token (the token table and an untied head), by their names; none unless the
 * settings drop them. An encoder's mask token is used.
 * @param train the tokens to learn from
 */
export function unusedRows(
  { config, unusedRows: choice }: Pick<SearchSettings, 'config' | 'unusedRows'>,
  train: Tokens,
): ReadonlyMap<string, UnusedRows> {
  if (choice === undefined) return new Map()
  const isUsed = new Uint8Array(config.vocabulary)
  for (let i = 0; i < train.length; i++) isUsed[train[i]] = 1
  if (familyOf(config).task === 'encoder') isUsed[config.vocabulary - 1] = 1
  const tables = matricesOf(config).filter(({ role }) => role === 'token-embedding' || role === 'head')
  return new Map(tables.map(({ name, shape }) => [name, rowsOf(isUsed, shape[1])]))
}

function rowsOf(isUsed: Uint8Array, width: number): UnusedRows {
  const ranges: (readonly [number, number])[] = []
  let used = 0
  for (let from = 0; from < isUsed.length; ) {
    let to = from
    while (to < isUsed.length && isUsed[to] === isUsed[from]) to++
    if (isUsed[from]) used += (to - from) * width
    else ranges.push([from * width, to * width])
    from = to
  }
  return { ranges, used }
}

/** Sets the values of unused rows to 0. @param rows undefined for a matrix whose rows are all used */
export function clearRows(values: Float32Array | Int8Array, rows: UnusedRows | undefined): void {
  for (const [from, to] of rows?.ranges ?? []) values.fill(0, from, to)
}
