import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')

/** An image: gray, 0 is black, [height, width]. */
export interface Picture {
  readonly size: number
  readonly gray: Uint8Array
}

/** Pixels of a module. */
const SCALE = 4

/** Draws modules, with four white ones around them. */
export function rasterise(modules: number, isBlack: (x: number, y: number) => boolean): Picture {
  const size = (modules + 8) * SCALE
  const gray = new Uint8Array(size * size).fill(255)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (isBlack(Math.floor(x / SCALE) - 4, Math.floor(y / SCALE) - 4)) gray[y * size + x] = 0
    }
  }
  return { size, gray }
}

/**
 * The modules of an SVG file as `ticketQr` writes it: one path of closed polygons on whole numbers, filled where a ray
 * crosses their edges an odd number of times.
 */
export function modulesOfSvg(svg: string): { modules: number; isBlack(x: number, y: number): boolean } {
  const [, x0, , width] = /viewBox="(-?\d+) (-?\d+) (\d+) \d+"/.exec(svg)!.map(Number)
  const modules = width + 2 * x0
  const paths = [...svg.matchAll(/<path[^>]* d="([^"]*)"/g)].map(([, d]) => d)
  const own = paths.reduce((longest, d) => (d.length > longest.length ? d : longest), '')
  const edges = new Set<string>()
  for (const polygon of own.split('Z').filter((text) => text !== '')) {
    const points = polygon
      .slice(1)
      .split('L')
      .map((point) => point.trim().split(/[ ,]/).map(Number))
    for (const [i, [x, y]] of points.entries()) {
      const [nextX, nextY] = points[(i + 1) % points.length]
      if (nextX !== x) continue
      for (let at = Math.min(y, nextY); at < Math.max(y, nextY); at++) edges.add(`${x} ${at}`)
    }
  }
  const isBlack = (x: number, y: number) => {
    let crossings = 0
    for (let left = 0; left <= x; left++) if (edges.has(`${left} ${y}`)) crossings++
    return crossings % 2 === 1
  }
  return { modules, isBlack }
}

/** The text of the QR code in a picture, by ZXing-C++; undefined when it finds none. */
export async function readQr({ size, gray }: Picture): Promise<string | undefined> {
  await prepareZXingModule({
    overrides: { wasmBinary: readFileSync(wasm).buffer as ArrayBuffer },
    fireImmediately: true,
  })
  const data = new Uint8ClampedArray(4 * gray.length)
  for (const [i, value] of gray.entries()) data.set([value, value, value, 255], 4 * i)
  const [found] = await readBarcodes({ data, width: size, height: size, colorSpace: 'srgb' } as ImageData, {
    formats: ['QRCode'],
  })
  return found?.text
}
