/** A searched ticket's matrices cut into pieces that threads can make by themselves. */
import { chunkRange, decodeMask, splitChunks } from '../coding/index.js'
import { type ChunkJob, type MaskBits, PIECE_LIMIT, type PieceOnes, type WeightsPiece } from '../kernels/index.js'
import { packedBytes, rowBits, tailIsZero } from '../mask/index.js'
import type { SearchedMatrix, StoredMask, StoredPart } from '../ticket/index.js'

/** The masks of a piece. */
type PieceMasks = Pick<WeightsPiece, 'mask' | 'coats' | 'inverted'>

/**
 * The pieces of a matrix whose kept weights are all of generation 0.
 * @throws RangeError when the stored masks are unsound at first sight
 */
export async function weightsPieces(stored: StoredMask, seed: bigint): Promise<WeightsPiece[]> {
  const { stream, init, scale, shape } = stored.spec
  const own = { seed, stream, init, ...(scale === undefined ? {} : { scale }) }
  const count = shape[0] * shape[1]
  if (stored.coding === 'range') {
    return codedPieces(stored, seed).map(({ start, size, ...masks }) => ({ ...own, start, count: size, ...masks }))
  }
  const { mask, coats, inverted } = await stored.recall()
  if (!tailIsZero(mask, count)) throw new RangeError(`"${stored.spec.name}.mask" expected zero bits past its end`)
  const pieces: WeightsPiece[] = []
  for (let start = 0; start < count; start += PIECE_LIMIT) {
    const size = Math.min(PIECE_LIMIT, count - start)
    const cut = (bits: Uint8Array) => bits.subarray(start / 8, start / 8 + packedBytes(size))
    pieces.push({ ...own, start, count: size, ...masksOf(cut(mask), coats.map(cut), inverted && cut(inverted)) })
  }
  return pieces
}

const masksOf = (mask: MaskBits, coats: readonly MaskBits[], inverted: MaskBits | null | undefined): PieceMasks => ({
  mask,
  ...(coats.length > 0 ? { coats } : {}),
  ...(inverted ? { inverted } : {}),
})

/** The chunks of a range-coded matrix: of each where it starts, how many weights it has, and its masks. */
function codedPieces({ spec, parts }: StoredMask, seed: bigint): (PieceMasks & { start: number; size: number })[] {
  const columns = spec.shape[1]
  const part = (kind: StoredPart['kind']) => parts.find((one) => one.kind === kind)
  const listed = part('rows')
  const rows = listed && decodeMask(listed.bytes, listed.shape)
  const { geometry } = part('mask')!.shape
  const jobsOf = (one: StoredPart): ChunkJob[] => {
    const { shape, bytes } = one
    const { parameters, chunks } = splitChunks(bytes, shape)
    const scores = spec.scores === null || spec.scores === undefined ? null : { seed, stream: spec.scores }
    return chunks.map((chunk, index) => {
      const { start, count } = chunkRange(geometry, index)
      const within = one.kind === 'mask' && rows ? { within: rowBits(rows, columns, start, count) } : {}
      const signed = shape.magnitudeBits === 8
      return { geometry, index, parameters, start: shape.start, scores, bytes: chunk, signed, ...within }
    })
  }
  const mask = jobsOf(part('mask')!)
  const coats = parts.filter(({ kind }) => kind === 'coat').map(jobsOf)
  const signs = part('inverted')
  const inverted = signs && jobsOf(signs)
  return mask.map((job, index) => {
    const { start, count } = chunkRange(geometry, index)
    const worn = coats.map((jobs) => jobs[index])
    return { start, size: count, ...masksOf(job, worn, inverted?.[index]) }
  })
}

/** Throws RangeError unless the masks of a matrix have as many ones as its specification says. @param ones of all its pieces */
export function assertOnes({ name, kept, coats = [], inverted }: SearchedMatrix, ones: PieceOnes): void {
  const expected = [
    { part: 'mask', count: kept },
    ...coats.map((count, i) => ({ part: `coat.${i + 2}`, count })),
    ...(inverted === undefined ? [] : [{ part: 'inverted', count: inverted }]),
  ]
  for (const [i, { part, count }] of expected.entries()) {
    if (ones[i] !== count) throw new RangeError(`"${name}.${part}" expected ${count} kept weights, got ${ones[i]}`)
  }
}
