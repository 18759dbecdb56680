/** What the model of a mask listens to. The encoder chooses; one byte says it. */
export interface MaskParameters {
  /** The context of a bit is the highest `contextBits` bits of its score's magnitude: 0 (no context) to 7. */
  readonly contextBits: number
  /** Index into {@link priors}: how strongly a column's density is held to the mask's. */
  readonly columnPrior: number
  /** The same for the part of a line that has been read. */
  readonly linePrior: number
  /** States of the coder: 8 (bit j of a line belongs to state j mod 8) or 1. */
  readonly lanes: 1 | 8
}

/** Expected ones that count as seen beforehand; 0: densities of columns (or lines) are not followed. */
export const priors = [4, 16, 64, 0] as const

/** Bits of a score's magnitude that a context may have. */
export const MAGNITUDE_BITS = 7

/** Bits of the probabilities: P stands for P / 4096. */
export const PROBABILITY_BITS = 12
export const PROBABILITY_ONE = 1 << PROBABILITY_BITS

/** Expected observations that a context starts with. */
export const CONTEXT_PRIOR = 8

/** The byte of some parameters. */
export function packParameters({ contextBits, columnPrior, linePrior, lanes }: MaskParameters): number {
  return contextBits | (columnPrior << 3) | (linePrior << 5) | (lanes === 8 ? 128 : 0)
}

/** The parameters of a byte; every byte is one. */
export function unpackParameters(byte: number): MaskParameters {
  return {
    contextBits: byte & 7,
    columnPrior: (byte >> 3) & 3,
    linePrior: (byte >> 5) & 3,
    lanes: byte & 128 ? 8 : 1,
  }
}

/**
 * The probability that a mask starts from: kept / count in 4096ths, rounded to nearest (halves up), 1 to 4095.
 * @param kept ones of the mask; count / 2 where they are not known
 */
export function startProbability(kept: number, count: number): number {
  const nearest = Math.floor((kept * PROBABILITY_ONE) / count + 0.5)
  return Math.min(Math.max(nearest, 1), PROBABILITY_ONE - 1)
}
