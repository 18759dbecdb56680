import { type MaskShape, maskGeometry, startProbability } from '../../src/coding/index.js'
import { countOnes, packBits } from '../../src/mask/index.js'
import { fillWords, magnitudes } from '../../src/random/index.js'

/** A mask, and what a coder knows of it. */
export interface Sample {
  readonly mask: Uint8Array
  readonly shape: MaskShape
  readonly scores: { readonly seed: bigint; readonly stream: number }
}

/**
 * Ones of some density, drawn from stream 1 of the seed.
 * @param structure 0: any weight may be kept; 1: those of the highest first scores are
 */
export function sample(rows: number, columns: number, density: number, structure: number, seed = 5n): Sample {
  const count = rows * columns
  const scores = { seed, stream: 2 ** 45 }
  const words = new Uint32Array(count)
  fillWords(seed, 1, 0, words)
  const first = magnitudes(seed, scores.stream, 0, count)
  const value = (i: number) => (structure * first[i]) / 128 + ((1 - structure) * words[i]) / 2 ** 32
  const values = Float64Array.from({ length: count }, (_, i) => value(i))
  const threshold = values.slice().sort()[Math.max(0, Math.ceil((1 - density) * count) - 1)]
  const mask = packBits(values.map((each) => Number(density === 1 || each > threshold)))
  const known = (start: number, size: number) => magnitudes(seed, scores.stream, start, size)
  const kept = countOnes(mask, count)
  return {
    mask,
    scores,
    shape: { geometry: maskGeometry(count, columns), start: startProbability(kept, count), magnitudes: known },
  }
}

/** Bits a weight of a coin with this chance of heads. */
export const entropy = (p: number): number => -p * Math.log2(p) - (1 - p) * Math.log2(1 - p)
