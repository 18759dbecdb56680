import { expect, test } from 'vitest'
import { fillWords } from '../../src/random/index.js'
import { qrCapacity, ticketQr } from '../../src/ticket/ticket-qr.js'
import { readTicketText } from '../../src/ticket/ticket-text.js'
import { modulesOfSvg, rasterise, readQr } from './qr-reader.js'

const page = 'https://example.org/slt/'

/** So many bytes, the first of them 1 and the others as random as they come. */
function bytesOf(count: number): Uint8Array {
  const words = new Uint32Array(count)
  fillWords(1, 0, 0, words)
  return Uint8Array.from(words, (word, i) => (i === 0 ? 1 : word >>> 24))
}

test.each([
  [1, ''],
  [12, page],
  [500, ''],
  [1500, page],
  [2944, ''],
  [qrCapacity(page), page],
])('%i bytes come back from the QR code by another reader, page "%s"', async (count, address) => {
  const bytes = bytesOf(count)
  const { modules, isBlack, text } = ticketQr(bytes, address)
  const read = await readQr(rasterise(modules, isBlack))
  expect(read).toBe(text)
  expect(text.startsWith(address)).toBe(true)
  expect(readTicketText('x', read ?? '')).toEqual(bytes)
})

test('the SVG file shows these modules and a white border of four', () => {
  const { svg, modules, isBlack } = ticketQr(bytesOf(200), page)
  expect(svg.startsWith('<?xml version="1.0"')).toBe(true)
  expect(svg).toContain('fill="#fff"')
  const drawn = modulesOfSvg(svg)
  expect(drawn.modules).toBe(modules)
  for (let y = 0; y < modules; y++) {
    for (let x = 0; x < modules; x++) expect(drawn.isBlack(x, y)).toBe(isBlack(x, y))
  }
})

test('the largest code holds 2,944 bytes of the greatest value; one more is refused', () => {
  const most = new Uint8Array(2944).fill(255).with(0, 1)
  expect(qrCapacity()).toBe(2944)
  expect(ticketQr(most).version).toBe(40)
  expect(() => ticketQr(bytesOf(2945))).toThrow('a QR code expected at most 2944 bytes, got 2945')
  const beside = qrCapacity(page)
  expect(ticketQr(new Uint8Array(beside).fill(255).with(0, 1), page).version).toBe(40)
  expect(() => ticketQr(bytesOf(beside + 1), page)).toThrow(
    `at most ${beside} bytes beside the page, got ${beside + 1}`,
  )
})
