import { expect, test } from 'vitest'
import { rebuildTicket } from '../../src/engine/rebuild-ticket.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { memorySource } from '../../src/safetensors/index.js'
import { encodeCompact } from '../../src/ticket/compact.js'
import {
  encodeMasks,
  encodeSearchedTicket,
  expectSearched,
  openTicket,
  searchedContent,
} from '../../src/ticket/index.js'
import { dressedContent } from './packed-example.js'
import { runnableConfig } from './searched-example.js'

const plays = dressedContent(runnableConfig, { coats: [0.4] }, { maskName: 'plays', coding: 'range', probe: null })
const lists = dressedContent(
  runnableConfig,
  { inverted: 0.4, rows: 2 },
  { maskName: 'lists', norms: 'gains', coding: 'range', probe: null },
)
const norms = dressedContent(
  runnableConfig,
  { rows: 3, shared: true },
  { maskName: 'norms', norms: 'learned', coding: 'range', probe: null },
)
const { bytes } = encodeMasks([plays, lists, norms], nodeSha256)

const open = async (mask?: string, file = bytes) =>
  expectSearched(await openTicket(memorySource(file, 'x'), nodeSha256, mask === undefined ? {} : { mask }))

test('a file of several masks opens at the first, or at the one that is asked for', async () => {
  expect((await open()).mask).toBe('plays')
  for (const content of [plays, lists, norms]) {
    const ticket = await open(content.maskName)
    expect(ticket.masks).toEqual(['plays', 'lists', 'norms'])
    const alone = expectSearched(
      await openTicket(memorySource(encodeSearchedTicket(content, nodeSha256).bytes, 'x'), nodeSha256),
    )
    expect(ticket.metadata).toEqual(alone.metadata)
    expect(await rebuildTicket(ticket)).toEqual(await rebuildTicket(alone))
    const read = await searchedContent(ticket, () => null)
    expect(read.maskName).toBe(content.maskName)
  }
})

test('it comes back from what is read of it, and gains in float32 are aligned', async () => {
  const contents = await Promise.all(
    ['plays', 'lists', 'norms'].map(async (mask) => searchedContent(await open(mask), () => null)),
  )
  expect(encodeMasks(contents, nodeSha256).bytes).toEqual(bytes)
  const header = new TextDecoder().decode(bytes)
  const at = header.indexOf('"norms.gains":{"dtype":"F32"')
  expect(header.slice(at)).toMatch(/^"norms\.gains":\{"dtype":"F32","shape":\[\d+\],"data_offsets":\[0,/)
})

test('what is not there, and what does not fit into one file, is refused in one line', async () => {
  await expect(open('poems')).rejects.toThrow('x: "mask" expected plays, lists, norms, got "poems"')
  const encoded = (change: object) => () => encodeMasks([plays, { ...lists, ...change }], nodeSha256)
  expect(encoded({ maskName: 'plays' })).toThrow(new RangeError('mask "plays" is used twice'))
  expect(encoded({ maskName: 'a b' })).toThrow(/^"masks.name" expected 1 to 64 letters/)
  expect(encoded({ seed: 1n })).toThrow(
    new RangeError('"seed" of the masks lists expected that of plays: both are in one file'),
  )
  expect(encoded({ matrices: lists.matrices.map((one) => ({ ...one, scores: null })) })).toThrow(
    /^"streams" of the masks/,
  )
  await expect(encodeCompact(await open(), nodeSha256)).rejects.toThrow(
    'x: holds 3 masks (plays, lists, norms): a text has room for one',
  )
})

test('older layouts hold one mask, named default', async () => {
  const old = encodeSearchedTicket(dressedContent(runnableConfig, {}, { layout: 'separate' }), nodeSha256).bytes
  expect((await open('default', old)).masks).toEqual(['default'])
  await expect(open('plays', old)).rejects.toThrow('x: "mask" expected default, got "plays"')
})
