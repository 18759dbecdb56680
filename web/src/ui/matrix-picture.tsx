import { useId, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { scheme } from '../theme.js'
import { formatNumber } from './axis.js'
import { createPalette, type PaletteName, paint, paletteRange } from './palette.js'

/** An entry of a matrix, from 0. */
export interface Cell {
  readonly row: number
  readonly column: number
}

export interface MatrixPictureProps {
  /** What the matrix is, such as `the merged product`. */
  readonly name: string
  readonly rows: number
  readonly columns: number
  /** Row-major, rows x columns. A new array is a new picture. */
  readonly values: ArrayLike<number>
  /** Row-major; entries that are 0 mark a value as dropped, which is painted faintly. */
  readonly kept?: ArrayLike<number> | undefined
  /** Default diverging. */
  readonly palette?: PaletteName
  /** Values of the palette's ends; default symmetric about 0 (or from 0), so that pictures side by side need it given. */
  readonly range?: readonly [number, number] | undefined
  readonly rowLabel?: string
  readonly columnLabel?: string
  readonly selected?: Cell | undefined
  /** Makes entries selectable, by click and by the arrow keys. */
  readonly onSelect?: ((cell: Cell) => void) | undefined
  /** Width over height of the frame; default that of the matrix, between 1/3 and 3. */
  readonly aspect?: number
  /** Whether the colours' scale is shown below. Default true. */
  readonly scale?: boolean
}

/** A matrix as a picture: one square an entry, its colour the value. */
export function MatrixPicture(props: MatrixPictureProps) {
  const { name, rows, columns, values, kept, palette = 'diverging', selected, onSelect } = props
  const { rowLabel = 'row', columnLabel = 'column', scale = true } = props
  const aspect = props.aspect ?? Math.max(1 / 3, Math.min(3, columns / rows))
  const id = useId()
  const shown = scheme.value
  const range = useMemo(() => props.range ?? paletteRange(palette, values), [props.range, palette, values])
  const draw = (context: CanvasRenderingContext2D, image: ImageData) => {
    paint(image.data, values, createPalette(palette, shown), range, kept)
    context.putImageData(image, 0, 0)
  }
  const describeCell = ({ row, column }: Cell) => {
    const state = kept ? (kept[row * columns + column] ? ', kept' : ', dropped') : ''
    return `${rowLabel} ${row + 1}, ${columnLabel} ${column + 1}: ${formatNumber(values[row * columns + column])}${state}`
  }
  const select = (row: number, column: number) => {
    const inside = (value: number, count: number) => Math.max(0, Math.min(count - 1, value))
    onSelect?.({ row: inside(row, rows), column: inside(column, columns) })
  }
  const picture = <Canvas width={columns} height={rows} draw={draw} inputs={[values, kept, palette, shown, range]} />
  const size = `${rows} by ${columns}`
  return (
    <div class="matrix">
      {onSelect ? (
        <div
          class="matrix-frame matrix-selectable"
          style={{ aspectRatio: aspect }}
          role="application"
          aria-roledescription="matrix"
          aria-label={`${name}, ${size}. Arrow keys choose an entry.`}
          aria-describedby={id}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys choose an entry
          tabIndex={0}
          onPointerDown={(event) => {
            const box = event.currentTarget.getBoundingClientRect()
            const at = (offset: number, length: number, count: number) => Math.floor((offset / length) * count)
            select(at(event.clientY - box.top, box.height, rows), at(event.clientX - box.left, box.width, columns))
          }}
          onKeyDown={(event) => {
            const step = steps[event.key]
            if (!step) return
            event.preventDefault()
            if (!selected) select(0, 0)
            else select(selected.row + step[0], selected.column + step[1])
          }}
        >
          {picture}
          {selected ? (
            <div
              class="matrix-cell"
              style={{
                left: `calc(${(100 * selected.column) / columns}% - 1px)`,
                top: `calc(${(100 * selected.row) / rows}% - 1px)`,
                width: `max(calc(${100 / columns}% + 2px), 7px)`,
                height: `max(calc(${100 / rows}% + 2px), 7px)`,
              }}
            />
          ) : null}
        </div>
      ) : (
        <div class="matrix-frame" style={{ aspectRatio: aspect }} role="img" aria-label={`${name}, ${size}.`}>
          {picture}
        </div>
      )}
      <div class="matrix-axes">
        <span>
          {rowLabel} ↓, {columnLabel} →
        </span>
        {scale ? <ColourScale palette={palette} range={range} /> : null}
      </div>
      {onSelect ? (
        <div class="readout" id={id} aria-live="polite">
          {selected ? describeCell(selected) : 'no entry chosen'}
        </div>
      ) : null}
    </div>
  )
}

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
}

/** The colours from the least to the largest value. */
export function ColourScale({
  palette,
  range,
}: {
  readonly palette: PaletteName
  readonly range: readonly [number, number]
}) {
  const shown = scheme.value
  const draw = (context: CanvasRenderingContext2D, image: ImageData) => {
    image.data.set(createPalette(palette, shown))
    context.putImageData(image, 0, 0)
  }
  return (
    <span class="colour-scale">
      <span>{formatNumber(range[0])}</span>
      <Canvas width={256} height={1} draw={draw} inputs={[palette, shown]} />
      <span>{formatNumber(range[1])}</span>
    </span>
  )
}

/** A canvas with one pixel a value, drawn anew when an input is another. */
function Canvas({
  width,
  height,
  draw,
  inputs,
}: {
  readonly width: number
  readonly height: number
  draw(context: CanvasRenderingContext2D, image: ImageData): void
  readonly inputs: readonly unknown[]
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context && width > 0 && height > 0) draw(context, context.createImageData(width, height))
  }, [width, height, ...inputs])
  return <canvas ref={canvas} width={width} height={height} />
}
