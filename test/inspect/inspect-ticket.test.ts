import { describe, expect, test } from 'vitest'
import { factsTable } from '../../src/cli/inspect-tables.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { bitEntropy, inspectTicket, type MaskPicture, type MatrixReport } from '../../src/inspect/index.js'
import { storedBytes } from '../../src/inspect/stored-bytes.js'
import { countOnes } from '../../src/mask/index.js'
import { memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { encodeMasks, openTicket, type Ticket } from '../../src/ticket/index.js'
import { exampleTicket, open } from '../ticket/example.js'
import { dressedContent } from '../ticket/packed-example.js'
import { encode, openSearched, randomContent, runnableConfig, smallConfig } from '../ticket/searched-example.js'

const searchedBytes = encode(randomContent(runnableConfig, { norms: 'learned', redrawn: 3 }))
const searched = async () => ({ bytes: searchedBytes, ticket: (await openSearched(searchedBytes)) as Ticket })
const rangeBytes = encode({ ...randomContent(runnableConfig), coding: 'range' })
const coded = async () => ({ bytes: rangeBytes, ticket: (await openSearched(rangeBytes)) as Ticket })
const pruned = async () => {
  const bytes = await exampleTicket()
  return { bytes, ticket: await open(bytes) }
}
const named = (matrices: readonly MatrixReport[], name: string) => matrices.find((matrix) => matrix.name === name)!

describe.each([
  ['searched, with generations and learned norms', searched],
  ['searched, with range codes', coded],
  ['pruned', pruned],
])('a ticket that is %s', (_, make) => {
  test('stored bytes are those of the tensors in the file', async () => {
    const { bytes, ticket } = await make()
    const { tensors } = await openSafetensors(memorySource(bytes, 'x'))
    expect(tensors.size).toBeGreaterThan(4)
    for (const [name, { byteLength }] of tensors) expect([name, storedBytes(ticket, name)]).toEqual([name, byteLength])
    expect(() => storedBytes(ticket, 'none')).toThrow('"tensor" expected one of x, got "none"')
  })

  test('the parts make up the file', async () => {
    const { bytes, ticket } = await make()
    const { size } = await inspectTicket(ticket)
    const { dataOffset } = await openSafetensors(memorySource(bytes, 'x'))
    expect(size.bytes).toBe(bytes.length)
    expect(size.header).toBe(dataOffset)
    expect(size.header + size.masks + size.further + size.dense).toBe(bytes.length)
  })
})

test('the report of a searched ticket', async () => {
  const { ticket } = await searched()
  const { matrices, layers, total, size, compared } = await inspectTicket(ticket)
  expect(matrices.map(({ name }) => name)).toEqual(ticket.kind === 'searched' ? [...ticket.matrices.keys()] : undefined)
  const fc = named(matrices, 'h.1.mlp.c_fc')
  expect(fc).toMatchObject({
    layer: 1,
    rows: 16,
    columns: 64,
    weights: 1024,
    maskBytes: 128,
    generations: 3,
    pair: null,
  })
  expect(fc.furtherBytes).toBe(Math.ceil((2 * fc.kept) / 8)) // generations 0 to 3: two bits each
  expect(fc.bitsPerWeight).toBe((8 * (128 + fc.furtherBytes)) / 1024)
  expect(fc.entropy).toBe(bitEntropy(fc.kept / 1024))
  expect([fc.rowSpread.lines, fc.columnSpread.lines]).toEqual([16, 64])
  const { weights, kept } = layers[1]
  expect(layers.map(({ layer }) => layer)).toEqual([0, 1])
  expect(weights).toBe(4 * 16 * 16 + 2 * 16 * 64)
  expect(kept).toBe(matrices.filter(({ layer }) => layer === 1).reduce((sum, one) => sum + one.kept, 0))
  const norms = 5 * 2 * 16
  expect(total.weights).toBe(2 * weights + (256 + 16) * 16)
  expect(size.parameters).toBe(total.weights + norms)
  expect(compared[0]).toMatchObject({ name: 'float32', bytes: 4 * size.parameters })
  expect(compared[0].ratio).toBe((4 * size.parameters) / size.bytes)
})

test('of coded masks the bytes are those of the codes', async () => {
  const { ticket } = await coded()
  const { matrices, coding } = await inspectTicket(ticket)
  expect(coding).toBe('range')
  const wte = named(matrices, 'wte')
  expect(wte.maskBytes).toBe(ticket.storedBytes.get('wte.mask'))
  expect(wte.maskBytes).not.toBe(512) // plain bits
  expect(wte.bitsPerWeight).toBe((8 * wte.maskBytes) / 4096)
})

test('the report of a pruned ticket: weights are those of the target, entropy counts the coordinates', async () => {
  const { ticket } = await pruned()
  const { matrices, total, layers, norms, construction } = await inspectTicket(ticket)
  expect(named(matrices, 'a.qk')).toMatchObject({
    layer: null,
    rows: 6,
    columns: 3,
    weights: 9,
    kept: 9,
    maskBytes: 3,
    furtherBytes: 12,
    pair: { inputs: 3, units: 6, keptUnits: 5, randomWeights: 36 },
  })
  // rows 101 100 100 100 110 110; coordinates 0 1 2 0 1 dropped
  const coordinateBits = 4 * Math.log2(6 / 2) - 2 * Math.log2(1 / 6) - 4 * Math.log2(6 / 2) + 4 * Math.log2(3)
  expect(named(matrices, 'a.qk').entropy).toBeCloseTo((18 + coordinateBits) / 9, 12)
  expect(total).toMatchObject({ weights: 11, maskBits: 23, kept: 12 })
  expect([layers, norms]).toEqual([[], null])
  expect(construction?.items).toBe(2)
})

test('pictures are laid out by the input of a pair, and by the rows of a searched matrix', async () => {
  const pictures: MaskPicture[] = []
  await inspectTicket((await pruned()).ticket, { onPicture: (picture) => pictures.push(picture) })
  const [a, b] = pictures
  expect(a).toMatchObject({ name: 'a.qk', rows: 3, columns: 3, rowsAre: 'units' })
  expect([...a.cells.counts]).toEqual([2, 2, 2, 2, 2, 2, 1, 1, 1]) // units 0, 3; 1, 4; 2
  expect([...a.cells.kept]).toEqual([2, 0, 1, 2, 1, 0, 1, 0, 0])
  expect([...b.rowProfile.counts]).toEqual([2, 3])
  expect([...b.rowProfile.kept]).toEqual([1, 2])
  const found: MaskPicture[] = []
  await inspectTicket((await searched()).ticket, { onPicture: (picture) => found.push(picture) })
  expect(found[0]).toMatchObject({ name: 'wte', rows: 256, columns: 16, rowsAre: 'rows' })
  expect(found[0].cells).toMatchObject({ down: 32, across: 8 })
  expect(found[0].rowProfile).toMatchObject({ down: 64, across: 1 })
})

test('it stops between two masks when it is told to', async () => {
  const controller = new AbortController()
  const seen: string[] = []
  const onProgress = (_: number, __: number, name: string) => {
    seen.push(name)
    if (name === 'wpe') controller.abort(new Error('enough'))
  }
  await expect(inspectTicket((await searched()).ticket, { signal: controller.signal, onProgress })).rejects.toThrow(
    'enough',
  )
  expect(seen).toEqual(['wte', 'wpe'])
})

test('tokens that share a row are told', async () => {
  const untied = { ...runnableConfig, tiedHead: false, vocabulary: 300 }
  const report = await inspectTicket(await openSearched(encode(dressedContent(untied, { rows: 4, shared: true }))))
  expect(report.sharedRow).toEqual({ token: 1, tokens: 225 })
  expect(named(report.matrices, 'lm_head').usedRows).toBe(75) // with row 1, and without row 0, which keeps nothing
  expect(factsTable(report)).toContain('rows       225 of 300 tokens share one, that of token 1\n')
  const { size } = report
  expect(size.header + size.masks + size.further + size.dense).toBe(size.bytes)
  expect((await inspectTicket((await coded()).ticket)).sharedRow).toBeNull()
})

test('what weights wear is told, and the parts of a file of several masks make it up', async () => {
  const coated = dressedContent(smallConfig, { coats: [0.5], scale: 0.5, rows: 2 }, { maskName: 'a' })
  const signed = dressedContent(smallConfig, { inverted: 0.5 }, { maskName: 'b', norms: 'gains' })
  const { bytes } = encodeMasks([coated, signed], nodeSha256)
  const openMask = (mask: string) => openTicket(memorySource(bytes, 'x'), nodeSha256, { mask })
  const [a, b] = [await inspectTicket(await openMask('a')), await inspectTicket(await openMask('b'))]
  expect([a.mask, b.mask]).toEqual(['a', 'b'])
  const ones = (mask: Uint8Array | undefined) => countOnes(mask!)
  expect(a.matrices[0]).toMatchObject({ coats: [ones(coated.matrices[0].coats![0])], inverted: 0, scale: 0.5 })
  expect(b.matrices[0]).toMatchObject({ coats: [], inverted: ones(signed.matrices[0].inverted), scale: 1 })
  for (const { size } of [a, b]) {
    expect(size.header + size.masks + size.further + size.dense + size.others).toBe(bytes.length)
    expect(size.others).toBeGreaterThan(0)
  }
  expect(a.size.header).toBeLessThan(2200)
})
