import { type Axis, formatNumber, type Scale } from './axis.js'
import type { Colour } from './figure.js'

/** Room around the data, in CSS pixels, for ticks and labels. */
export const margins = { top: 26, right: 14, bottom: 42, left: 56 }

/** A line at one value of an axis, or a shaded range of x, with its name. */
export type PlotMark =
  | { readonly at: number; readonly axis: 'x' | 'y'; readonly label: string }
  | {
      readonly from: number
      readonly to: number
      readonly label: string
      /** Named, but not shaded. */
      readonly plain?: boolean
    }

/** A series in pixels; `value` is the x that a point stands for. */
export interface Curve {
  readonly colour: Colour
  readonly kind: 'line' | 'points' | 'rings' | 'fit'
  readonly points: readonly {
    readonly value: number
    readonly px: number
    readonly py: number
    /** The ends of a bar; the point is drawn with it. */
    readonly bar?: readonly [number, number]
  }[]
}

/** Index of the value closest to `wanted` in a rising list, which has at least one. */
export function nearest(values: ArrayLike<number>, wanted: number): number {
  let [low, high] = [0, values.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (values[middle] < wanted) low = middle
    else high = middle
  }
  return Math.abs(values[high] - wanted) < Math.abs(values[low] - wanted) ? high : low
}

interface FrameProps {
  readonly x: Axis
  readonly y: Axis
  readonly scales: { readonly x: Scale; readonly y: Scale }
  readonly width: number
  readonly height: number
}

/** Axes, ticks and their labels. */
export function Frame({ x, y, scales, width, height }: FrameProps) {
  const { left } = margins
  const [right, bottom] = [width - margins.right, height - margins.bottom]
  return (
    <g>
      {scales.y.ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={left} x2={right} y1={scales.y.at(tick)} y2={scales.y.at(tick)} />
          <text x={left - 8} y={scales.y.at(tick) + 4} text-anchor="end">
            {(y.format ?? formatNumber)(tick)}
          </text>
        </g>
      ))}
      <line class="axis" x1={left} x2={right} y1={bottom} y2={bottom} />
      {scales.x.ticks.map((tick) => (
        <g key={tick}>
          <line class="axis" x1={scales.x.at(tick)} x2={scales.x.at(tick)} y1={bottom} y2={bottom + 4} />
          <text x={scales.x.at(tick)} y={bottom + 18} text-anchor="middle">
            {(x.format ?? formatNumber)(tick)}
          </text>
        </g>
      ))}
      <text class="label-strong" x={(left + right) / 2} y={height - 6} text-anchor="middle">
        {x.label}
      </text>
      <text class="label-strong" x={0} y={12}>
        {y.label}
      </text>
    </g>
  )
}

/** Lines and ranges with their names; after the data, so that no curve crosses a name. */
export function Marks({
  marks,
  scales,
  width,
  height,
}: Omit<FrameProps, 'x' | 'y'> & { readonly marks: readonly PlotMark[] }) {
  const [right, bottom] = [width - margins.right, height - margins.bottom]
  return (
    <g>
      {marks.map((mark) => (
        <Mark key={mark.label} {...{ mark, scales, right, bottom }} />
      ))}
    </g>
  )
}

function Mark({
  mark,
  scales,
  right,
  bottom,
}: {
  readonly mark: PlotMark
  readonly scales: FrameProps['scales']
  readonly right: number
  readonly bottom: number
}) {
  const { left, top } = margins
  const inside = (pixel: number) => Math.max(left, Math.min(right, pixel))
  if (!('at' in mark)) {
    const [from, to] = [inside(scales.x.at(mark.from)), inside(scales.x.at(mark.to))]
    if (!(to > from)) return null
    return (
      <g>
        {mark.plain ? null : <rect class="region" x={from} y={top} width={to - from} height={bottom - top} />}
        <text x={(from + to) / 2} y={top + 14} text-anchor="middle">
          {mark.label}
        </text>
      </g>
    )
  }
  const at = scales[mark.axis].at(mark.at)
  if (mark.axis === 'y') {
    if (!(at >= top && at <= bottom)) return null
    return (
      <g>
        <line class="reference" x1={left} x2={right} y1={at} y2={at} />
        <text x={right} y={at - 5} text-anchor="end">
          {mark.label}
        </text>
      </g>
    )
  }
  if (!(at >= left && at <= right)) return null
  const late = at > (left + right) / 2
  return (
    <g>
      <line class="reference" x1={at} x2={at} y1={top} y2={bottom} />
      <text x={late ? at - 5 : at + 5} y={bottom - 7} text-anchor={late ? 'end' : 'start'}>
        {mark.label}
      </text>
    </g>
  )
}

/** The data: lines, dashed fits, points; the points at `read` larger. */
export function Curves({ curves, read }: { readonly curves: readonly Curve[]; readonly read: number | undefined }) {
  return (
    <g>
      {curves.map(({ colour, kind, points }, i) => (
        <g key={i} class={`series series-${colour}${kind === 'fit' || kind === 'rings' ? ` series-${kind}` : ''}`}>
          {kind === 'points' || kind === 'rings' ? (
            points.map(({ px, py }, at) => <circle key={at} cx={px} cy={py} r={3.5} />)
          ) : (
            <path
              d={points.map(({ px, py }, at) => `${at === 0 ? 'M' : 'L'}${px.toFixed(2)} ${py.toFixed(2)}`).join('')}
            />
          )}
          {points.map(({ px, py, bar }, at) =>
            bar === undefined ? null : (
              <g key={`bar ${at}`}>
                <line x1={px} x2={px} y1={bar[0]} y2={bar[1]} />
                <circle cx={px} cy={py} r={3.5} />
              </g>
            ),
          )}
          {points
            .filter(({ value }) => value === read)
            .map(({ px, py }) => (
              <circle key={py} cx={px} cy={py} r={5} />
            ))}
        </g>
      ))}
    </g>
  )
}
