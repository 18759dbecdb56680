/** Colours of pictures of numbers, for both schemes; told apart without seeing red or green. */

type Rgb = readonly [number, number, number]

/**
 * `diverging` runs from blue by the paper's colour at 0 to orange, `sequential` from the paper's colour to blue. `mask` has four
 * colours for four states, evenly over the range: the paper's, those of the series 1 and 2 of style/colours.css, and grey.
 */
export type PaletteName = 'diverging' | 'sequential' | 'mask'

const blue: Record<'light' | 'dark', readonly Rgb[]> = {
  light: [hex('f7f7f5'), hex('bcd4ea'), hex('6ea3d2'), hex('2a6cb0'), hex('103a70')],
  dark: [hex('22272c'), hex('24476d'), hex('3572ad'), hex('6aa9e4'), hex('c2e0fb')],
}
const orange: Record<'light' | 'dark', readonly Rgb[]> = {
  light: [hex('f7f7f5'), hex('f6cfa8'), hex('e8995a'), hex('c25f17'), hex('7a3406')],
  dark: [hex('22272c'), hex('663c1c'), hex('a9611f'), hex('e8964a'), hex('fdd9b3')],
}

const states: Record<'light' | 'dark', readonly Rgb[]> = {
  light: [hex('f7f7f5'), hex('1f5aa8'), hex('b75300'), hex('868e97')],
  dark: [hex('22272c'), hex('7fb2f0'), hex('f0a05a'), hex('78828c')],
}

function hex(text: string): Rgb {
  const at = (i: number) => Number.parseInt(text.slice(i, i + 2), 16)
  return [at(0), at(2), at(4)]
}

/** 256 colours, RGBA, evenly over the range; what is no number gets none. */
export type Palette = Uint8ClampedArray

const made = new Map<string, Palette>()

/** The palette for a colour scheme; made once, and not to be changed. */
export function createPalette(name: PaletteName, scheme: 'light' | 'dark'): Palette {
  const key = `${name} ${scheme}`
  const known = made.get(key) ?? makePalette(name, scheme)
  made.set(key, known)
  return known
}

function makePalette(name: PaletteName, scheme: 'light' | 'dark'): Palette {
  const colours = new Uint8ClampedArray(4 * 256)
  for (let i = 0; i < 256; i++) {
    const t = i / 255
    const rgb = name === 'mask' ? states[scheme][Math.round(3 * t)] : colourAt(name, scheme, t)
    colours.set([...rgb, 255], 4 * i)
  }
  return colours
}

function colourAt(name: 'diverging' | 'sequential', scheme: 'light' | 'dark', t: number): Rgb {
  if (name === 'sequential') return along(blue[scheme], t)
  return t < 0.5 ? along(blue[scheme], 1 - 2 * t) : along(orange[scheme], 2 * t - 1)
}

function along(stops: readonly Rgb[], t: number): Rgb {
  const place = t * (stops.length - 1)
  const i = Math.min(stops.length - 2, Math.floor(place))
  const mix = (channel: 0 | 1 | 2) => stops[i][channel] + (place - i) * (stops[i + 1][channel] - stops[i][channel])
  return [mix(0), mix(1), mix(2)]
}

/** The range that a palette is spread over: symmetric about 0 for a diverging one, from 0 for a sequential one; never empty. */
export function paletteRange(name: PaletteName, values: ArrayLike<number>): readonly [number, number] {
  let most = 0
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size > most && size < Number.POSITIVE_INFINITY) most = size
  }
  if (most === 0) most = 1
  return name === 'diverging' ? [-most, most] : [0, most]
}

/**
 * Paints numbers, one pixel each.
 * @param pixels RGBA, four bytes a value
 * @param kept where given, values whose entry is 0 are painted faintly
 */
export function paint(
  pixels: Uint8ClampedArray,
  values: ArrayLike<number>,
  palette: Palette,
  [low, high]: readonly [number, number],
  kept?: ArrayLike<number>,
): void {
  const scale = 255 / (high - low)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const at = 4 * Math.round(Math.max(0, Math.min(255, (value - low) * scale)))
    pixels[4 * i] = palette[at]
    pixels[4 * i + 1] = palette[at + 1]
    pixels[4 * i + 2] = palette[at + 2]
    pixels[4 * i + 3] = Number.isNaN(value) ? 0 : kept && !kept[i] ? 26 : 255
  }
}
