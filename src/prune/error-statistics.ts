/** Errors of many weights without keeping them: the maximum, and quantiles by a histogram of their leading bits. */

/** Exponent and 8 bits of mantissa of a float64 >= 0. */
export const ERROR_BINS = 1 << 19

/** How many errors lie in each bin of the histogram that has any, the lowest bin first; and the largest error. */
export interface ErrorCounts {
  /** 0 <= bin < 2^19, in rising order. */
  readonly bins: Uint32Array
  /** >= 1, one for each bin. */
  readonly counts: Uint32Array
  readonly max: number
}

/** Accumulates absolute errors. */
export interface ErrorStatistics {
  add(errors: Float64Array): void
  /** Adds errors that were counted elsewhere. */
  addCounts(counted: ErrorCounts): void
  /** What has been added, < 2^32 errors a bin. */
  counts(): ErrorCounts
  readonly count: number
  readonly max: number
  /** The median, to within 0.2 % (the middle of its histogram bin). 0 when nothing was added. */
  median(): number
}

export function createErrorStatistics(): ErrorStatistics {
  const bins = new Float64Array(ERROR_BINS)
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
    addCounts(counted) {
      counted.bins.forEach((bin, i) => {
        bins[bin] += counted.counts[i]
        count += counted.counts[i]
      })
      max = Math.max(max, counted.max)
    },
    counts() {
      const used: number[] = []
      for (let bin = 0; bin < ERROR_BINS; bin++) if (bins[bin] > 0) used.push(bin)
      return { bins: Uint32Array.from(used), counts: Uint32Array.from(used, (bin) => bins[bin]), max }
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
      while (bin < ERROR_BINS - 1 && left > bins[bin]) left -= bins[bin++]
      const middle = new Float64Array(1)
      if (bin > 0) new Uint32Array(middle.buffer)[1] = (bin << 12) | 0x800
      return middle[0]
    },
  }
}
