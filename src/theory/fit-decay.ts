/** One exponential by least squares of y itself, without a solver. */

/** `y ~ factor exp(-rate x)`. */
export interface DecayFit {
  readonly rate: number
  readonly factor: number
}

/** Rates that are looked at first, over the range of x, and how often the best bracket is narrowed by the golden section. */
const GRID = 400
const NARROWINGS = 60
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Least squares of `y - a exp(-b x)`, what SciPy's curve_fit does and the paper's numbers mean: the largest y decide. For a given
 * rate the factor is known in closed form, so one variable is left; it is looked for between 1/1000 of an e-fold over all x and an e-fold over a tenth
 * of the smallest step between two x.
 *
 * @param x at least two different finite values
 * @param y as many finite values, not all 0
 * @throws RangeError for others
 */
export function fitDecay(x: ArrayLike<number>, y: ArrayLike<number>): DecayFit {
  if (x.length !== y.length) throw new RangeError(`"y" expected ${x.length} values, got ${y.length}`)
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i])) throw new RangeError(`"x[${i}]" expected a finite number, got ${x[i]}`)
    if (!Number.isFinite(y[i])) throw new RangeError(`"y[${i}]" expected a finite number, got ${y[i]}`)
  }
  const places = [...new Set(Array.from(x))].sort((a, b) => a - b)
  if (places.length < 2) throw new RangeError('"x" expected two different values at least')
  const origin = places[0] // so that no exponential overflows
  const step = Math.min(...places.slice(1).map((each, i) => each - places[i]))
  const sums = (rate: number) => {
    let [product, square] = [0, 0]
    for (let i = 0; i < x.length; i++) {
      const decay = Math.exp(-rate * (x[i] - origin))
      product += y[i] * decay
      square += decay * decay
    }
    return { product, square }
  }
  /** What the fit explains of the sum of squares. */
  const explained = (log: number) => {
    const { product, square } = sums(Math.exp(log))
    return product ** 2 / square
  }
  const low = Math.log(1e-3 / (places[places.length - 1] - origin))
  const high = Math.log(10 / step)
  const at = (i: number) => low + ((high - low) * i) / GRID
  let best = 0
  for (let i = 1; i <= GRID; i++) if (explained(at(i)) > explained(at(best))) best = i
  let [from, to] = [at(Math.max(0, best - 1)), at(Math.min(GRID, best + 1))]
  for (let i = 0; i < NARROWINGS; i++) {
    const [left, right] = [to - GOLDEN * (to - from), from + GOLDEN * (to - from)]
    if (explained(left) < explained(right)) from = left
    else to = right
  }
  const rate = Math.exp((from + to) / 2)
  const { product, square } = sums(rate)
  const factor = (product / square) * Math.exp(rate * origin)
  if (!Number.isFinite(factor) || factor === 0)
    throw new RangeError('"y" expected values that an exponential can follow')
  return { rate, factor }
}
