/** Errors of many weights without keeping them: the maximum, and quantiles by a histogram of their leading bits. */

const BINS = 1 << 19 // exponent and 8 bits of mantissa of a float64 >= 0

/** Accumulates absolute errors. */
export interface ErrorStatistics {
  add(errors: Float64Array): void
  readonly count: number
  readonly max: number
  /** The median, to within 0.2 % (the middle of its histogram bin). 0 when nothing was added. */
  median(): number
}

export function createErrorStatistics(): ErrorStatistics {
  const bins = new Float64Array(BINS)
  let count = 0
  let max = 0
  return {
    add(errors) {
      const words = new Uint32Array(errors.buffer, errors.byteOffset, errors.length * 2)
      for (let i = 0; i < errors.length; i++) {
        bins[words[2 * i + 1] >>> 12]++
        if (errors[i] > max) max = errors[i]
      }
      count += errors.length
    },
    get count() {
      return count
    },
    get max() {
      return max
    },
    median() {
      let left = count / 2
      let bin = 0
      while (bin < BINS - 1 && left > bins[bin]) left -= bins[bin++]
      const middle = new Float64Array(1)
      if (bin > 0) new Uint32Array(middle.buffer)[1] = (bin << 12) | 0x800
      return middle[0]
    },
  }
}
