import { createScale, formatNumber } from '../../ui/axis.js'
import { useWidth } from '../../ui/width.js'

/** Height of all bars together in CSS pixels, the same for any number of items: nothing below moves. */
const ROOM = 340
const MOST_BAR = 28 // CSS pixels an item, gap included
const margins = { top: 10, right: 16, bottom: 38, left: 26 }

/** A subset sum as bars, the items after the first `upTo` still to come; the axis stays while one steps through. */
export function SumSteps({
  items,
  upTo,
  target,
}: {
  readonly items: readonly { readonly value: number; readonly kept: boolean }[]
  readonly upTo: number
  readonly target: number
}) {
  const [element, width] = useWidth<HTMLDivElement>()
  const w = Math.max(width.value, 200)
  let sum = 0
  const rows = items.map(({ value, kept }) => {
    const from = sum
    if (kept) sum += value
    return { from, to: from + value, kept, after: sum }
  })
  const label = 'running sum'
  const ends = rows.flatMap(({ from, to }) => [from, to])
  const scale = createScale({ label }, [0, target, ...ends], margins.left, w - margins.right, w < 420 ? 4 : 8)
  const bar = Math.min(MOST_BAR, ROOM / items.length)
  const bottom = margins.top + ROOM
  const y = (i: number) => margins.top + i * bar
  const reached = upTo === 0 ? 0 : rows[upTo - 1].after
  return (
    <div class="plot" ref={element}>
      <svg
        height={bottom + margins.bottom}
        viewBox={`0 0 ${w} ${bottom + margins.bottom}`}
        role="img"
        aria-label={`${items.filter(({ kept }) => kept).length} of ${items.length} items are kept; their sum is ${formatNumber(sum)}, the target ${formatNumber(target)}. After ${upTo} items the sum is ${formatNumber(reached)}.`}
      >
        {scale.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={scale.at(tick)} x2={scale.at(tick)} y1={margins.top} y2={bottom + 4} />
            <text x={scale.at(tick)} y={bottom + 18} text-anchor="middle">
              {formatNumber(tick)}
            </text>
          </g>
        ))}
        {rows.map(({ from, to, kept, after }, i) => (
          <g key={i} class={i < upTo ? undefined : 'prune-later'}>
            <text x={margins.left - 8} y={y(i) + bar / 2 + 4} text-anchor="end">
              {i + 1}
            </text>
            <rect
              class={kept ? 'bar-kept' : 'bar-dropped'}
              x={Math.min(scale.at(from), scale.at(to))}
              y={y(i) + 2}
              width={Math.max(1, Math.abs(scale.at(to) - scale.at(from)))}
              height={bar - 4}
            />
            {i + 1 < rows.length ? (
              <line class="prune-thread" x1={scale.at(after)} x2={scale.at(after)} y1={y(i) + 2} y2={y(i + 1) + 2} />
            ) : null}
          </g>
        ))}
        <line class="bar-target" x1={scale.at(target)} x2={scale.at(target)} y1={margins.top - 4} y2={bottom + 4} />
        <text class="label-strong" x={w / 2} y={bottom + margins.bottom - 2} text-anchor="middle">
          {label}
        </text>
      </svg>
    </div>
  )
}
