/** Rows of tokens that never occur in the training text: a search drops them whole, or has one row for all of them. */
import type { Tokens } from '../data/token-buffer.js'
import { familyOf, matricesOf } from '../families/family.js'
import { hasRowPerToken } from '../families/parameter.js'
import { packBits, type RowCopies } from '../mask/index.js'
import type { SearchSettings } from './settings.js'

/** The weights of a matrix that are in unused rows. */
export interface UnusedRows {
  /** First and last index of the weights, the last exclusive; ascending, not touching each other. */
  readonly ranges: readonly (readonly [from: number, to: number])[]
  /** Weights in the other rows, an integer >= 1. */
  readonly used: number
  /** Where the unused rows are copies of one row, that of the first unused token, which is not in `ranges`. Absent: they are dropped. */
  readonly copies?: RowCopies
}

/**
 * Unused rows of the matrices that have a row for each token (the token table and an untied head), by their names; none where the settings keep
 * them, or share them and fewer than two tokens are unused. An encoder's mask token is used.
 * @param train the tokens to learn from
 */
export function unusedRows(
  { config, unusedRows: choice }: Pick<SearchSettings, 'config' | 'unusedRows'>,
  train: Tokens,
): ReadonlyMap<string, UnusedRows> {
  if (choice === undefined) return new Map()
  const isOwn = new Uint8Array(config.vocabulary)
  for (let i = 0; i < train.length; i++) isOwn[train[i]] = 1
  if (familyOf(config).task === 'encoder') isOwn[config.vocabulary - 1] = 1
  const shared = choice === 'share' ? isOwn.indexOf(0) : -1
  if (shared >= 0) isOwn[shared] = 1
  if (choice === 'share' && !isOwn.includes(0)) return new Map()
  const tables = matricesOf(config).filter(({ role }) => hasRowPerToken(role))
  return new Map(
    tables.map(({ name, shape: [rows, columns] }) => [
      name,
      {
        ...rowsOf(isOwn, columns),
        ...(shared >= 0 ? { copies: { row: shared, own: packBits(isOwn), rows, columns } } : {}),
      },
    ]),
  )
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
