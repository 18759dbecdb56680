/** Axes: from values to pixels, and where their ticks are. */

/** An axis of a plot. */
export interface Axis {
  readonly label: string
  /** Default linear. A log axis shows values > 0 alone. */
  readonly scale?: 'linear' | 'log'
  /** Default: what the data span; without data, an axis has no ticks. */
  readonly domain?: readonly [number, number] | undefined
  /** Of whole things, such as rows: a linear axis then has no ticks between integers. */
  readonly whole?: boolean
  /** Where the ticks are; default: where the scale sets them. Those outside of the domain are left out. */
  readonly ticks?: readonly number[] | undefined
  /** How a tick and a read-out value are written; default {@link formatNumber}. */
  format?(value: number): string
}

/** Maps values of a domain to pixels. */
export interface Scale {
  readonly domain: readonly [number, number]
  at(value: number): number
  readonly ticks: readonly number[]
}

/** Three significant digits, the shortest of plain and exponential; a real minus. */
export function formatNumber(value: number): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  const rounded = Number(value.toPrecision(3))
  const plain = size >= 1e-3 && size < 1e5 ? String(rounded) : rounded.toExponential().replace('e+', 'e')
  return plain.replaceAll('-', '\u2212')
}

/**
 * @param values what is to be shown, where the axis has no domain of its own
 * @param from pixel of the domain's beginning
 * @param to pixel of its end
 * @param ticks about how many
 */
export function createScale(axis: Axis, values: readonly number[], from: number, to: number, ticks: number): Scale {
  const scale =
    axis.scale === 'log' ? logScale(axis, values, from, to, ticks) : linearScale(axis, values, from, to, ticks)
  if (axis.ticks === undefined) return scale
  const [low, high] = scale.domain
  return { ...scale, ticks: axis.ticks.filter((tick) => tick >= low && tick <= high) }
}

function linearScale(axis: Axis, values: readonly number[], from: number, to: number, count: number): Scale {
  const finite = values.filter(Number.isFinite)
  let [low, high] = axis.domain ?? span(finite, [0, 1])
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5]
  const nice = niceStep((high - low) / count)
  const step = axis.whole ? Math.max(1, nice) : nice
  if (!axis.domain) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step]
  const ticks: number[] = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)))
  return {
    domain: [low, high],
    ticks: isKnown(axis, finite) ? ticks : [],
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
  }
}

function logScale(axis: Axis, values: readonly number[], from: number, to: number, count: number): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  const [least, most] = axis.domain ?? span(positive, [0.1, 1])
  let [low, high] = [Math.log10(least), Math.log10(most)]
  if (!axis.domain) [low, high] = [Math.floor(low + 1e-9), Math.ceil(high - 1e-9)]
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5]
  const every = Math.max(1, Math.round((high - low) / count))
  const ticks: number[] = []
  for (let i = Math.ceil(low - 1e-9); i <= high + 1e-9; i += every) ticks.push(10 ** i)
  return {
    domain: [10 ** low, 10 ** high],
    ticks: isKnown(axis, positive) ? ticks : [],
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
  }
}

/** Whether a tick says anything: without data and a domain, a scale is invented. */
const isKnown = (axis: Axis, values: readonly number[]) => axis.domain !== undefined || values.length > 0

function span(values: readonly number[], otherwise: readonly [number, number]): readonly [number, number] {
  if (values.length === 0) return otherwise
  let [low, high] = [values[0], values[0]]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** 1, 2 or 5 times a power of ten, at least the given step. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  return power * ([1, 2, 5].find((each) => each * power >= step * (1 - 1e-9)) ?? 10)
}
