/**
 * Where the next threshold is expected: a window of keys (bits of |score|) around the last threshold, moved on by its last
 * step, as wide as recent surprises were large. It decides how fast a selection is, never what is selected.
 */
export interface ThresholdWindow {
  /** Keys from low to high, both inclusive; above every key while nothing is known. */
  bounds(): { low: number; high: number }
  /**
   * @param key the threshold as it came out
   * @param crowd scores in the window over all scores; 0 when no window was tried
   * @param overflowed whether they were more than could be listed
   */
  learn(key: number, crowd: number, overflowed: boolean): void
}

/** A window reaches this many times the last surprise, and shrinks by FORGET a step while less is needed. */
const MARGIN = 4
const FORGET = 0.9
/** Above this part of all scores the window shrinks faster: listing them costs more than a rare miss. */
const CROWD = 1 / 32
/** The surprise assumed at first, relative to the threshold. */
const FIRST = 1 / 64

const LARGEST = 2 ** 128 - 2 ** 104 // of float32
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function keyOf(value: number): number {
  float[0] = Math.min(Math.max(value, 0), LARGEST)
  return bits[0]
}

function numberOf(key: number): number {
  bits[0] = key
  return float[0]
}

export function createThresholdWindow(): ThresholdWindow {
  let last = Number.NaN
  let centre = Number.NaN
  let radius = 0
  return {
    bounds() {
      if (Number.isNaN(centre)) return { low: 0x7fffffff, high: 0x7fffffff }
      return { low: keyOf(centre - radius), high: keyOf(centre + radius) }
    },
    learn(key, crowd, overflowed) {
      const value = numberOf(key)
      if (value === Infinity) {
        last = Number.NaN
        centre = Number.NaN
        return
      }
      const surprise = Number.isNaN(centre) ? value * FIRST : Math.abs(value - centre)
      if (overflowed) radius /= 4
      else radius = Math.max(MARGIN * surprise, radius * (crowd > CROWD ? FORGET / 2 : FORGET))
      centre = Number.isNaN(last) ? value : value + (value - last)
      last = value
    },
  }
}
