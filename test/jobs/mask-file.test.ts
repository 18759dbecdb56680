import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { inspectFile } from '../../src/jobs/inspect.js'
import { addMask, hashOfMask, readMasks } from '../../src/jobs/mask-file.js'
import { openModelSource } from '../../src/jobs/model-source.js'
import { type SearchRequest, search } from '../../src/jobs/search.js'
import { evaluateTicket } from '../../src/jobs/searched-eval.js'
import { writeSearchedTicket } from '../../src/jobs/searched-ticket.js'
import { linkTicket } from '../../src/jobs/ticket-text.js'
import { smallRun, writeText } from '../search/small-run.js'
import { randomContent, runnableConfig } from '../ticket/searched-example.js'

let folder: string
let numbers: string
/** A ticket with the mask `words`; each test adds to a copy. */
let base: string
const at = (name: string) => join(folder, `${name}.slt.safetensors`)
const few = { steps: 8, batch: 4 } as const

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-masks-'))
  writeText(folder)
  numbers = join(folder, 'some numbers.txt')
  writeFileSync(numbers, Array.from({ length: 3000 }, (_, i) => `${(i * 7919) % 541} `).join(''))
  base = at('base')
  const small = { model: 'micro', layers: 1, width: '16', heads: 2, context: 16, seed: 3n } as const
  await search(smallRun(folder, { choice: { ...small, ...few }, out: base, mask: 'words' }))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A copy of the ticket. */
function copied(name: string): string {
  copyFileSync(base, at(name))
  return at(name)
}

/** Adds a search on the numbers to a ticket. */
const into = (ticket: string, changes: Partial<SearchRequest> = {}) =>
  search(smallRun(folder, { choice: few, data: numbers, into: ticket, out: undefined, ...changes }))

const hashes = async (ticket: string) =>
  Object.fromEntries((await readMasks(ticket)).map((content) => [content.maskName, hashOfMask(content)]))

test('a search adds its mask to a file, under the name of its text; what was there stays', async () => {
  const ticket = copied('two')
  const before = await hashes(ticket)
  expect(Object.keys(before)).toEqual(['words'])
  const report = await into(ticket)
  expect(report).toMatchObject({ out: ticket, mask: 'some-numbers', run: `${ticket}.some-numbers.run` })
  const after = await hashes(ticket)
  expect(Object.keys(after)).toEqual(['words', 'some-numbers'])
  expect(after.words).toBe(before.words)
  const evaluation = { ticket, data: numbers, part: 'valid', device: 'cpu', threads: 1 } as const
  expect((await evaluateTicket({ ...evaluation, mask: 'some-numbers' })).loss).toBeCloseTo(report.validLoss, 5)
  expect((await evaluateTicket(evaluation)).loss).toBeGreaterThan(report.validLoss + 0.1)
  const { masks, mask, size } = await inspectFile(ticket, { mask: 'some-numbers' })
  expect(mask).toBe('some-numbers')
  expect(masks.map(({ name, search: own }) => [name, own!.corpus.name])).toEqual([
    ['words', 'words.txt'],
    ['some-numbers', 'some numbers.txt'],
  ])
  expect(size.others - masks[0].bytes).toBeGreaterThan(0) // its index, and its part of the metadata
  expect(size.others - masks[0].bytes).toBeLessThan(100)
  expect(size.masks).toBe(masks[1].bytes)
  expect(size.header + size.masks + size.others).toBe(readFileSync(ticket).length)
  // A link has the one mask that is asked for.
  const one = await linkTicket(ticket, { mask: 'words' })
  expect((await linkTicket(base, {})).link).toBe(one.link)
})

test('a mask of the same name stays without --force, which replaces that mask alone', async () => {
  const ticket = copied('forced')
  await into(ticket, { mask: 'numbers' })
  const before = await hashes(ticket)
  const again = { mask: 'numbers', run: join(folder, 'again.run'), choice: { ...few, dataSeed: 7n } }
  await expect(into(ticket, again)).rejects.toThrow(
    `${ticket}: holds a mask numbers already (--force replaces it, --mask names another)`,
  )
  await expect(into(ticket, { mask: 'numbers' })).rejects.toThrow(/numbers\.run: this run is finished, its result is /)
  expect(await hashes(ticket)).toEqual(before)
  await into(ticket, { ...again, force: true })
  const after = await hashes(ticket)
  expect(after.words).toBe(before.words)
  expect(after.numbers).not.toBe(before.numbers)
  expect(Object.keys(after)).toEqual(['words', 'numbers'])
})

