import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { type Axis, createScale, formatNumber } from './axis.js'
import type { Colour } from './figure.js'
import { type Curve, Curves, Frame, Marks, margins, nearest, type PlotMark } from './plot-parts.js'
import { useWidth } from './width.js'

/** A series of a plot; its points go by rising x. */
export interface Series {
  readonly label: string
  readonly colour: Colour
  /** `rings` are points too, for series that have the colours of others. */
  readonly kind?: 'line' | 'points' | 'rings' | 'fit'
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** Where given, every point is drawn, with a bar so far up and down; 0 is no bar. In units of y. */
  readonly spread?: ArrayLike<number>
  /** Bars are cut at these values of y, both inclusive. */
  readonly bounds?: readonly [low: number, high: number]
  /** CSS pixels to the right, so that the bars of several series at one x do not hide each other. */
  readonly shift?: number
}

/**
 * Curves over two axes, as SVG at the width that there is. The pointer, or the arrow keys on the focused plot, read the values
 * off in the line below; the numbers can be opened as a table.
 */
export function LinePlot({
  description,
  x,
  y,
  series,
  marks = [],
  height = 260,
}: {
  /** What the plot shows, for those who do not see it. */
  readonly description: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** Vertical or horizontal lines, and shaded ranges of x. */
  readonly marks?: readonly PlotMark[]
  /** CSS pixels, without the read-out. */
  readonly height?: number
}) {
  const [element, width] = useWidth<HTMLDivElement>()
  const picked = useSignal<number | undefined>(undefined) // a value of x
  const w = width.value
  const { scales, curves, steps } = useMemo(() => layout(x, y, series, w, height), [x, y, series, w, height])
  const read = picked.value === undefined || steps.length === 0 ? undefined : steps[nearest(steps, picked.value)]
  const readout = read === undefined ? '' : describe(x, y, series, read)

  const move = (by: number) => {
    if (steps.length === 0) return
    const at = read === undefined ? (by > 0 ? -1 : steps.length) : steps.indexOf(read)
    picked.value = steps[Math.max(0, Math.min(steps.length - 1, at + by))]
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    <div
      class="plot"
      ref={element}
      role="group"
      aria-label={`${description} Arrow keys read values.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read values
      tabIndex={0}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key]
        if (by === undefined) return
        event.preventDefault()
        move(by)
      }}
      onBlur={() => {
        picked.value = undefined
      }}
    >
      <svg
        height={height}
        viewBox={`0 0 ${Math.max(w, 1)} ${height}`}
        aria-hidden="true"
        onPointerMove={(event) => {
          const pixel = event.clientX - event.currentTarget.getBoundingClientRect().left
          picked.value = steps.reduce<number | undefined>((best, value) => {
            if (best === undefined) return value
            return Math.abs(scales.x.at(value) - pixel) < Math.abs(scales.x.at(best) - pixel) ? value : best
          }, undefined)
        }}
        onPointerLeave={() => {
          picked.value = undefined
        }}
      >
        {w > 0 ? (
          <>
            <Frame {...{ x, y, scales, width: w, height }} />
            {read === undefined ? null : (
              <line
                class="axis"
                x1={scales.x.at(read)}
                x2={scales.x.at(read)}
                y1={margins.top}
                y2={height - margins.bottom}
              />
            )}
            <Curves curves={curves} read={read} />
            <Marks {...{ marks, scales, width: w, height }} />
          </>
        ) : null}
      </svg>
      <div class="readout" aria-live="polite">
        {readout}
      </div>
      <Numbers {...{ x, y, series, steps }} />
    </div>
  )
}

function layout(x: Axis, y: Axis, series: readonly Series[], width: number, height: number) {
  const scales = {
    x: createScale(
      x,
      series.flatMap((each) => Array.from(each.x)),
      margins.left,
      Math.max(width - margins.right, margins.left + 1),
      width < 420 ? 4 : 7,
    ),
    y: createScale(y, series.flatMap(reachOf), height - margins.bottom, margins.top, height < 200 ? 3 : 5),
  }
  const [low, high] = scales.x.domain
  const shown = (axis: Axis, value: number) => Number.isFinite(value) && (axis.scale !== 'log' || value > 0)
  const curves = series.map((each): Curve => {
    const { colour, kind = 'line', x: xs, y: ys, shift = 0 } = each
    const points = Array.from(xs, (value, i) => ({ value, y: ys[i], bar: barOf(each, i) }))
      .filter((point) => shown(x, point.value) && shown(y, point.y) && point.value >= low && point.value <= high)
      .map(({ value, y, bar }) => ({
        ...{ value, px: scales.x.at(value) + shift, py: scales.y.at(y) },
        // A bar that reaches 0 ends at the frame of a log axis.
        ...(bar && { bar: [scales.y.at(Math.max(bar[0], scales.y.domain[0])), scales.y.at(bar[1])] as const }),
      }))
    return { colour, kind, points }
  })
  const measured = curves.filter(({ kind }) => kind !== 'fit')
  const read = (measured.length > 0 ? measured : curves).flatMap(({ points }) => points.map(({ value }) => value))
  const steps = [...new Set(read)].sort((a, b) => a - b)
  return { scales, curves, steps }
}

/** Values of y that a series reaches, with its bars. */
const reachOf = (series: Series): number[] =>
  Array.from(series.y).flatMap((value, i) => [value, ...(barOf(series, i) ?? [])])

/** The ends of the bar of a point; undefined for a series that has none. */
function barOf({ y, spread, bounds: [low, high] = [-Infinity, Infinity] }: Series, i: number) {
  if (spread === undefined) return undefined
  return [Math.max(y[i] - spread[i], low), Math.min(y[i] + spread[i], high)] as const
}

/** `4.25 ± 0.35`. */
function valueText(axis: Axis, { y, spread }: Series, i: number): string {
  const format = axis.format ?? formatNumber
  return spread?.[i] ? `${format(y[i])} ± ${format(spread[i])}` : format(y[i])
}

function describe(x: Axis, y: Axis, series: readonly Series[], at: number): string {
  const values = series.flatMap((each) => {
    if (each.x.length === 0) return []
    const i = nearest(each.x, at)
    return each.x[i] === at ? [`${each.label} ${valueText(y, each, i)}`] : []
  })
  return [`${x.label} ${(x.format ?? formatNumber)(at)}`, ...values].join('  ·  ')
}

/** More rows than this say less than the plot. */
const MOST_ROWS = 200

function Numbers({
  x,
  y,
  series,
  steps,
}: {
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  readonly steps: readonly number[]
}) {
  const open = useSignal(false)
  const every = Math.ceil(steps.length / MOST_ROWS)
  const rows = open.value ? steps.filter((_, i) => i % every === 0 || i === steps.length - 1) : []
  return (
    <details
      class="numbers"
      onToggle={({ currentTarget }) => {
        open.value = currentTarget.open
      }}
    >
      <summary>Numbers</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <div tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{x.label}</th>
              {series.map(({ label }) => (
                <th scope="col" key={label}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((at) => (
              <tr key={at}>
                <td>{(x.format ?? formatNumber)(at)}</td>
                {series.map((each) => {
                  const i = each.x.length === 0 ? -1 : nearest(each.x, at)
                  return <td key={each.label}>{i >= 0 && each.x[i] === at ? valueText(y, each, i) : ''}</td>
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
