/** A searched ticket's matrices cut into pieces that threads can make by themselves. */
import { chunkRange, splitChunks } from '../coding/index.js'
import { PIECE_LIMIT, type WeightsPiece } from '../kernels/index.js'
import { packedBytes, tailIsZero } from '../mask/index.js'
import { recallBytes } from '../ticket/coding.js'
import type { StoredMask } from '../ticket/index.js'

/**
 * The pieces of a matrix whose kept weights are all of generation 0.
 * @throws RangeError when the stored mask is unsound at first sight
 */
export async function weightsPieces(stored: StoredMask, seed: bigint): Promise<WeightsPiece[]> {
  const { spec, coding, bytes, shape } = stored
  const { stream, init } = spec
  const { geometry, start: startProbability } = shape
  const own = { seed, stream, init }
  if (coding === 'range') {
    const { parameters, chunks } = splitChunks(bytes, shape)
    const scores = spec.scores === null || spec.scores === undefined ? null : { seed, stream: spec.scores }
    return chunks.map((chunk, index) => {
      const { start, count } = chunkRange(geometry, index)
      return {
        ...own,
        start,
        count,
        mask: { geometry, index, parameters, start: startProbability, scores, bytes: chunk },
      }
    })
  }
  const mask = await recallBytes(bytes, coding, packedBytes(geometry.count))
  if (!tailIsZero(mask, geometry.count)) throw new RangeError(`"${spec.name}.mask" expected zero bits past its end`)
  const pieces: WeightsPiece[] = []
  for (let start = 0; start < geometry.count; start += PIECE_LIMIT) {
    const count = Math.min(PIECE_LIMIT, geometry.count - start)
    pieces.push({ ...own, start, count, mask: mask.subarray(start / 8, start / 8 + packedBytes(count)) })
  }
  return pieces
}
