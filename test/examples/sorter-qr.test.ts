import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fillSorted, heldOutLists, listCount, type SortTask } from '../../src/data/index.js'
import { generateGreedyBatch } from '../../src/families/generate.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { openTicketModel } from '../../src/jobs/ticket-model.js'
import { decodeCompact, encodeCompact } from '../../src/ticket/compact.js'
import { ticketQr } from '../../src/ticket/ticket-qr.js'
import { readTicketText, ticketLink } from '../../src/ticket/ticket-text.js'
import { modulesOfSvg, rasterise, readQr } from '../ticket/qr-reader.js'
import { openSearched } from '../ticket/searched-example.js'

const example = fileURLToPath(new URL('../../examples/sorter-qr/', import.meta.url))
const read = (name: string) => readFileSync(join(example, name))
const task: SortTask = { name: 'sort', letters: 3, length: 6 }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-sorter-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The text that ZXing reads off a committed SVG. */
async function textOfQr(name: string): Promise<string> {
  const { modules, isBlack } = modulesOfSvg(read(name).toString())
  return (await readQr(rasterise(modules, isBlack))) ?? ''
}

test('from the QR code alone comes the ticket, byte for byte, and it sorts every list', async () => {
  const { bytes } = decodeCompact('sorter.svg', readTicketText('sorter.svg', await textOfQr('sorter.svg')), nodeSha256)
  expect(Buffer.compare(bytes, read('sorter.slt.safetensors'))).toBe(0)
  const path = join(folder, 'from-qr')
  writeFileSync(path, bytes)
  const lists = Array.from({ length: listCount(task) }, (_, i) => {
    const both = new Int32Array(12)
    fillSorted(task, i, both)
    return [...both]
  })
  const { model, ticket, close } = await openTicketModel(path)
  try {
    const answers = await generateGreedyBatch(
      model,
      lists.map((list) => list.slice(0, 6)),
      6,
    )
    const sorted = answers.filter((answer, i) => answer.join() === lists[i].slice(6).join())
    expect(sorted.length).toBe(729)
    expect(heldOutLists(task, ticket.seed, 729).length).toBe(162) // that were never trained on
    expect(ticket.dense.size).toBe(0)
  } finally {
    await close()
  }
})

test('the larger one comes from its QR code too, and sorts at least 990 of 1,000 lists of ten letters that were held out', async () => {
  const text = readTicketText('ten-letters.svg', await textOfQr('ten-letters.svg'))
  const { bytes } = decodeCompact('ten-letters.svg', text, nodeSha256)
  expect(Buffer.compare(bytes, read('ten-letters.slt.safetensors'))).toBe(0)
  const { model, ticket, close } = await openTicketModel(join(example, 'ten-letters.slt.safetensors'))
  try {
    const ten: SortTask = { ...task, letters: 10 }
    const lists = heldOutLists(ten, ticket.seed, 1000).map((index) => {
      const both = new Int32Array(12)
      fillSorted(ten, index, both)
      return [...both]
    })
    const answers = await generateGreedyBatch(
      model,
      lists.map((list) => list.slice(0, 6)),
      6,
    )
    const sorted = answers.filter((answer, i) => answer.join() === lists[i].slice(6).join())
    expect(sorted.length).toBeGreaterThanOrEqual(990)
  } finally {
    await close()
  }
  expect(read('README.md').toString()).toContain(`21,152 weights in ${text.length.toLocaleString('en')} bytes`)
})

test('the committed QR code is what slt export makes of the ticket, and the README says its figures', async () => {
  const ticket = await openSearched(read('sorter.slt.safetensors'))
  const [full, lean] = await Promise.all([false, true].map((lean) => encodeCompact(ticket, nodeSha256, { lean })))
  const { svg, version, text } = ticketQr(full.bytes)
  expect(read('sorter.svg').toString()).toBe(svg)
  expect(await textOfQr('sorter.svg')).toBe(text)
  const readme = read('README.md').toString()
  const facts = [
    `${full.weights.toLocaleString('en')} weights`,
    `${full.bytes.length} bytes`,
    `${full.maskBytes} of them are masks`,
    `version ${version}`,
    `${lean.bytes.length} bytes`,
    `${ticketLink(lean.bytes).length} characters`,
    ticketLink(lean.bytes),
  ]
  for (const fact of facts) expect(readme).toContain(fact)
})

test('a reader in plain Python, written from the specification, finds the same masks and metadata', async () => {
  // test/vectors/compact/generate.py made sorter.json from the ticket's link.
  const vector = JSON.parse(readFileSync(new URL('../vectors/compact/sorter.json', import.meta.url), 'utf8'))
  const ticket = await openSearched(read('sorter.slt.safetensors'))
  const { metadata } = ticket
  expect(vector).toMatchObject({
    coding: ticket.coding,
    norms: metadata.norms,
    tokenizer: metadata.tokenizer,
    seed: metadata.seed,
    search: metadata.search,
    probe: metadata.probe,
    checksum: ticket.sha256.slice(0, 8),
    ...metadata.config,
  })
  for (const [i, { name, shape, stream, init, kept }] of metadata.matrices.entries()) {
    const { mask } = await ticket.readMask(name)
    const hash = nodeSha256()
    hash.update(mask)
    const [kind, scale] = Object.values(init)
    const expected = { shape, stream, init: [kind, scale], kept, scores: null, generations: 0, mask: hash.digest() }
    expect(vector.matrices[i], name).toEqual(expected)
  }
})

test('check.mjs sorts every list, and says how it is used', () => {
  const check = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(example, 'check.mjs'), ...args], {
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  const small = join(example, 'sorter.slt.safetensors')
  expect(check(small, '3', '6')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^729 of 729 lists sorted; of the 162 held out, 162\n/),
    stderr: '',
  })
  const usage = 'usage: node examples/sorter-qr/check.mjs <ticket> <letters> <length>\n'
  for (const args of [[], [small], [small, '3']]) {
    expect(check(...args)).toEqual({ status: 2, stdout: '', stderr: usage })
  }
  expect(check(small, '3', '6x')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^"length" expected .*\n$/),
  })
  expect(check(small, '10', '6')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^[^\n]*10 letters[^\n]*\n$/),
  })
  // The README's commands are these.
  const page = read('README.md').toString()
  expect(page).toContain('node examples/sorter-qr/check.mjs examples/sorter-qr/ten-letters.slt.safetensors 10 6\n')
})
