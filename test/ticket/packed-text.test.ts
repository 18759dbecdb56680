import { describe, expect, test } from 'vitest'
import { nodeSha256 } from '../../src/files/sha256.js'
import { decodeCompact, encodeCompact } from '../../src/ticket/compact.js'
import { readTicketText, ticketLink } from '../../src/ticket/ticket-text.js'
import { dressedContent } from './packed-example.js'
import { encode, openSearched, randomContent, runnableConfig, smallConfig } from './searched-example.js'

const compact = async (bytes: Uint8Array) => (await encodeCompact(await openSearched(bytes), nodeSha256)).bytes

const llama = {
  ...{ family: 'llama', layers: 1, width: 8, heads: 2, keyHeads: 1, headWidth: 4, inner: 6, positions: 8 },
  ...{ vocabulary: 40, activation: 'silu', normEpsilon: 1e-5, ropeTheta: 10000, inputBias: false },
  ...{ outputBias: false, feedForwardBias: false, tiedHead: true },
} as const

describe.each([smallConfig, { ...runnableConfig, vocabulary: 300 }, llama])('width $width', (config) => {
  test.each([
    ['a mask alone', {}, {}],
    ['learned norms and generations', {}, { norms: 'learned', redrawn: 3 }],
    ['coats', { coats: [0.5, 0.5] }, {}],
    ['inverted weights', { inverted: 0.4 }, {}],
    ['scales', { scale: 0.37 }, {}],
    ['unused rows', { rows: 4 }, {}],
    ['a shared row', { rows: 4, shared: true }, {}],
    ['a name', {}, { maskName: 'plays' }],
    [
      'all of it',
      { coats: [0.5, 0.3], inverted: 0.4, scale: 1.3, rows: 3, shared: true },
      { norms: 'gains', redrawn: 3, maskName: 'plays' },
    ],
  ] as const)('a link of a packed ticket gives its file back: %s', async (_, wardrobe, change) => {
    for (const coding of ['bits', 'range'] as const) {
      const file = encode(dressedContent(config, wardrobe, { probe: null, ...change, coding }))
      const link = ticketLink(await compact(file))
      expect(decodeCompact('x', readTicketText('x', link), nodeSha256).bytes).toEqual(file)
    }
  })

  test('a link is no longer than that of the same masks in the layout of older versions', async () => {
    const content = { ...randomContent(config), coding: 'range' } as const
    const [packed, separate] = [{ ...content, layout: 'packed' } as const, content].map(encode)
    expect((await compact(packed)).length).toBeLessThanOrEqual((await compact(separate)).length)
  })
})
