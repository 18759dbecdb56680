import { describe, expect, test } from 'vitest'
import { sentencesOf } from '../../src/cli/inspect-pair.js'
import { compareTickets } from '../../src/inspect/compare-tickets.js'
import { overlapSvg } from '../../src/inspect/overlap-svg.js'
import { countOnes, packBits } from '../../src/mask/index.js'
import type { SearchedContent } from '../../src/ticket/index.js'
import { encode, openSearched, randomContent, runnableConfig } from '../ticket/searched-example.js'

const content = randomContent(runnableConfig)

/** The same content with each matrix changed. */
const change = (
  of: (matrix: SearchedContent['matrices'][number], i: number) => object,
  more: Partial<SearchedContent> = {},
): SearchedContent => ({
  ...content,
  ...more,
  matrices: content.matrices.map((matrix, i) => ({ ...matrix, ...of(matrix, i) })),
})

/** Masks that have lost every second weight. */
const thinned = ({ mask }: { mask: Uint8Array }) => ({ mask: mask.map((byte) => byte & 0b01010101) })

const compare = async (a: SearchedContent, b: SearchedContent) =>
  compareTickets([await openSearched(encode(a)), await openSearched(encode(b))])

test('the same network: what both keep, matrix by matrix, role by role, in all', async () => {
  const report = await compare(content, change(thinned))
  expect(report).toMatchObject({
    network: 'weights',
    seeds: ['18364758544493064720', '18364758544493064720'],
    alone: [[], []],
  })
  expect(report.matrices.map(({ name }) => name)).toEqual(content.matrices.map(({ name }) => name))
  const [wte] = report.matrices
  const kept = countOnes(content.matrices[0].mask)
  const both = countOnes(thinned(content.matrices[0]).mask)
  expect(wte).toMatchObject({ layer: null, role: 'token-embedding', kept: [kept, both], sharing: 'weights' })
  expect(wte.shared).toMatchObject({ both, parts: [both / kept, 1], overlap: both / kept, start: null })
  const queries = report.roles.find(({ role }) => role === 'query')!
  const own = report.matrices.filter(({ role }) => role === 'query')
  expect(queries).toMatchObject({ matrices: 2, weights: [512, 512] })
  expect(queries.shared!.both).toBe(own.reduce((sum, { shared }) => sum + shared!.both, 0))
  expect(report.total.kept[0]).toBe(content.matrices.reduce((sum, { mask }) => sum + countOnes(mask), 0))
  expect(sentencesOf(report)).toEqual([
    'Both are masks on the same random network: seed 18364758544493064720, 14 matrices of 10,496 weights.',
    expect.stringMatching(/^a keeps 49\.\d % of its weights, b keeps 2[45]\.\d %\.$/),
    expect.stringMatching(/^b keeps (49|50)\.\d % of what a keeps; a keeps 100\.0 % of what b keeps\.$/),
    expect.stringMatching(
      /^Their overlap is 0\.\d{3} \(kept by both over kept by either\); chance gives 0\.(19|20)\d at these densities\. The correlation is 0\.5[678]\d\.$/,
    ),
  ])
})

test('searches from the same scores are held against what those give', async () => {
  const scored = change((_, i) => ({ scores: 2 ** 45 + i }), { coding: 'range' })
  const { total, matrices } = await compare(scored, scored)
  expect(total.shared!.start).toBeGreaterThan(total.shared!.chance!)
  expect(total.shared!.beyondStart).toBeCloseTo(1, 12)
  expect(matrices.map(({ shared }) => shared!.beyondStart !== null)).toEqual(
    matrices.map(({ shapes: [[rows, columns]] }) => rows * columns >= 2048),
  )
  const apart = await compare(
    scored,
    change((_, i) => ({ scores: 2 ** 45 + i + 1 }), { coding: 'range' }),
  )
  expect(apart.total.shared!.start).toBeNull()
  expect(sentencesOf(await compare(scored, scored)).at(-1)).toMatch(
    /^Both searches started from the same scores\. Masks that know these alone have an overlap of 0\.\d{3}; the correlation beyond them is 1\.000\.$/,
  )
})

