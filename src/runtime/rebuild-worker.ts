/** A worker thread that makes weights. */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { makeMaskedWeights, type WeightsPiece } from '../kernels/index.js'
import { loadKernels } from './node.js'
import type { MadeWeights } from './rebuild-ticket.js'

const kernels = await loadKernels()

/** The weights are handed over, not copied. */
export default (piece: WeightsPiece) => {
  const weights = new Float32Array(piece.count)
  const value: MadeWeights = { kept: makeMaskedWeights(kernels, piece, weights), weights }
  return move({ [transferableSymbol]: [weights.buffer], [valueSymbol]: value })
}
