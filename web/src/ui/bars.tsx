import { createScale, formatNumber } from './axis.js'
import { useWidth } from './width.js'

/** One item of a sum. */
export interface Bar {
  readonly value: number
  readonly kept: boolean
}

const margins = { top: 8, right: 14, bottom: 34, left: 14 }

/**
 * A subset sum as bars, from top to bottom: every kept item begins where the one before it ended, so that the last one ends at the
 * sum, beside the target's line; dropped items are outlines from where they would have begun.
 */
export function SubsetSumBars({
  description,
  bars,
  target,
  label,
  barHeight = 11,
}: {
  /** What is shown, for those who do not see it; the numbers are added. */
  readonly description: string
  readonly bars: readonly Bar[]
  readonly target: number
  /** Of the axis. */
  readonly label: string
  /** CSS pixels an item, gap included. */
  readonly barHeight?: number
}) {
  const [element, width] = useWidth<HTMLDivElement>()
  const w = Math.max(width.value, 160)
  const rows = place(bars)
  const sum = bars.reduce((total, { value, kept }) => (kept ? total + value : total), 0)
  const ends = rows.flatMap(({ from, to }) => [from, to])
  const [left, right] = [margins.left, w - margins.right]
  const scale = createScale({ label }, [0, target, ...ends], left, right, w < 420 ? 4 : 8)
  const bottom = margins.top + bars.length * barHeight
  const count = bars.filter(({ kept }) => kept).length
  const name = `${description} ${count} of ${bars.length} items are kept; their sum is ${formatNumber(sum)}, the target ${formatNumber(target)}, the error ${formatNumber(Math.abs(sum - target))}.`
  return (
    <div class="plot" ref={element}>
      <svg
        height={bottom + margins.bottom}
        viewBox={`0 0 ${w} ${bottom + margins.bottom}`}
        role="img"
        aria-label={name}
      >
        {scale.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={scale.at(tick)} x2={scale.at(tick)} y1={margins.top} y2={bottom + 4} />
            <text x={scale.at(tick)} y={bottom + 17} text-anchor="middle">
              {formatNumber(tick)}
            </text>
          </g>
        ))}
        {rows.map(({ from, to, kept }, i) => (
          <rect
            key={i}
            class={kept ? 'bar-kept' : 'bar-dropped'}
            x={Math.min(scale.at(from), scale.at(to))}
            y={margins.top + i * barHeight + 1}
            width={Math.max(1, Math.abs(scale.at(to) - scale.at(from)))}
            height={barHeight - 3}
          />
        ))}
        <line class="bar-target" x1={scale.at(target)} x2={scale.at(target)} y1={margins.top - 4} y2={bottom + 4} />
        <text class="label-strong" x={w / 2} y={bottom + margins.bottom - 2} text-anchor="middle">
          {label}
        </text>
      </svg>
    </div>
  )
}

function place(bars: readonly Bar[]) {
  let reached = 0
  return bars.map(({ value, kept }) => {
    const from = reached
    if (kept) reached += value
    return { from, to: from + value, kept }
  })
}
