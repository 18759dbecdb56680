import type { BaseConfig } from '../../src/families/config.js'
import { matricesOf } from '../../src/families/family.js'
import { hasRowPerToken } from '../../src/families/parameter.js'
import { packBits, unpackBits } from '../../src/mask/index.js'
import { fillWords } from '../../src/random/index.js'
import type { FoundMatrix, SearchedContent } from '../../src/ticket/index.js'
import { randomContent } from './searched-example.js'

/** What the matrices of {@link dressedContent} wear. */
export interface Wardrobe {
  /** Kept fractions of the coats from the second on, of the coat before. */
  readonly coats?: readonly number[]
  readonly inverted?: number
  /** Of the first matrix; that of matrix i is i thousandths larger. */
  readonly scale?: number
  /** Every so many rows of the first matrix are kept, the others dropped whole. */
  readonly rows?: number
  /**
   * Whether the rows that are dropped are copies of row 1 instead, in every matrix with a row for each token. Row 0 is no copy, and keeps nothing.
   */
  readonly shared?: boolean
}

/** A part of the ones of a mask, drawn from a stream. */
function drawn(mask: Uint8Array, count: number, fraction: number, stream: number): Uint8Array {
  const words = new Uint32Array(count)
  fillWords(9, stream, 0, words)
  return packBits(unpackBits(mask, count).map((bit, i) => bit & Number(words[i] < fraction * 2 ** 32)))
}

/** Content of the packed layout whose matrices wear something, all of it drawn. */
export function dressedContent<C extends BaseConfig>(
  config: C,
  { coats = [], inverted = 0, scale, rows = 1, shared = false }: Wardrobe,
  change: Parameters<typeof randomContent<C>>[1] = {},
): SearchedContent & { readonly config: C } {
  const content = randomContent(config, change)
  const specs = matricesOf(config)
  const shapes = specs.map(({ shape }) => shape)
  const matrices = content.matrices.map((matrix, i): FoundMatrix => {
    const count = shapes[i][0] * shapes[i][1]
    const isSharing = shared && hasRowPerToken(specs[i].role)
    const listed = Uint8Array.from({ length: shapes[i][0] }, (_, row) =>
      Number(row % rows === 0 || (isSharing && row === 1)),
    )
    const isUsed = (row: number) => (i > 0 && !isSharing) || (listed[row] === 1 && !(isSharing && row === 0))
    const mask = packBits(
      unpackBits(matrix.mask, count).map((bit, j) => bit & Number(isUsed(Math.floor(j / shapes[i][1])))),
    )
    let outer = mask
    const worn = coats.map((fraction, j) => {
      outer = drawn(outer, count, fraction, 10 + j)
      return outer
    })
    return {
      ...matrix,
      mask,
      scores: 2 ** 45 + i,
      ...(isSharing ? { rows: packBits(listed) } : {}),
      ...(coats.length > 0 ? { coats: worn } : {}),
      ...(inverted > 0 ? { inverted: drawn(mask, count, inverted, 30) } : {}),
      ...(scale === undefined ? {} : { scale: Math.fround(scale + i / 1000) }),
    }
  })
  return { ...content, ...(shared ? { sharedRow: 1 } : {}), matrices, layout: change.layout ?? 'packed' }
}
