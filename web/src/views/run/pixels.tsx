import { useLayoutEffect, useRef } from 'preact/hooks'
import { scheme } from '../../theme.js'
import { createPalette, type PaletteName, paint } from '../../ui/palette.js'

/** Numbers as pixels, one each, without axes: for small pictures side by side. */
export function Pixels({
  rows,
  columns,
  values,
  palette,
  range,
}: {
  readonly rows: number
  readonly columns: number
  /** Row-major; a new array is a new picture. */
  readonly values: ArrayLike<number>
  readonly palette: PaletteName
  readonly range: readonly [number, number]
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const shown = scheme.value
  const [low, high] = range
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const image = context.createImageData(columns, rows)
    paint(image.data, values, createPalette(palette, shown), [low, high])
    context.putImageData(image, 0, 0)
  }, [rows, columns, values, palette, shown, low, high])
  return <canvas class="ticket-pixels" ref={canvas} width={columns} height={rows} />
}