test('signs and coats are told where both tickets have them', async () => {
  const dressed = (bits: number) =>
    change(({ mask }) => ({ inverted: mask.map((byte) => byte & bits), coats: [mask.map((byte) => byte & bits)] }), {
      layout: 'packed',
    })
  const [quarters, halves] = [dressed(0b00110011), dressed(0b01010101)]
  const sentences = sentencesOf(await compare(quarters, halves))
  expect(sentences.slice(-2)).toEqual([
    expect.stringMatching(
      /^Of the weights that both keep (49|50)\.\d % have the same sign in both; chance gives (49|50)\.\d %\.$/,
    ),
    expect.stringMatching(
      /^Of the weights that both keep (49|50)\.\d % have as many coats in both; chance gives (49|50)\.\d %\.$/,
    ),
  ])
  const same = await compare(quarters, quarters)
  expect(same.total.shared).toMatchObject({ signs: { same: 1 }, coats: { same: 1 } })
  expect(same.total.shared!.signs!.chance).toBeLessThan(0.6)
  expect((await compare(content, quarters)).total.shared).toMatchObject({ signs: null, coats: null })
})

describe('networks that are not the same', () => {
  test('another seed: densities alone', async () => {
    const report = await compare(content, { ...change(thinned), seed: 5n })
    expect(report.network).toBe('nothing')
    expect(report.total.shared).toBeNull()
    expect(report.matrices.every(({ shared, sharing }) => shared === null && sharing === 'nothing')).toBe(true)
    expect(report.total.fractions[1]).toBeGreaterThan(0.2)
    const [first, , last] = sentencesOf(report)
    expect(first).toBe(
      'The networks are not the same: a has seed 18364758544493064720, b has seed 5. The masks are not of the same weights, and densities alone are compared.',
    )
    expect(last).toMatch(/^The densities differ most in [\w.]+: \d\d\.\d % and \d\d\.\d %\.$/)
    const same = await compare(content, { ...content, seed: 5n })
    expect(sentencesOf(same).at(-1)).toBe('Every matrix is as dense in one as in the other.')
  })

  test('the same words, distributed otherwise', async () => {
    const scale = ({ name }: { name: string }) =>
      name === 'wpe' ? { init: { kind: 'signed-constant', magnitude: 0.125 } } : {}
    const report = await compare(content, change(scale))
    expect(report.network).toBe('partly')
    expect(report.matrices[1]).toMatchObject({ name: 'wpe', sharing: 'words', shared: { overlap: 1 } })
    expect(sentencesOf(report)[1]).toBe(
      'Of the same random words, but distributed otherwise: wpe. A weight that both keep has two values.',
    )
  })

  test('other streams, other shapes, matrices of one alone', async () => {
    const moved = await compare(
      content,
      change(({ stream }, i) => (i === 3 ? { stream: stream + 100 } : {})),
    )
    expect(moved.matrices.map(({ sharing }) => sharing).indexOf('nothing')).toBe(3)
    expect(sentencesOf(moved)[0]).toMatch(
      /^Both have seed \d+, but share 13 of 14 matrices; what follows on sharing is of these\.$/,
    )
    expect(sentencesOf(moved)[1]).toMatch(/^Of other random words or another shape: h\.0\.attn\.[\w.]+\.$/)
    const shallow = randomContent({ ...runnableConfig, layers: 1, inner: 32 })
    const report = await compare(content, shallow)
    expect(report.alone[0]).toHaveLength(6)
    expect(report.alone[1]).toEqual([])
    expect(report.matrices.find(({ name }) => name === 'h.0.mlp.c_fc')).toMatchObject({
      shapes: [
        [16, 64],
        [16, 32],
      ],
      sharing: 'nothing',
      shared: null,
    })
    expect(sentencesOf(report)).toContain('Only a has h.1.attn.q, h.1.attn.k, h.1.attn.v and 3 more.')
  })
})

test('a small figure of each kind is the committed SVG', async () => {
  const half = change((matrix, i) => ({ scores: 2 ** 45 + i, ...(i % 3 ? {} : thinned(matrix)) }), { coding: 'range' })
  const shared = await compare(
    change((_, i) => ({ scores: 2 ** 45 + i }), { coding: 'range' }),
    half,
  )
  await expect(overlapSvg(shared, ['a', 'b'])).toMatchFileSnapshot('../vectors/figures/small-overlap.svg')
  const apart = await compare(content, { ...change(thinned), seed: 5n })
  await expect(overlapSvg(apart, ['a', 'b'])).toMatchFileSnapshot('../vectors/figures/small-densities-of-two.svg')
  const empty = change((matrix) => ({ mask: packBits(new Array(matrix.mask.length * 8).fill(0)) }))
  expect(sentencesOf(await compare(content, empty)).at(-1)).toBe(
    'One of the masks is empty, or keeps everything: they share nothing that chance would not give.',
  )
})
