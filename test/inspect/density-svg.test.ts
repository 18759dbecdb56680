import { expect, test } from 'vitest'
import { densitySvg, inspectTicket, type MaskPicture } from '../../src/inspect/index.js'
import { packBits } from '../../src/mask/index.js'
import { exampleTicket, open } from '../ticket/example.js'
import { encode, openSearched, randomContent, runnableConfig, smallConfig } from '../ticket/searched-example.js'

const headings = {
  title: 'What <this> keeps',
  subtitle: 'seed 7 & more',
  caption: 'Kept fractions. '.repeat(12).trim(),
}

async function picturesOf(ticket: Parameters<typeof inspectTicket>[0]): Promise<MaskPicture[]> {
  const pictures: MaskPicture[] = []
  await inspectTicket(ticket, { onPicture: (picture) => pictures.push(picture) })
  return pictures
}

test('a small figure is the committed SVG', async () => {
  const content = randomContent({ ...smallConfig, width: 16, inner: 32, positions: 8, vocabulary: 24 })
  // One matrix has structure: its right half is empty.
  const matrices = content.matrices.map((matrix) =>
    matrix.name === 'h.0.attn.q'
      ? { ...matrix, mask: packBits(Array.from({ length: 256 }, (_, i) => Number(i % 16 < 8))) }
      : matrix,
  )
  const pictures = await picturesOf(await openSearched(encode({ ...content, matrices })))
  await expect(densitySvg(pictures, headings)).toMatchFileSnapshot('../vectors/figures/small-densities.svg')
})

test('a full half has the last colour of the scale, an empty half the first', async () => {
  const content = randomContent(runnableConfig)
  const matrices = content.matrices.map((matrix) => {
    const count = matrix.mask.length * 8
    const columns = matrix.name.endsWith('c_fc') ? 64 : 16
    return { ...matrix, mask: packBits(Array.from({ length: count }, (_, i) => Number(i % columns < columns / 2))) }
  })
  const svg = densitySvg(await picturesOf(await openSearched(encode({ ...content, matrices }))), headings)
  const [, first] = /<g class="cells"[^>]*>(.*?)<\/g>/.exec(svg)! // wte: 32 x 8 cells
  const strokes = (name: string) =>
    [...first.matchAll(new RegExp(`<path class="${name}" d="([^"]*)"`, 'g'))].map(([, d]) => d)
  expect(strokes('l6')).toEqual([Array.from({ length: 32 }, (_, row) => `M4 ${row}.5h4`).join('')])
  expect(strokes('m6')).toEqual([Array.from({ length: 32 }, (_, row) => `M0 ${row}.5h4`).join('')])
  expect(first.match(/<path/g)).toHaveLength(2)
})

test('inputs that no unit of a pair sees are grey, and long rows go on in the next', async () => {
  const [picture] = await picturesOf(await open(await exampleTicket()))
  const grey = { ...picture, cells: { down: 1, across: 2, counts: Float64Array.of(0, 4), kept: Float64Array.of(0, 2) } }
  const svg = densitySvg(
    Array.from({ length: 9 }, (_, i) => ({ ...grey, layer: 0, name: `h.0.part-${i}` })),
    headings,
  )
  expect(svg).toContain('<path class="none" d="M0 0.5h1"/>')
  expect(svg.match(/>h\.0</g)).toHaveLength(1)
  const places = [...svg.matchAll(/<g transform="translate\((\d+),(\d+)\)">\n<title>h/g)].map(([, x, y]) => [x, y])
  expect(places).toHaveLength(9)
  expect(places[8][0]).toBe(places[0][0])
  expect(Number(places[8][1])).toBeGreaterThan(Number(places[7][1]))
})