test('masks that others add meanwhile stay, and one of the same name is not replaced', async () => {
  const ticket = copied('meanwhile')
  const [words] = await readMasks(base)
  let isAdded = false
  const onStep = async () => {
    if (isAdded) return
    isAdded = true
    adding = addMask(ticket, { ...words, maskName: 'third' }, []).then(() =>
      addMask(ticket, { ...words, maskName: 'numbers' }, []),
    )
  }
  let adding: Promise<unknown> = Promise.resolve()
  const onCheckpoint = async () => void (await adding) // of step 5
  await expect(into(ticket, { mask: 'numbers', onStep, onCheckpoint })).rejects.toThrow(
    /meanwhile\.slt\.safetensors: has another mask numbers by now, which stays; --resume .*numbers\.run goes on/,
  )
  const before = await hashes(ticket)
  expect(Object.keys(before)).toEqual(['words', 'third', 'numbers'])
  const resume = { kind: 'search', choice: {}, resume: `${ticket}.numbers.run`, device: 'cpu', threads: 1 } as const
  await expect(search(resume)).rejects.toThrow(/holds a mask numbers already/)
  await search({ ...resume, mask: 'fourth' })
  const after = await hashes(ticket)
  expect(Object.keys(after)).toEqual(['words', 'third', 'numbers', 'fourth'])
  expect(after).toMatchObject(before)
})

test('interrupted and resumed, the file is the same, byte for byte; a finished run writes it again', async () => {
  const [whole, parts] = [copied('whole'), copied('parts')]
  await into(whole, { mask: 'numbers' })
  const controller = new AbortController()
  const onStep = ({ step }: { step: number }) => step === 3 && controller.abort(new Error('interrupted'))
  await expect(into(parts, { mask: 'numbers', signal: controller.signal, onStep })).rejects.toThrow('interrupted')
  expect(Object.keys(await hashes(parts))).toEqual(['words'])
  const resume = { kind: 'search', choice: {}, resume: `${parts}.numbers.run`, device: 'cpu', threads: 1 } as const
  await search({ ...resume, on: parts })
  expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true)
  await search(resume)
  expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true)
})

test('a ticket of an older layout, and one whose scores are unknown, get a mask too', async () => {
  const write = (name: string, change: object) => {
    const content = { ...randomContent(runnableConfig), coding: 'range', layout: 'packed', ...change } as const
    return writeSearchedTicket(at(name), content, [1, 2], createGraphRunner({ threads: 1 }))
  }
  await write('old', { layout: 'separate' })
  await write('unknown', {})
  for (const name of ['old', 'unknown']) {
    const before = await hashes(at(name))
    const notes: string[] = []
    await into(at(name), { mask: 'numbers', onNote: (line) => notes.push(line) })
    expect(await hashes(at(name))).toMatchObject(before)
    const older = `${at(name)}: is of an older format, and will be of version 4, as files of several masks are`
    expect(notes.includes(older)).toBe(name === 'old')
    const [first, added] = await readMasks(at(name))
    expect(added.matrices.map(({ scores }) => scores)).toEqual(first.matrices.map(({ scores }) => scores))
    // The run knows its mask again, however the file stores it.
    const resume = `${at(name)}.numbers.run`
    await search({ kind: 'search', choice: {}, resume, device: 'cpu', threads: 1 })
  }
})

test.each<[string, Partial<SearchRequest>, string | RegExp]>([
  [
    'out beside into',
    { out: 'x.slt.safetensors' },
    /^"out" expected nothing beside --into .*, got x\.slt\.safetensors$/,
  ],
  [
    'a name that is none',
    { mask: 'a b' },
    '"mask" expected 1 to 64 letters, digits, dots, dashes or underscores, got "a b"',
  ],
  ['another coding', { coding: 'bits' }, /^"coding" expected range, as the masks of .*refused.* are stored, got bits$/],
  [
    'another seed',
    { choice: { ...few, seed: 9n } },
    /^"seed" expected 3, as the network of refused\.slt\.safetensors has it, got 9$/,
  ],
  ['a training', { kind: 'train' }, /^"on" expected a search, which has a mask, got slt train$/],
])('%s is refused before work starts', async (_, change, message) => {
  const ticket = copied('refused')
  await expect(into(ticket, change)).rejects.toThrow(message)
  expect(readFileSync(ticket).equals(readFileSync(base))).toBe(true)
})

test('a file of another network is refused, and so is a name beside what has none', async () => {
  const content = randomContent(runnableConfig)
  await writeSearchedTicket(at('other'), content, [1, 2], createGraphRunner({ threads: 1 }))
  await expect(into(at('other'), { on: base })).rejects.toThrow(
    /^"into" expected a ticket of the same random network, got .*other\.slt\.safetensors: seed is 18364758544493064720 there, 3 here/,
  )
  const nameless = join(folder, '$$.txt')
  copyFileSync(numbers, nameless)
  await expect(into(copied('nameless'), { data: nameless })).rejects.toThrow(
    '"mask" expected a name beside --into: $$.txt gives none, got nothing',
  )
  await expect(search(smallRun(folder, { kind: 'train', mask: 'x' }))).rejects.toThrow(
    '"mask" expected a search, which has a mask, got slt train',
  )
  await expect(openModelSource('data/gpt-nano-sort', { mask: 'x' })).rejects.toThrow(
    '"mask" expected a ticket that holds it, got x for data/gpt-nano-sort, which is none',
  )
  await expect(openModelSource(base, { mask: 'x' })).rejects.toThrow(`${base}: "mask" expected words, got "x"`)
})
