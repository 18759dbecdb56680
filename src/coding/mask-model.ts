/**
 * How likely each bit of a chunk is to be one, learnt while it is read; encoder and decoder do the same. Three things are
 * followed: the density under each context (what the seed says of the weight), of each column, and of the part of the line
 * that has been read. Odds multiply:
 *
 *   odds = q / (4096 - q) * ratio(column) * ratio(line),   ratio = (ones + prior) / (expected ones + prior)
 *
 * where q is the context's density in 4096ths. A line's ratio is a group behind, so that a decoder need not wait for it. Divisions and products are float32, rounded to nearest even; everything else is
 * integers, so that every machine gets the same probabilities. docs/ticket-format.md specifies it.
 */
import { CONTEXT_PRIOR, type MaskParameters, PROBABILITY_ONE, priors } from './parameters.js'

const { fround } = Math

/** The model of one chunk. */
export interface MaskModel {
  /** Begins a line: contexts learn from the lines before. */
  startLine(): void
  /**
   * Probabilities of the next bits to be one, 1 to 4095.
   * @param column first of them, a multiple of 8
   * @param contexts of the line's bits, uint8; below 2^contextBits
   * @param size how many, 1 to 8
   * @param probabilities receives them: [size]
   */
  predict(column: number, contexts: Uint8Array, size: number, probabilities: Uint16Array): void
  /**
   * Learns what they were: bit k of `bits` is the bit of `column + k`. Arguments as for `predict`.
   * @param coded which of the bits are coded; the model learns nothing of the others
   */
  learn(column: number, contexts: Uint8Array, size: number, bits: number, coded: number): void
}

/**
 * @param width bits of a line
 * @param start probability that contexts start from, 1 to 4095; see `startProbability`
 */
export function createMaskModel(width: number, start: number, parameters: MaskParameters): MaskModel {
  const columnPrior = priors[parameters.columnPrior]
  const linePrior = priors[parameters.linePrior]
  const contextCount = 1 << parameters.contextBits
  const seen = new Uint32Array(contextCount)
  const ones = new Uint32Array(contextCount)
  const density = new Uint16Array(contextCount) // q
  const odds = new Float32Array(contextCount)
  const columnOnes = new Uint32Array(width)
  const columnExpected = new Uint32Array(width)
  const columnRatio = new Float32Array(width).fill(1)
  let lineOnes = 0
  let lineExpected = 0
  let lineRatio = 1
  let nextLineRatio = 1

  return {
    startLine() {
      for (let c = 0; c < contextCount; c++) {
        const q = Math.floor((ones[c] * PROBABILITY_ONE + CONTEXT_PRIOR * start) / (seen[c] + CONTEXT_PRIOR))
        density[c] = clamp(q)
        odds[c] = density[c] / (PROBABILITY_ONE - density[c])
      }
      lineOnes = 0
      lineExpected = 0
      lineRatio = 1
      nextLineRatio = 1
    },
    predict(column, contexts, size, probabilities) {
      for (let k = 0; k < size; k++) {
        const o = fround(fround(odds[contexts[column + k]] * columnRatio[column + k]) * lineRatio)
        probabilities[k] = clamp(Math.trunc(fround(o / fround(1 + o)) * PROBABILITY_ONE))
      }
    },
    learn(column, contexts, size, bits, coded) {
      for (let k = 0; k < size; k++) {
        if (((coded >>> k) & 1) === 0) continue
        const bit = (bits >>> k) & 1
        const context = contexts[column + k]
        const expected = density[context]
        seen[context]++
        ones[context] += bit
        lineOnes += bit
        lineExpected += expected
        if (columnPrior === 0) continue
        columnOnes[column + k] += bit
        columnExpected[column + k] += expected
        columnRatio[column + k] = ratioOf(columnOnes[column + k], columnExpected[column + k], columnPrior)
      }
      lineRatio = nextLineRatio
      nextLineRatio = ratioOf(lineOnes, lineExpected, linePrior)
    },
  }
}

/** @param expected in 4096ths */
function ratioOf(ones: number, expected: number, prior: number): number {
  if (prior === 0) return 1
  return fround(fround((ones + prior) * PROBABILITY_ONE) / fround(expected + prior * PROBABILITY_ONE))
}

const clamp = (probability: number): number => Math.min(Math.max(probability, 1), PROBABILITY_ONE - 1)
